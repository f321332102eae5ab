"""Sweeps: the same records wherever they run, and nothing lost that was finished."""

import json
import os
import re
import signal
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, make_dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from distributed import Client, LocalCluster
from scipy import stats

from trpo_lib.baselines import PPOClip
from trpo_lib.batch import UpdateReport
from trpo_lib.sweep import Run, interquartile_mean, probability_of_improvement, sweep
from trpo_lib.training import TrainConfig, Trainer
from trpo_lib.trpo import TRPO, TRPOConfig

TINY = TrainConfig(num_envs=4, num_steps=16, max_iterations=3, target_return=None)
RUNS = [
    Run(replace(TINY, seed=seed), algorithm)
    for algorithm in (TRPO(), TRPO(TRPOConfig(max_kl=0.1)), PPOClip())
    for seed in range(2)
]
equal = pd.testing.assert_frame_equal


@dataclass
class Failing:
    """An algorithm that cannot learn."""

    message: str

    def __call__(self, policy, batch):
        raise ArithmeticError(self.message)


@dataclass
class Fatal:
    """Ends its process the first time; once its marker is there, it is a TRPO."""

    marker: str

    def __call__(self, policy, batch):
        if not Path(self.marker).exists():
            Path(self.marker).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return TRPO()(policy, batch)


def processes(number):
    return ProcessPoolExecutor(number, get_context("spawn"))


@pytest.fixture(scope="module")
def serial(tmp_path_factory):
    return sweep(RUNS, tmp_path_factory.mktemp("serial"))


def test_each_record_is_a_row_beside_its_settings(serial):
    assert serial.failures == []
    assert len(serial.table) == len(RUNS) * TINY.max_iterations
    for run in RUNS:
        with Trainer(run.config, replace(run.algorithm)) as trainer:
            records = list(trainer)
        rows = serial.table[serial.table["algorithm"] == type(run.algorithm).__name__]
        rows = rows[rows["seed"] == run.config.seed]
        if isinstance(run.algorithm, TRPO):
            rows = rows[rows["max_kl"] == run.algorithm.config.max_kl]
        assert rows["iteration"].tolist() == [1, 2, 3]
        assert rows["transitions"].tolist() == [record.transitions for record in records]
        assert rows["kl"].tolist() == [record.report.kl for record in records]


def test_processes_give_the_serial_records_bit_for_bit(serial, tmp_path):
    with processes(2) as executor:
        equal(sweep(RUNS, tmp_path, executor).table, serial.table, check_exact=True)


def test_a_dask_cluster_gives_the_serial_records_bit_for_bit(serial, tmp_path):
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        found = sweep(RUNS, tmp_path, client.get_executor(pure=False))
    equal(found.table, serial.table, check_exact=True)


def test_a_second_sweep_makes_only_what_is_missing(serial, tmp_path):
    sweep(RUNS[:4], tmp_path)
    made = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(made) == 4
    seen = []

    def progress(outcomes, total):
        seen.append(total)
        return outcomes

    equal(sweep(RUNS, tmp_path, progress=progress).table, serial.table, check_exact=True)
    assert seen == [2]
    assert made.items() <= {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}.items()


def test_a_killed_worker_loses_nothing_that_was_finished(tmp_path):
    fatal = Fatal(str(tmp_path / "marker"))
    runs = [Run(replace(TINY, seed=seed), TRPO()) for seed in range(2)]
    runs.insert(1, Run(TINY, fatal))
    with processes(1) as executor:
        first = sweep(runs, tmp_path / "runs", executor)
    assert [failure.run for failure in first.failures] == runs[1:]
    assert all("BrokenProcessPool" in failure.traceback for failure in first.failures)
    (kept,) = (tmp_path / "runs").iterdir()
    made = kept.stat().st_mtime_ns
    with processes(1) as executor:
        second = sweep(runs, tmp_path / "runs", executor)
    assert second.failures == []
    assert kept.stat().st_mtime_ns == made
    records = [json.loads(path.read_text())["records"] for path in (tmp_path / "runs").iterdir()]
    assert len(records) == 3
    assert second.table["kl"][:3].tolist() == second.table["kl"][3:6].tolist()  # both are TRPO


