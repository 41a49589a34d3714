"""Models that are too large or too slow: found out before a step is trained."""

from __future__ import annotations

import optuna
import pytest
from networks import Plain, candidate

from imgcls_automl.executors.messages import Admission, Verdict
from imgcls_automl.executors.tasks import TrialTask
from imgcls_automl.limits import Limits
from imgcls_automl.trial_files import read_result

PARAMETERS = 64 * 64 + 64 + 64 * 10 + 10
FLOPS = 2 * (64 * 64 + 64 * 10)


@pytest.fixture
def attempt(programs, tmp_path):
    """Run one trial under limits; returns its result and the epochs that were reported."""
    from imgcls_automl.training.bench import Bench
    from imgcls_automl.training.trial import run_trial

    def attempt(**limits):
        task = TrialTask(
            folder=tmp_path, number=3, baseline=False, seed=1, epochs=1, precision="float32", deadline=None
        )  # fmt: skip
        bench = Bench(
            space=Plain(),
            programs=programs,
            metric="accuracy",
            class_weight="none",
            limits=Limits(**limits),
        )
        reports = []

        def report(epoch):
            reports.append(epoch.epoch)
            return Verdict()

        result = run_trial(
            task,
            bench,
            optuna.trial.FixedTrial({"dropout": 0.25}, number=3),
            admit=lambda drawn: Admission(),
            started=lambda event: None,
            report=report,
        )
        assert read_result(tmp_path) == result
        return result, reports

    return attempt


def test_a_model_within_its_limits_is_trained(attempt):
    result, reports = attempt(parameters=PARAMETERS, flops=FLOPS, latency_ms=60_000.0)
    assert (result.state, reports) == ("complete", [1])
    assert (result.parameters, result.flops) == (PARAMETERS, FLOPS)
    assert 0 < result.latency_ms < 60_000


def test_without_a_limit_of_it_no_time_is_taken_to_time_a_model(attempt):
    result, _ = attempt(parameters=PARAMETERS)
    assert (result.flops, result.latency_ms) == (FLOPS, None)


def test_one_above_is_infeasible_before_a_step(attempt):
    result, reports = attempt(parameters=2405, flops=FLOPS)
    assert (result.state, result.cause, reports) == ("infeasible", "over a limit", [])
    assert result.detail == "4.81k parameters over --max-params 2.4k"
    assert result.violations == {"max_params": pytest.approx(PARAMETERS / 2405 - 1)}
    assert result.parameters == PARAMETERS


def test_all_limits_that_are_broken_are_told(attempt):
    result, _ = attempt(flops=1000, parameters=1000, latency_ms=1e-6)
    assert set(result.violations) == {"max_params", "max_flops"}  # too large: not timed any more
    assert "; " in result.detail


def test_one_that_is_too_slow_is_infeasible(attempt):
    result, reports = attempt(latency_ms=1e-6)
    assert (result.state, reports) == ("infeasible", [])
    assert result.detail.endswith("ms a picture over --max-latency-ms 1e-06")


def test_a_latency_is_measured_once_an_architecture(pictures, monkeypatch):
    from imgcls_automl.training import latency
    from imgcls_automl.training.fitting import build_network

    timed = []
    monkeypatch.setattr(latency, "_time_passes", lambda network, shape: timed.append(1) or 1.5)
    latencies = latency.Latencies()
    for dropout, units in ((0.1, 8), (0.4, 8), (0.4, 16)):  # rates do not change the computation
        chosen = candidate(units=units, dropout=dropout)
        network = build_network(Plain(), chosen, pictures.task, seed=0, precision="float32")
        assert latencies.measure(network, pictures.task.image_shape) == 1.5
    assert len(timed) == 2
