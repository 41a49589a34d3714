"""Learning-rate schedules and optimizers."""

from __future__ import annotations

from itertools import pairwise

import pytest
from networks import recipe


@pytest.fixture
def rate():
    """The learning rate a recipe has at a step of a hundred."""
    from imgcls_automl.training.recipe import make_optimizer, set_rates

    def rate(step, *, share=1.0, **changes):
        training = recipe(learning_rate=0.4, **changes)
        optimizer = make_optimizer(training)
        set_rates(optimizer, training, steps=100, share=share)
        optimizer.iterations.assign(step)
        return float(optimizer.learning_rate)

    return rate


@pytest.mark.parametrize(
    ("schedule", "step", "expected"),
    [
        ("one_cycle", 0, 0.0004),
        ("one_cycle", 25, 0.4),
        ("one_cycle", 100, 0.0004),
        ("cosine", 0, 0.4),
        ("cosine", 50, 0.2002),
        ("cosine", 100, 0.0004),
        ("constant", 0, 0.4),
        ("constant", 100, 0.4),
    ],
)
def test_schedules_at_their_corners(rate, schedule, step, expected):
    assert rate(step, schedule=schedule) == pytest.approx(expected, rel=1e-3)


def test_one_cycle_rises_and_falls_in_straight_lines(rate):
    rises = [rate(step, schedule="one_cycle") for step in (0, 5, 10, 15, 20, 25)]
    falls = [rate(step, schedule="one_cycle") for step in (25, 40, 55, 70, 85, 100)]
    for line in (rises, falls):
        steps = [later - earlier for earlier, later in pairwise(line)]
        assert steps == pytest.approx([steps[0]] * 5, rel=1e-3)


def test_a_step_beyond_the_last_stays_at_the_floor(rate):
    assert rate(150, schedule="one_cycle") == pytest.approx(0.0004, rel=1e-3)


def test_thawed_layers_train_at_a_tenth(rate):
    assert rate(25, schedule="one_cycle", share=0.1) == pytest.approx(0.04, rel=1e-3)


@pytest.mark.parametrize(
    ("optimizer", "kind", "decay"),
    [("adamw", "AdamW", 0.5), ("adam", "AdamW", None), ("sgd", "SGD", 0.5)],
)
def test_weight_decay_is_decoupled_and_plain_adam_has_none(optimizer, kind, decay):
    from imgcls_automl.training.recipe import make_optimizer, set_rates

    training = recipe(optimizer=optimizer, weight_decay=0.5)
    made = make_optimizer(training)
    set_rates(made, training, steps=10)
    assert type(made).__name__ == kind
    assert decay == (None if made.weight_decay is None else float(made.weight_decay))
    if kind == "SGD":
        assert (made.momentum, made.nesterov) == (0.9, True)
