"""Runs of CartPole whose policies a page plays: after every update, under five bounds."""

import json
from pathlib import Path

from torch.nn.utils import parameters_to_vector

from trpo_lib.training import TEST_EPISODES, TrainConfig, Trainer, evaluate
from trpo_lib.trpo import TRPO, TRPOConfig

BOUNDS = (0.001, 0.003, 0.01, 0.1, 3.0)  # nats
UPDATES = 30


def learn(bound: float) -> dict:
    """One run: the weights, the mean of 100 tests, and the KL, after each update, 0 to the last."""
    never = 501  # no test reaches it, so none ends the run
    config = TrainConfig(seed=0, max_iterations=UPDATES, test_every=1, target_return=never)
    with Trainer(config, TRPO(TRPOConfig(max_kl=bound))) as trainer:
        untrained = evaluate(trainer.policy, config.env_id, TEST_EPISODES, seed=0).mean()
        run = {"bound": bound, "weights": [weights_of(trainer)], "returns": [untrained], "kls": [0]}
        for record in trainer:
            run["weights"].append(weights_of(trainer))
            run["returns"].append(record.test_return)
            run["kls"].append(record.report.kl)
    return run


def weights_of(trainer: Trainer) -> list[float]:
    """The policy's parameters, in six digits: weights row by row, and biases after them."""
    numbers = parameters_to_vector(trainer.policy.parameters()).tolist()
    return [float(f"{number:.6g}") for number in numbers]


def write_runs(file: Path) -> None:
    """Learns, and writes what the page loads."""
    data = json.dumps([learn(bound) for bound in BOUNDS], separators=(",", ":"))
    file.write_text(f"const trpoRuns = {data};\n", encoding="utf-8")