def test_a_run_that_fails_is_reported_and_the_others_go_on(tmp_path):
    bad = Run(TINY, Failing("no gradient today"))
    found = sweep([RUNS[0], bad, RUNS[1]], tmp_path)
    (failure,) = found.failures
    assert failure.run is bad
    assert "ArithmeticError: no gradient today" in failure.traceback
    assert "in __call__" in failure.traceback
    assert found.table["seed"].unique().tolist() == [0, 1]
    assert len(list(tmp_path.iterdir())) == 2


def test_half_a_file_counts_as_missing_and_a_run_given_twice_is_made_once(serial, tmp_path):
    sweep(RUNS[:1], tmp_path)
    (path,) = tmp_path.iterdir()
    whole = path.read_text()
    path.write_text(whole[: len(whole) // 2])
    found = sweep(RUNS[:1] * 2, tmp_path)
    assert path.read_text() == whole
    equal(found.table, serial.table[found.table.columns][:3], check_dtype=False)


def test_a_sweep_leaves_the_number_of_threads_alone(tmp_path):
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        sweep(RUNS[:1], tmp_path)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)


def test_senseless_runs_are_refused(tmp_path):
    with pytest.raises(TypeError, match="config must be a TrainConfig, got 1"):
        Run(1, TRPO())
    with pytest.raises(TypeError, match="algorithm must be a callable dataclass"):
        Run(TINY, lambda policy, batch: None)
    with pytest.raises(ValueError, match="runs must be at least 1, got 0"):
        sweep([], tmp_path)


def test_an_algorithm_that_cannot_be_called_is_refused():
    @dataclass
    class Settings:
        lr: float = 0.1

    with pytest.raises(TypeError, match="algorithm must be a callable dataclass"):
        Run(TINY, Settings())


def test_a_runs_file_is_named_after_its_settings_in_any_order(tmp_path):
    call = {"__call__": lambda self, policy, batch: UpdateReport(0.0, 0.0, 0.0, False)}
    for fields in ([("a", int, 1), ("b", int, 2)], [("b", int, 2), ("a", int, 1)]):
        sweep([Run(TINY, make_dataclass("Made", fields, namespace=call)())], tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_runs_file_says_what_it_was_and_is_named_in_twenty_digits(tmp_path):
    sweep(RUNS[2:3], tmp_path)
    (path,) = tmp_path.iterdir()
    assert re.fullmatch("[0-9a-f]{20}[.]json", path.name)
    said = json.loads(path.read_text())
    assert list(said) == ["config", "algorithm", "settings", "records"]
    assert TrainConfig(**said["config"]) == RUNS[2].config
    assert said["algorithm"] == "trpo_lib.trpo.TRPO"
    assert TRPOConfig(**said["settings"]["config"]) == TRPOConfig(max_kl=0.1)
    assert [record["iteration"] for record in said["records"]] == [1, 2, 3]
    assert "cg_residuals" not in said["records"][0]


def test_two_algorithms_with_the_same_settings_are_two_runs(tmp_path):
    call = {"__call__": lambda self, policy, batch: UpdateReport(0.0, 0.0, 0.0, False)}
    made = [make_dataclass(name, [("a", int, 1)], namespace=call)() for name in ("One", "Other")]
    assert sweep([Run(TINY, algorithm) for algorithm in made], tmp_path).failures == []
    assert len(list(tmp_path.iterdir())) == 2


def test_a_run_has_one_thread(tmp_path):
    seen = []

    def note(self, policy, batch):
        seen.append(torch.get_num_threads())
        return UpdateReport(0.0, 0.0, 0.0, False)

    sweep([Run(TINY, make_dataclass("Noting", [], namespace={"__call__": note})())], tmp_path)
    assert seen == [1, 1, 1]


@pytest.mark.parametrize(
    ("algorithm", "said"),
    [
        (TRPO, "algorithm must be a callable dataclass, got <class 'trpo_lib.trpo.TRPO'>"),
        (Failing(object), "algorithm's settings must be numbers and texts, got Failing(message="),
    ],
)
def test_an_algorithm_that_no_file_can_be_named_after_is_refused_in_these_words(algorithm, said):
    with pytest.raises(TypeError) as refused:
        Run(TINY, algorithm)
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("sample", "said"),
    [
        (1.0, "each sample must be [..., n] with n >= 2, got []"),
        ([[1.0], [2.0]], "each sample must be [..., n] with n >= 2, got [2, 1]"),
        ([1.0, 2.0, float("nan")], "each sample must be finite, got a NaN or an infinity"),
        ([[1.0, 2.0], [3.0, float("inf")]], "each sample must be finite, got a NaN"),
    ],
)
def test_samples_that_have_no_interval_are_refused_in_these_words(sample, said):
    with pytest.raises(ValueError, match=f"^{re.escape(said)}"):
        interquartile_mean([1.0, 2.0], sample)


def test_an_interval_is_scipys_percentile_bootstrap_over_the_last_axis():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 3, 8)), rng.normal(size=(2, 3, 2))
    middle = lambda *groups, axis: stats.trim_mean(np.concatenate(groups, axis), 0.25, axis)  # noqa: E731
    options = {"method": "percentile", "n_resamples": 2000, "axis": -1, "rng": 0}
    expected = stats.bootstrap((one, other), middle, **options).confidence_interval
    found = interquartile_mean(one, other)
    np.testing.assert_array_equal(found.value, middle(one, other, axis=-1))
    np.testing.assert_array_equal((found.low, found.high), (expected.low, expected.high))


