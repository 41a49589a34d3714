"""What a few steps of a candidate tell: an epoch's time, and the precision it is fastest in."""

from __future__ import annotations

from typing import ClassVar

import pytest
from networks import Linear, Plain, candidate, failing

from imgcls_automl.executors.tasks import ProbeTask
from imgcls_automl.limits import NO_LIMITS, Limits

BOTH = ("float32", "mixed_bfloat16")


@pytest.fixture
def probe(programs):
    """Probe a space's candidate with some dropout, or others."""

    def probe(space, precisions=BOTH, *, points=({"dropout": 0.25},), limits=NO_LIMITS):
        from imgcls_automl.training.bench import Bench
        from imgcls_automl.training.probing import probe

        bench = Bench(
            space=space,
            programs=programs,
            metric="accuracy",
            class_weight="none",
            limits=limits,
        )
        return probe(ProbeTask(points=points, precisions=precisions), bench)

    return probe


def test_an_epoch_takes_some_time(probe):
    result = probe(Plain())
    assert 0 < result.epoch_seconds < 2


def test_where_an_epoch_is_short_the_usual_precision_stays(probe, programs):
    assert probe(Plain()).precision == "float32"
    assert len(programs._kept) == 1  # nothing was compiled for the other


def test_where_it_is_long_the_fastest_is_chosen(probe, programs, monkeypatch):
    monkeypatch.setattr("imgcls_automl.training.probing.LONG_EPOCH", 0.0)
    result = probe(Linear())
    assert result.precision in BOTH
    assert result.epoch_seconds > 0
    assert len(programs._kept) == 2


@pytest.mark.parametrize(
    ("times", "chosen"),
    [
        ([(3.0, 2.0)], (BOTH[1], 2.0)),
        ([(3.0, 2.9)], (BOTH[0], 3.0)),  # not worth another precision's rounding
        ([(2.0, 3.0)], (BOTH[0], 2.0)),
        ([(9.0, 2.0), (2.0, 2.1)], (BOTH[0], 2.0)),  # something else slowed the first round
    ],
)
def test_another_precision_has_to_be_worth_it(times, chosen):
    from imgcls_automl.training.probing import choose_precision

    rounds = [dict(zip(BOTH, pair, strict=True)) for pair in times]
    assert choose_precision(BOTH[0], rounds) == chosen


def test_a_stated_precision_is_the_only_one(probe, monkeypatch):
    monkeypatch.setattr("imgcls_automl.training.probing.LONG_EPOCH", 0.0)
    assert probe(Plain(), ("mixed_bfloat16",)).precision == "mixed_bfloat16"


class TestLimits:
    """Digits have 64 pixels and 10 classes: about 75 weights a unit."""

    POINTS: ClassVar = ({"units": 256}, {"units": 8})

    @pytest.fixture
    def built(self):
        """A space of dense layers, and the sizes that were built of it in their order."""

        class Sized(Plain):
            sizes: ClassVar = []

            def suggest(self, trial, task):
                return candidate(units=trial.suggest_categorical("units", (8, 256)))

            def build(self, model, task):
                self.sizes.append(model["units"])
                return super().build(model, task)

        return Sized()

    def test_a_baseline_over_a_limit_is_not_trained_and_the_next_one_is(
        self, probe, programs, built
    ):
        limits = Limits(parameters=5_000)
        result = probe(built, points=self.POINTS, limits=limits)
        assert result.epoch_seconds > 0
        assert built.sizes == [256, 8]
        assert len(programs._kept) == 1

    def test_where_all_are_over_it_nothing_is_measured(self, probe, programs, built):
        result = probe(built, points=self.POINTS, limits=Limits(parameters=100))
        assert (result.precision, result.epoch_seconds) == ("float32", None)
        assert len(programs._kept) == 0

    def test_within_it_the_first_one_is_the_one(self, probe, built):
        probe(built, points=self.POINTS, limits=Limits(parameters=1_000_000))
        assert built.sizes == [256]


def test_a_candidate_that_cannot_be_built_measures_nothing(probe):
    result = probe(failing("build", ValueError("no such layer")))
    assert (result.precision, result.epoch_seconds) == ("float32", None)
