"""What a space draws, and when: found by drawing from it."""

from __future__ import annotations

import optuna
import pytest

from imgcls_automl.training.space_tracing import list_parameters


def trace(suggest, draws=200):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    found = []
    for _ in range(draws):
        trial = study.ask()
        suggest(trial)
        found.append({name: (trial.distributions[name], it) for name, it in trial.params.items()})
    return {it.name: it for it in list_parameters(found)}


def suggest_blocks(trial):
    for block in range(1, trial.suggest_int("blocks", 1, 4) + 1):
        trial.suggest_int(f"filters_{block}", 16, 64, step=16)
    if trial.suggest_categorical("optimizer", ["adam", "sgd", "adamw"]) != "adam":
        trial.suggest_float("decay", 1e-4, 1e-1, log=True)


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("blocks", ""),
        ("filters_1", ""),
        ("filters_2", "blocks >= 2"),
        ("filters_4", "blocks >= 4"),
        ("optimizer", ""),
    ],
)
def test_what_a_parameter_hangs_on_is_found(name, condition):
    assert trace(suggest_blocks)[name].condition == condition


def test_all_values_that_bring_a_parameter_are_named():
    assert set(trace(suggest_blocks)["decay"].condition.split(" = ")[1].split(" or ")) == {
        "sgd",
        "adamw",
    }


def test_parameters_stand_in_the_order_of_the_space():
    names = list(trace(suggest_blocks))
    assert names[:5] == ["blocks", "filters_1", "filters_2", "filters_3", "filters_4"]


def test_ranges_steps_and_scales_are_told():
    found = trace(suggest_blocks)
    filters, decay = found["filters_1"], found["decay"]
    assert (filters.kind, filters.low, filters.high, filters.step) == ("int", 16, 64, 16)
    assert (decay.kind, decay.low, decay.high, decay.log) == ("float", 1e-4, 1e-1, True)
    assert found["optimizer"].choices == ("adam", "sgd", "adamw")


def test_a_range_that_moves_is_told_as_a_whole():
    def suggest(trial):
        trial.suggest_int("width", 8, 8 * trial.suggest_int("blocks", 1, 3))

    width = trace(suggest)["width"]
    assert (width.low, width.high) == (8, 24)


def test_where_no_value_decides_the_share_of_draws_is_told():
    def suggest(trial):
        first, second = (trial.suggest_int(name, 0, 9) for name in ("first", "second"))
        if (first + second) % 2:
            trial.suggest_float("odd", 0, 1)

    assert trace(suggest)["odd"].condition.endswith("% of draws")
