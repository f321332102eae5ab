"""What only a run can show, and its owner should hear: said once, in the ``Record`` of that moment.

Every number of such a run looks sound, so nothing else would tell.
"""

import torch
from gymnasium.spaces import Box, Space
from torch import Tensor

from trpo_lib.batch import UpdateReport

PATIENCE = 10  # updates in a row that were not accepted
ALL_CLIPPED = (
    "More than 99% of this iteration's actions lay outside the environment's bounds, so it saw "
    "others than the policy chose: gymnasium.wrappers.RescaleAction can move the bounds to [-1, 1]."
)
NONE_ACCEPTED = (
    f"None of the last {PATIENCE} updates was accepted, so the policy has not changed. Usual "
    "causes: rewards that never differ, a layer that draws at random, or too low a precision."
)


class Notes:
    """Hears of every iteration, and says each thing once."""

    def __init__(self):
        self._refused = 0  # updates in a row
        self._said: list[str] = []

    def on(self, actions: Tensor, action_space: Space, report: UpdateReport) -> str:
        """What is to be said of an iteration with actions ``[..., D]``; mostly nothing."""
        self._refused = 0 if report.accepted else self._refused + 1
        found = {ALL_CLIPPED: _all_clipped(actions, action_space)}
        found[NONE_ACCEPTED] = self._refused >= PATIENCE
        new = [note for note, is_so in found.items() if is_so and note not in self._said]
        self._said += new
        return " ".join(new)

    def state_dict(self) -> dict:
        """What ``load_state_dict`` takes over."""
        return {"refused": self._refused, "said": self._said}

    def load_state_dict(self, state: dict) -> None:
        """Takes over what ``state_dict`` gave."""
        self._refused, self._said = state["refused"], list(state["said"])


def _all_clipped(actions: Tensor, action_space: Space) -> bool:
    if not isinstance(action_space, Box):
        return False
    low, high = (
        torch.from_numpy(bound).to(actions) for bound in (action_space.low, action_space.high)
    )
    outside = ((actions < low) | (actions > high)).any(-1)
    return 100 * outside.sum().item() > 99 * outside.numel()
