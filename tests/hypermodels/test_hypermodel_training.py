"""Trials of HyperModels on digits: trained by their own rules, scored and stopped by ours."""

from __future__ import annotations

import csv
import re

import own_models
import pytest

from imgcls_automl.executors.messages import Verdict
from imgcls_automl.trial_files import read_candidate

MLP = {
    "kind": "mlp",
    "units (kind=mlp)": 32,
    "drops": False,
    "learning_rate": 0.01,
    "batch_size": 0,
}


def test_a_compiled_model_learns_by_its_own_optimizer_and_loss(train):
    result = train(own_models.Conditional, MLP, epochs=4)
    assert (result.state, result.epochs) == ("complete", 4)
    assert result.score > 0.8


def test_a_build_function_learns_from_indices_and_logits(train):
    result = train(own_models.compiled, {"units": 32}, epochs=3)
    assert result.state == "complete"
    assert result.score > 0.8


def test_an_uncompiled_model_is_trained_by_the_usual_recipe(train):
    result = train(own_models.uncompiled, {"units": 64}, epochs=8)
    assert result.state == "complete"
    assert result.score > 0.6


def test_the_same_seed_gives_the_same_scores(train):
    first, second = (train(own_models.compiled, {"units": 20}, seed=5) for _ in range(2))
    assert first.metrics == second.metrics


def test_an_epoch_s_training_metrics_are_those_it_logs_or_measured_on_pictures(train, tmp_path):
    train(own_models.compiled, {"units": 32})  # compiled without the metric accuracy
    with (tmp_path / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert 0 < float(rows[-1]["accuracy"]) <= 1
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])


class TestOwnLoops:
    def test_arrays_and_callbacks_are_what_it_gets(self, train):
        result = train(own_models.OwnLoop, {"units": 32, "batch_size": 0}, epochs=5)
        assert (result.state, result.epochs) == ("complete", 4)  # of its own four
        assert result.score > 0.5

    def test_one_that_would_train_longer_is_ended_after_the_planned_epochs(self, train):
        result = train(own_models.OwnLoop, {"units": 32, "batch_size": 1}, epochs=2)
        assert (result.state, result.epochs, result.planned_epochs) == ("complete", 2, 2)

    def test_one_of_two_phases_counts_on(self, train):
        params = {**MLP}
        params.pop("batch_size")
        reports = []

        def note(report):
            reports.append(report.epoch)
            return Verdict()

        result = train(own_models.TwoPhases, params, epochs=3, verdict=note)
        assert reports == [1, 2, 3]
        assert result.state == "complete"

    def test_it_is_pruned_though_it_looks_at_no_flag(self, train):
        result = train(
            own_models.OwnLoop,
            {"units": 32, "batch_size": 1},
            epochs=4,
            verdict=lambda report: Verdict(stop="pruned"),
        )
        assert (result.state, result.cause, result.epochs) == ("pruned", "pruned", 1)


class TestFailures:
    def test_a_build_that_fails_is_a_failed_build(self, train):
        result = train(own_models.Tall, {"units": 2})
        assert (result.state, result.cause) == ("failed", "invalid architecture")
        assert "no such layer" in result.detail

    def test_a_refused_model_is_infeasible(self, train):
        result = train(own_models.Tall, {"units": 7})
        assert (result.state, result.detail) == ("infeasible", "more than 5 units are too slow")

    def test_out_of_memory_ends_a_training_that_chooses_its_own_batches(self, train, tmp_path):
        result = train(own_models.Hungry, {"units": 32, "batch_size": 0})
        assert (result.state, result.cause) == ("failed", "out of memory")
        assert read_candidate(tmp_path).drawn_batch_size is None  # half of it would be ignored
        assert re.search(r"\(own_models\.py:\d+\)$", result.detail)

    def test_a_loss_that_explodes_is_told_as_such(self, train):
        result = train(own_models.exploding, {"units": 16})
        assert (result.state, result.cause) == ("failed", "not finite")


def test_uneven_classes_can_be_weighed_and_batches_be_stated(train):
    result = train(
        own_models.compiled, {"units": 32}, options={"batch_size": "16"}, class_weight="balanced"
    )
    assert result.state == "complete"
    assert result.score > 0.8


@pytest.mark.parametrize("found", [own_models.compiled, own_models.Conditional])
def test_a_probe_times_it_the_way_it_is_trained(found, digits):
    from imgcls_automl.executors.tasks import ProbeTask
    from imgcls_automl.hypermodels.space import HyperModelSpace
    from imgcls_automl.training.bench import Bench
    from imgcls_automl.training.pictures import Pictures
    from imgcls_automl.training.probing import probe
    from imgcls_automl.training.program import Programs

    programs = Programs(Pictures(digits, resident_bytes=1 << 30))
    space = HyperModelSpace(found, {})
    bench = Bench(space=space, programs=programs, metric="accuracy", class_weight="none")
    (defaults,) = space.baselines(programs.pictures.task)
    result = probe(ProbeTask(points=(defaults,), precisions=("float32",)), bench)
    assert 0 < result.epoch_seconds < 60
