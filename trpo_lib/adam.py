"""Adam (Kingma & Ba 2015, algorithm 1): steps whose size hardly depends on the gradient's.

The same steps as ``torch.optim.Adam``'s, whose first use imports seconds' worth of compiler.
"""

import torch
from torch import Tensor

_MEMORY = 0.9, 0.999  # of the means: the paper's β₁ and β₂


class Adam:
    """Turns one gradient after the other into steps that climb; ``lr`` may change in between."""

    def __init__(self, lr: float, eps: float = 1e-8):
        self.lr, self.eps = lr, eps
        zero = torch.zeros((), dtype=torch.float32, device="cpu")  # whatever the defaults are
        self._count, self._mean, self._square = 0, zero, zero

    def __call__(self, gradient: Tensor) -> Tensor:
        """The next step: ``[P]`` -> ``[P]``. Nothing that an earlier call gave is changed."""
        self._count += 1
        self._mean = self._mean.to(gradient).lerp(gradient, 1 - _MEMORY[0])
        self._square = self._square.to(gradient).lerp(gradient * gradient, 1 - _MEMORY[1])
        mean, square = (1 - memory**self._count for memory in _MEMORY)  # what the means lack
        return self._mean * (self.lr / mean) / ((self._square / square).sqrt() + self.eps)

    def state_dict(self) -> dict:
        """What ``load_state_dict`` takes over: all but the settings."""
        return {"count": self._count, "mean": self._mean, "square": self._square}

    def load_state_dict(self, state: dict) -> None:
        """Takes over what ``state_dict`` gave."""
        self._count, self._mean, self._square = state["count"], state["mean"], state["square"]
