"""TRPO on one page: short, alone, and the same algorithm as the package's."""

import ast
import importlib.util
import itertools
import math
import subprocess
import sys
from functools import partial
from pathlib import Path

import gymnasium as gym
import pytest
import torch
from answers.lesson_10 import endless

from trpo_lib.exercises import check_10_train, lesson_10
from trpo_lib.training import TrainConfig, Trainer
from trpo_lib.trpo import TRPO, TRPOConfig

PAGE = Path(__file__).parents[1] / "notebooks" / "trpo_on_one_page.py"


@pytest.fixture
def page(monkeypatch):
    """The page as a module, in float64, with a test after each update."""
    spec = importlib.util.spec_from_file_location("trpo_on_one_page", PAGE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    network = module.network

    def in_float64(*args):
        net = network(*args).double()
        net.register_forward_pre_hook(lambda _, inputs: (inputs[0].double(),))
        return net

    monkeypatch.setattr(module, "network", in_float64)
    monkeypatch.setattr(module, "TEST_EVERY", 1)
    monkeypatch.setattr(module, "SOLVED", math.inf)
    return module


@pytest.mark.parametrize("seed", [1, 3])
@pytest.mark.parametrize(
    ("cg_iters", "updates", "rel", "clock"),
    [(4, 4, 1e-9, 500), (4, 4, 1e-9, 50), (8, 1, 1e-4, 500)],
)
def test_its_records_are_the_packages(page, monkeypatch, seed, cg_iters, updates, rel, clock):
    # Four updates are 128 steps, so a clock of 50 truncates episodes of both, and one of 500 none.
    # Both round differently, and conjugate gradient magnifies it with each step: four updates of
    # four steps differ by 1e-13, the first one of eight steps by 4e-7, and the second by 2e-4,
    # which is enough for one of 100 episodes to end a few steps later.
    monkeypatch.setattr(page, "CG_ITERS", cg_iters)
    monkeypatch.setattr(gym, "make_vec", partial(gym.make_vec, max_episode_steps=clock))
    settings = {"max_iterations": updates, "test_every": 1, "target_return": math.inf}
    config = TrainConfig(seed=seed, dtype="float64", **settings)
    with Trainer(config, TRPO(TRPOConfig(cg_iters=cg_iters))) as trainer:
        records = list(trainer)
    pairs = zip(itertools.islice(page.train(seed), updates), records, strict=True)
    for (number, transitions, kl, gain, test_return), record in pairs:
        assert (number, transitions) == (record.iteration, record.transitions)
        assert kl == pytest.approx(record.report.kl, rel=rel)
        assert gain == pytest.approx(record.report.gain, rel=rel)
        assert test_return == pytest.approx(record.test_return, rel=rel)


def test_its_settings_are_the_packages_defaults():
    spec = importlib.util.spec_from_file_location("trpo_on_one_page", PAGE)
    page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(page)
    loop, step = TrainConfig(), TRPOConfig()
    assert (
        loop.num_envs, loop.num_steps, loop.gamma, loop.lam
    ) == (page.N, page.T, page.GAMMA, page.LAM)  # fmt: skip
    assert (
        loop.critic_lr, loop.critic_epochs, loop.critic_batch
    ) == (page.CRITIC_RATE, page.CRITIC_PASSES, page.CRITIC_ROWS)  # fmt: skip
    assert (
        loop.max_iterations, loop.test_every, loop.target_return
    ) == (page.MAX_UPDATES, page.TEST_EVERY, page.SOLVED)  # fmt: skip
    assert (
        step.max_kl, step.damping, step.cg_iters, step.max_backtracks
    ) == (page.MAX_KL, page.DAMPING, page.CG_ITERS, page.MAX_TRIES)  # fmt: skip


def test_an_update_without_a_direction_changes_nothing(page):
    policy = page.network(2, 0.01, torch.Generator().manual_seed(0))
    before = [parameter.clone() for parameter in policy.parameters()]
    obs, actions = torch.ones(3, 4), torch.tensor([0, 1, 1])
    assert page.update(policy, obs, actions, torch.zeros(3, dtype=torch.float64)) == (0.0, 0.0)
    assert all(map(torch.equal, before, policy.parameters()))


def test_it_is_one_page_and_needs_nothing_of_the_course():
    text = PAGE.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    imported = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module.split(".")[0])
    assert imported - set(sys.stdlib_module_names) == {"torch", "gymnasium", "numpy"}


def test_it_solves_cartpole():
    command = [sys.executable, str(PAGE), "1"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = result.stdout.splitlines()
    assert 4 <= len(lines) < 200
    assert float(lines[-1].split()[-1]) >= 490


def test_the_lessons_judge_stops_a_line_search_without_end(monkeypatch):
    monkeypatch.setattr(lesson_10, "_TIME_LIMIT", 0.5)
    tracer = sys.gettrace()
    verdict = check_10_train(endless)
    assert not verdict.passed
    assert "does every loop end" in verdict.message
    assert sys.gettrace() is tracer
