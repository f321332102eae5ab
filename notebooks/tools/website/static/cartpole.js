// CartPole-v1 as Gymnasium computes it, and what a learned policy does with it.

const GRAVITY = 9.8, CART = 1.0, POLE = 0.1, HALF_LENGTH = 0.5, FORCE = 10.0, SECONDS = 0.02;
const EDGE = 2.4, LEAN = (12 * 2 * Math.PI) / 360; // beyond these an episode ends

// A state is [position, velocity, angle, angular velocity]; the action is 0 (left) or 1 (right).
function stepCartPole([x, speed, angle, turn], action) {
  const force = action === 1 ? FORCE : -FORCE;
  const cos = Math.cos(angle), sin = Math.sin(angle);
  const moment = POLE * HALF_LENGTH, mass = CART + POLE;
  const push = (force + moment * turn ** 2 * sin) / mass;
  const turning = (GRAVITY * sin - cos * push)
    / (HALF_LENGTH * (4 / 3 - (POLE * cos ** 2) / mass));
  const moving = push - (moment * turning * cos) / mass;
  return [
    x + SECONDS * speed, speed + SECONDS * moving,
    angle + SECONDS * turn, turn + SECONDS * turning,
  ];
}

function hasFallen([x, , angle]) {
  return Math.abs(x) > EDGE || Math.abs(angle) > LEAN;
}

// What a network with one layer of tanh units prefers: its weights row by row, biases after each.
function greedyAction(weights, state) {
  const units = (weights.length - 2) / 7; // 4 weights in, 1 bias and 2 weights out for each unit
  let [left, right] = weights.slice(-2);
  for (let k = 0; k < units; k++) {
    let sum = weights[4 * units + k];
    for (let j = 0; j < 4; j++) sum += weights[4 * k + j] * state[j];
    const out = Math.tanh(sum);
    left += weights[5 * units + k] * out;
    right += weights[6 * units + k] * out;
  }
  return right > left ? 1 : 0;
}
