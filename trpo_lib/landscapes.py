"""Functions of two parameters that one can see, and two ways to climb them.

A point θ is ``[..., 2]``. Everything here is float64 NumPy; gradients ascend.
"""

from dataclasses import dataclass

import numpy as np

from trpo_lib._checks import as_finite, as_numbers, require_count, require_inside


@dataclass(frozen=True)
class CliffRidge:
    """A curved ridge that rises to one summit, with a cliff along its outer side.

    With u = θ₂ − bend · θ₁², the offset from the ridge line, the height is

        f(θ) = peak · σ((u + edge) / width) / (1 + along · (θ₁ − summit)² + across · u²),

    σ the logistic function. The quotient is the ridge; σ is 1 on it and falls to 0 where u < −edge:
    beyond the cliff lies a plain of height 0 with almost no slope. Heights lie in (0, peak].
    """

    peak: float = 10.0
    summit: float = 2.0  # the θ₁ of the highest point of the ridge
    along: float = 0.25  # how fast the ridge falls, away from the summit
    across: float = 1.0  # how fast it falls to its sides
    bend: float = 0.3
    edge: float = 0.5  # the offset at which the cliff lies
    width: float = 0.05  # of the cliff

    def __post_init__(self):
        require_inside(0, np.inf, peak=self.peak, along=self.along, across=self.across)
        require_inside(0, np.inf, width=self.width)
        require_inside(-np.inf, np.inf, summit=self.summit, bend=self.bend, edge=self.edge)

    def height(self, theta: np.ndarray) -> np.ndarray:
        """f(θ): ``[..., 2]`` -> ``[...]``."""
        return self._derivatives(theta)[0]

    def gradient(self, theta: np.ndarray) -> np.ndarray:
        """∇f(θ), exact: ``[..., 2]`` -> ``[..., 2]``."""
        x, _ = _coordinates(theta)
        _, (by_x, by_u), _ = self._derivatives(theta)
        return np.stack([by_x - 2 * self.bend * x * by_u, by_u], axis=-1)

    def hessian(self, theta: np.ndarray) -> np.ndarray:
        """∇²f(θ), exact: ``[..., 2]`` -> ``[..., 2, 2]``."""
        x, _ = _coordinates(theta)
        _, (_, by_u), (xx, xu, uu) = self._derivatives(theta)
        slope = -2 * self.bend * x  # ∂u/∂θ₁
        first = xx + 2 * slope * xu + slope**2 * uu - 2 * self.bend * by_u
        mixed = xu + slope * uu
        return np.stack([np.stack([first, mixed], -1), np.stack([mixed, uu], -1)], -1)

    def _derivatives(self, theta: np.ndarray) -> tuple:
        """Height, first and second derivatives with respect to θ₁ and the offset u."""
        x, y = _coordinates(theta)
        u = y - self.bend * x**2
        s = (1 + np.tanh((u + self.edge) / (2 * self.width))) / 2
        s_u = s * (1 - s) / self.width
        s_uu = s_u * (1 - 2 * s) / self.width
        d = 1 + self.along * (x - self.summit) ** 2 + self.across * u**2
        d_x, d_u = 2 * self.along * (x - self.summit), 2 * self.across * u
        ridge = self.peak / d
        by_x = -ridge * s * d_x / d
        by_u = ridge * (s_u - s * d_u / d)
        xx = ridge * s * (2 * d_x**2 / d - 2 * self.along) / d
        xu = ridge * d_x * (2 * s * d_u / d - s_u) / d
        uu = ridge * (s_uu - 2 * s_u * d_u / d + s * (2 * d_u**2 / d - 2 * self.across) / d)
        return ridge * s, (by_x, by_u), (xx, xu, uu)


