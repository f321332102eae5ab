// A cart that learned policies push: the reader chooses the bound and the update, and may push too.

const runs = trpoRuns; // by bound: weights, returns and KLs after each update
const SHOVE = 0.7; // metres per second that a reader's push adds
const LONGEST = 500; // steps of an episode
const NEW_EPISODE = 1000; // milliseconds after a fall

function build(tag, attributes, ...children) {
  const xml = ["svg", "path", "circle", "line", "text"].includes(tag) && "http://www.w3.org/2000/svg";
  const made = xml ? document.createElementNS(xml, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// A curve over the updates, and a dot where the reader is.
function makeCurve(title, values, format, limit) {
  const [width, height, left, top, bottom] = [320, 150, 46, 22, 22];
  const highest = Math.max(...values, limit);
  const x = (k) => left + ((width - left - 12) * k) / (values.length - 1);
  const y = (value) => height - bottom - ((height - top - bottom) * value) / highest;
  const points = values.map((value, k) => `${x(k)},${y(value)}`);
  const dot = build("circle", { r: 5, class: "dot" });
  const words = (text, x, y, anchor) => build("text", { x, y, "text-anchor": anchor }, text);
  const picture = build("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title },
    words(title, left, 14, "start"),
    words(format(highest), left - 6, y(highest) + 4, "end"), words("0", left - 6, y(0) + 4, "end"),
    words("0", x(0), height - 6, "middle"),
    words(`${values.length - 1} updates`, width - 4, height - 6, "end"),
    build("line", { x1: left, x2: width - 12, y1: y(limit), y2: y(limit), class: "limit" }),
    build("path", { d: `M${points.join("L")}`, class: "curve" }), dot);
  const mark = (k) => {
    dot.setAttribute("cx", x(k));
    dot.setAttribute("cy", y(values[k]));
  };
  return { picture, mark };
}

function makeRange(label, last, start, say, act) {
  const track = build("input", { type: "range", min: 0, max: last, value: start });
  const said = build("output", {});
  const move = () => { said.textContent = say(track.valueAsNumber); act(track.valueAsNumber); };
  track.addEventListener("input", move);
  track.setAttribute("aria-label", label);
  return { row: build("label", {}, build("span", {}, label), track, said), move, track };
}

function drawCart(canvas, [x, , angle]) {
  const context = canvas.getContext("2d"), { width, height } = canvas;
  const unit = width / 5.4, floor = height * 0.82, middle = width / 2 + x * unit;
  const color = getComputedStyle(canvas).color;
  context.clearRect(0, 0, width, height);
  context.strokeStyle = context.fillStyle = color;
  context.lineWidth = unit / 50;
  context.strokeRect(width / 2 - 2.4 * unit, floor, 4.8 * unit, 0);
  context.fillRect(middle - unit / 4, floor - unit / 6, unit / 2, unit / 6);
  context.strokeStyle = "#c57b3c";
  context.lineWidth = unit / 10;
  context.lineCap = "round";
  context.beginPath();
  context.moveTo(middle, floor - unit / 6);
  context.lineTo(middle + unit * Math.sin(angle), floor - unit / 6 - unit * Math.cos(angle));
  context.stroke();
}

function makeStage(place) {
  const canvas = build("canvas", { width: 1080, height: 480, tabindex: 0, role: "img" });
  canvas.setAttribute("aria-label", "A cart with a pole. Arrow keys push it to the left or right.");
  const line = build("p", { role: "status" }), curves = build("div", { class: "trpo-curves" });
  let state, steps, ended = 0, run, weights, playing = !matchMedia("(prefers-reduced-motion)").matches;

  const begin = () => {
    state = Array.from({ length: 4 }, () => 0.1 * Math.random() - 0.05);
    steps = ended = 0;
  };
  const push = (way) => { state[1] += way * SHOVE; };
  const describe = () => {
    const k = updates.track.valueAsNumber;
    const who = k ? `δ = ${run.bound}, after ${k} updates` : "The untrained policy";
    const kl = k ? ` This update's KL: ${run.kls[k].toPrecision(2)} nats.` : "";
    line.textContent = `${who}: ${run.returns[k].toFixed(0)} steps in the mean of 100 tests.${kl}`;
  };
  const choose = (k) => {
    weights = run.weights[k];
    run.curves.forEach(({ mark }) => mark(k));
    describe();
  };
  for (const one of runs)
    one.curves = [
      makeCurve("steps in 100 fresh tests, mean", one.returns, (v) => v.toFixed(0), LONGEST),
      makeCurve("KL of each update (nats)", one.kls, (v) => v.toPrecision(1), one.bound),
    ];
  const updates = makeRange("updates made", runs[0].weights.length - 1, 0, String, choose);
  const bounds = makeRange("KL bound δ (nats)", runs.length - 1, 2, (k) => runs[k].bound, (k) => {
    run = runs[k];
    curves.replaceChildren(...run.curves.map(({ picture }) => picture));
    updates.move();
  });
  const makeButton = (text, act) => {
    const button = build("button", { type: "button" }, text);
    button.addEventListener("click", () => act(button));
    return button;
  };
  const play = makeButton(playing ? "Pause" : "Play", (button) => {
    playing = !playing;
    button.textContent = playing ? "Pause" : "Play";
  });
  canvas.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!way) return;
    event.preventDefault();
    push(way);
  });
  canvas.addEventListener("pointerdown", (event) => {
    const box = canvas.getBoundingClientRect();
    const cart = box.left + box.width * (0.5 + state[0] / 5.4);
    push(event.clientX < cart ? 1 : -1); // a hand pushes away from itself
  });

  let last = 0;
  const frame = (now) => {
    requestAnimationFrame(frame);
    if (playing && !ended && now - last >= 20) {
      last = now - last > 200 ? now : last + 20;
      state = stepCartPole(state, greedyAction(weights, state));
      steps += 1;
      if (hasFallen(state)) ended = now;
    }
    if (playing && ended && now - ended > NEW_EPISODE) begin();
    drawCart(canvas, state);
    counter.textContent = `${steps} steps${ended ? ", and it fell" : ""}`;
  };
  const counter = build("span", { class: "trpo-counter" });
  const buttons = [play, makeButton("← Push", () => push(-1)), makeButton("Push →", () => push(1)),
    makeButton("New episode", begin)];
  place.replaceChildren(canvas, build("div", { class: "trpo-buttons" }, ...buttons, counter),
    bounds.row, updates.row, line, curves);
  begin();
  bounds.move();
  requestAnimationFrame(frame);
  globalThis.trpoStage = { get state() { return state; }, set state(value) { state = value; } };
}

for (const place of document.querySelectorAll(".trpo-cartpole")) makeStage(place);
