"""What counts as KerasTuner's, so that a search space of ours never does."""

from __future__ import annotations

import pytest

from imgcls_automl.hypermodels.recognition import is_hypermodel


def builds(hp):
    """Builds a model."""


def builds_for_the_data(hp, input_shape, num_classes, units=64):
    """Builds a model that fits the data."""


def makes_a_space(depth="3"):
    """Makes a search space of ours."""


class Space:
    def suggest(self, trial, task):
        """Draws."""

    def build(self, model, task):
        """Builds."""


@pytest.mark.parametrize("function", [builds, builds_for_the_data])
def test_a_function_of_hp_builds_models(function):
    assert is_hypermodel(function)


def test_a_function_whose_arguments_are_all_given_makes_a_space():
    assert not is_hypermodel(makes_a_space)
    assert not is_hypermodel(lambda depth: None, {"depth": "3"})


def test_a_class_is_one_only_where_it_derives_from_kerastuner_s():
    assert not is_hypermodel(Space)
    assert not is_hypermodel(type("HyperModel", (), {}))
    assert not is_hypermodel(3)