@dataclass(frozen=True)
class SoftmaxBandit:
    """One state, three actions with known rewards; the policy's logits are (θ₁, θ₂, 0).

    A policy of two parameters, small enough to draw. Its height is the expected reward.
    """

    rewards: tuple[float, float, float] = (1.0, 0.0, -1.0)

    def __post_init__(self):
        (rewards,) = as_numbers(rewards=self.rewards)
        if rewards.shape != (3,) or not np.isfinite(rewards).all():
            raise ValueError(f"rewards must be three finite numbers, got {self.rewards}")

    def probabilities(self, theta: np.ndarray) -> np.ndarray:
        """π_θ(a), a softmax: ``[..., 2]`` -> ``[..., 3]``."""
        x, y = _coordinates(theta)
        logits = np.stack([x, y, np.zeros_like(x)], axis=-1)
        powers = np.exp(logits - logits.max(-1, keepdims=True))
        return powers / powers.sum(-1, keepdims=True)

    def height(self, theta: np.ndarray) -> np.ndarray:
        """The expected reward Σ_a π_θ(a) r(a): ``[..., 2]`` -> ``[...]``."""
        return self.probabilities(theta) @ np.asarray(self.rewards)

    def gradient(self, theta: np.ndarray) -> np.ndarray:
        """∂height/∂θ_i = π_θ(i) (r(i) − height): ``[..., 2]`` -> ``[..., 2]``."""
        excess = np.asarray(self.rewards) - self.height(theta)[..., None]
        return (self.probabilities(theta) * excess)[..., :2]

    def fisher(self, theta: np.ndarray) -> np.ndarray:
        """F = diag(p) − p pᵀ of p = (π_θ(1), π_θ(2)): ``[..., 2]`` -> ``[..., 2, 2]``."""
        p = self.probabilities(theta)[..., :2]
        return p[..., None] * np.eye(2) - p[..., None] * p[..., None, :]

    def natural_step(self, theta: np.ndarray, max_kl: float) -> np.ndarray:
        """TRPO's full step √(2δ / gᵀF⁻¹g) F⁻¹g with δ = max_kl nats: ``[2]`` -> ``[2]``.

        Of all steps with ½ dᵀF d <= δ it has the largest gᵀd (Schulman et al. 2015, appendix C).
        Raises ``ValueError`` unless max_kl > 0, every action has a chance at theta, and the
        rewards differ.
        """
        require_inside(0, np.inf, max_kl=max_kl)
        if not self.probabilities(_point(theta=theta)).all():
            raise ValueError(f"theta must leave every action a chance, got {theta}")
        gradient = self.gradient(theta)
        if not gradient.any():
            raise ValueError(f"rewards must differ, or no step is best, got {self.rewards}")
        direction = np.linalg.solve(self.fisher(theta), gradient)
        return np.sqrt(2 * max_kl / (gradient @ direction)) * direction


def gradient_ascent(landscape, start: np.ndarray, step_size: float, iterations: int) -> np.ndarray:
    """θ_{k+1} = θ_k + α ∇f(θ_k), the step size α fixed, from one start or from many at once.

    landscape: anything with ``gradient``. start: ``[..., 2]``. Returns the path
    ``[iterations + 1, ..., 2]``. Raises ``ValueError`` unless 0 < step_size < ∞ and the start is
    finite.
    """
    require_inside(0, np.inf, step_size=step_size)
    require_count(iterations=iterations)
    path = as_finite(start=_points(start=start))
    for _ in range(iterations):
        path.append(path[-1] + step_size * landscape.gradient(path[-1]))
    return np.array(path)


