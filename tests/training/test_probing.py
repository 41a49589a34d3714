"""What a few steps of a candidate tell: an epoch's time, and the precision it is fastest in."""

from __future__ import annotations

import pytest
from networks import Linear, Plain, failing

from imgcls_automl.executors.tasks import ProbeTask

BOTH = ("float32", "mixed_bfloat16")


@pytest.fixture
def probe(programs):
    """Probe a space's candidate with some dropout."""

    def probe(space, precisions=BOTH):
        from imgcls_automl.training.bench import Bench
        from imgcls_automl.training.probing import probe

        bench = Bench(space=space, programs=programs, metric="accuracy", class_weight="none")
        return probe(ProbeTask(parameters={"dropout": 0.25}, precisions=precisions), bench)

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


def test_a_candidate_that_cannot_be_built_measures_nothing(probe):
    result = probe(failing("build", ValueError("no such layer")))
    assert (result.precision, result.epoch_seconds) == ("float32", None)
