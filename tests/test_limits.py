"""Which models are above a run's limits, and how that is said."""

from __future__ import annotations

import pytest

from imgcls_automl.limits import Limits, ModelCost

COST = ModelCost(parameters=128_138, flops=3_000_000, latency_ms=7.5)


def say(**limits):
    return [excess.text for excess in Limits(**limits).find_excesses(COST)]


def test_a_model_at_its_limits_is_within_them():
    assert say(parameters=128_138, flops=3_000_000, latency_ms=7.5) == []
    assert say() == []


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        ({"parameters": 100_000}, "128k parameters over --max-params 100k"),
        ({"parameters": 128_000}, "128,138 parameters over --max-params 128,000"),
        ({"flops": 1_500_000}, "3M operations a picture over --max-flops 1.5M"),
        ({"latency_ms": 5.0}, "7.5 ms a picture over --max-latency-ms 5"),
    ],
)
def test_what_is_above_is_told_with_the_option(limits, text):
    assert say(**limits) == [text]


def test_the_share_says_how_far_above():
    (excess,) = Limits(flops=1_000_000).find_excesses(COST)
    assert (excess.option, excess.share) == ("max_flops", 2.0)


def test_all_that_is_above_is_listed():
    assert len(say(parameters=1, flops=1, latency_ms=1.0)) == 3


def test_what_was_not_measured_is_not_above():
    assert Limits(latency_ms=0.1).find_excesses(ModelCost(parameters=1, flops=1)) == []


def test_limits_in_words():
    assert Limits(parameters=2_000_000, latency_ms=5.0).describe() == (
        "at most 2M parameters, 5 ms a picture"
    )
    assert Limits().describe() == ""