def maximize_quadratic(gradient: np.ndarray, hessian: np.ndarray, radius: float) -> np.ndarray:
    """The step d ``[P]`` of length at most radius with the largest gᵀd + ½ dᵀH d.

    gradient: ``[P]``. hessian: ``[P, P]``, symmetric, of any signs. The maximum solves
    (λI − H) d = g with the least λ >= 0 that leaves no positive curvature and ‖d‖ <= radius
    (Nocedal & Wright 2006, theorem 4.1; λ by Newton's method on 1/‖d‖, section 4.3).
    Raises ``ValueError`` unless 0 < radius < ∞, both arrays are finite and have these shapes, and
    the hessian is symmetric.
    """
    require_inside(0, np.inf, radius=radius)
    gradient, hessian = as_finite(gradient=gradient, hessian=hessian)
    if gradient.ndim != 1 or hessian.shape != 2 * gradient.shape:
        shapes = f"{list(gradient.shape)} and {list(hessian.shape)}"
        raise ValueError(f"gradient and hessian must be [P] and [P, P], got {shapes}")
    if not np.allclose(hessian, hessian.T):
        raise ValueError(f"hessian must be symmetric, got {hessian.tolist()}")
    curvatures, axes = np.linalg.eigh(hessian)
    slopes = axes.T @ gradient
    slopes[-1] = slopes[-1] or 1e-100  # the "hard case": either way along this axis is as good
    gaps = curvatures[-1] - curvatures
    excess = max(-curvatures[-1], (abs(slopes) / radius - gaps).max())  # λ − the largest curvature
    while True:
        step = slopes / (excess + gaps)
        length = np.linalg.norm(step)
        if length <= radius * (1 + 1e-12):
            return axes @ step
        excess += (length / radius - 1) * length**2 / (step**2 / (excess + gaps)).sum()


@dataclass(frozen=True)
class TrustRegionPath:
    """What ``trust_region_ascent`` did in each of K iterations.

    path: the points, ``[K + 1, 2]``. radii: Δ of each iteration, ``[K]``. ratios: κ = actual gain /
    predicted gain, ``[K]``. accepted: ``[K]``, bool; where it is False the point stays.
    """

    path: np.ndarray
    radii: np.ndarray
    ratios: np.ndarray
    accepted: np.ndarray


def trust_region_ascent(
    landscape, start: np.ndarray, radius: float, iterations: int, max_radius: float = 10.0
) -> TrustRegionPath:
    """The classical method: model, maximise it inside the radius, compare, set the next radius.

    The model is the second-order Taylor polynomial at the point. A step is accepted when κ > 0.1;
    κ < ¼ quarters the radius, κ > ¾ at the region's border doubles it, up to max_radius (Nocedal &
    Wright 2006, algorithm 4.1). It ends early where the model promises nothing more.

    landscape: anything with ``height``, ``gradient`` and ``hessian``. start: ``[2]``. Raises
    ``ValueError`` unless both radii are in (0, ∞), iterations >= 1 and the start is finite.
    """
    require_inside(0, np.inf, radius=radius, max_radius=max_radius)
    require_count(iterations=iterations)
    point = _point(start=start)
    path, tries = [point], []
    for _ in range(iterations):
        gradient, hessian = landscape.gradient(point), landscape.hessian(point)
        step = maximize_quadratic(gradient, hessian, radius)
        predicted = gradient @ step + step @ hessian @ step / 2
        if predicted < 1e-12:
            break
        ratio = (landscape.height(point + step) - landscape.height(point)) / predicted
        tries.append((radius, ratio, ratio > 0.1))
        if ratio > 0.1:
            point = point + step
        if ratio < 0.25:
            radius = radius / 4
        elif ratio > 0.75 and np.linalg.norm(step) > 0.99 * radius:
            radius = min(2 * radius, max_radius)
        path.append(point)
    radii, ratios, accepted = np.array(tries).reshape(-1, 3).T
    return TrustRegionPath(np.array(path), radii, ratios, accepted.astype(bool))


def _coordinates(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    theta = _points(theta=theta)
    return theta[..., 0], theta[..., 1]


def _points(**named: np.ndarray) -> np.ndarray:
    """The one argument as float64 points ``[..., 2]``."""
    ((name, points),) = zip(named, as_numbers(**named), strict=True)
    if points.shape[-1:] != (2,):
        raise ValueError(f"{name} must have shape [..., 2], got {list(points.shape)}")
    return points


def _point(**named: np.ndarray) -> np.ndarray:
    """The one argument as one finite float64 point ``[2]``."""
    (point,) = as_finite(**{name: _points(**{name: given}) for name, given in named.items()})
    if point.ndim != 1:
        raise ValueError(f"{next(iter(named))} must have shape [2], got {list(point.shape)}")
    return point