def test_the_probability_of_improvement_is_made_slice_by_slice():
    rng = np.random.default_rng(1)
    new, old = rng.normal(1, 1, size=(3, 7)), rng.normal(size=(3, 5))
    slices = [probability_of_improvement(*pair).value for pair in zip(new, old, strict=True)]
    np.testing.assert_allclose(probability_of_improvement(new, old).value, slices)


def test_the_interquartile_mean_is_that_of_the_middle_half():
    values = np.array([0.0, 10, 11, 12, 13, 1000, -5, 14])
    assert interquartile_mean(values).value == np.mean([10, 11, 12, 13])
    groups = np.array([[1.0, 2, 3, 4], [50, 60, 70, 800]])
    assert interquartile_mean(*groups).value == np.mean([3, 4, 50, 60])
    np.testing.assert_array_equal(interquartile_mean(groups).value, [2.5, 65])


def test_the_same_scores_have_the_same_interval():
    scores = np.random.default_rng(0).normal(size=20)
    assert interquartile_mean(scores) == interquartile_mean(scores)


def test_the_interval_covers_the_truth_nineteen_times_in_twenty():
    scores = np.random.default_rng(0).normal(3.0, 1.0, size=(400, 30))
    value, low, high = interquartile_mean(scores)
    assert value.shape == low.shape == high.shape == (400,)
    assert 0.88 < np.mean((low <= 3) & (high >= 3)) < 0.98


def test_each_group_is_drawn_by_itself():
    rng = np.random.default_rng(0)
    easy, hard = rng.normal(100, 1, 20), rng.normal(0, 1, 20)
    _, low, high = interquartile_mean(easy, hard)
    # Were all 40 drawn together, the share of easy ones would vary, and with it the middle half.
    assert high - low < 40
    together = interquartile_mean(np.concatenate([easy, hard]))
    assert together.high - together.low > 2 * (high - low)


def test_the_probability_of_improvement_counts_pairs():
    rng = np.random.default_rng(0)
    new, old = rng.integers(0, 9, 12).astype(float), rng.integers(0, 9, 15).astype(float)
    value, low, high = probability_of_improvement(new, old)
    wins = (new[:, None] > old).mean() + (new[:, None] == old).mean() / 2
    assert value == pytest.approx(wins)
    assert low < value < high
    assert probability_of_improvement(new + 100, old) == (1, 1, 1)
    assert stats.mannwhitneyu(new, old).statistic == pytest.approx(value * 180)


def test_a_sweep_makes_a_folder_within_folders(tmp_path):
    assert sweep(RUNS[:1], tmp_path / "a" / "b" / "c").failures == []
    assert len(list((tmp_path / "a" / "b" / "c").iterdir())) == 1


def test_settings_that_numpy_computed_name_the_same_run(tmp_path):
    run = Run(replace(TINY, gamma=0.5, seed=3), TRPO(TRPOConfig(max_kl=0.02)))
    computed = replace(TINY, gamma=np.float32(0.5), seed=np.int64(3), hidden=[np.int64(32)])
    sweep([run, Run(computed, TRPO(TRPOConfig(max_kl=np.float64(0.02))))], tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
