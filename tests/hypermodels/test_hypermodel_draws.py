"""What a study draws for a HyperModel: KerasTuner's own values, on its scales, of what is active."""

from __future__ import annotations

import optuna
import pytest


def ask(study=None):
    return (study or optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))).ask()


def draw(declare, count=40):
    """Have a function ask for hyperparameters, several times: the values, and the trials they were drawn from."""
    from imgcls_automl.hypermodels.parameters import TrialHyperParameters

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    drawn, trials = [], []
    for _ in range(count):
        trials.append(study.ask())
        hp = TrialHyperParameters(trials[-1])
        declare(hp)
        drawn.append(hp.values)
    return drawn, trials


LISTED = {
    "steps": lambda hp: hp.Int("x", 3, 20, step=4),
    "powers": lambda hp: hp.Int("x", 2, 64, step=2, sampling="log"),
    "powers from above": lambda hp: hp.Int("x", 2, 64, step=2, sampling="reverse_log"),
    "tenths": lambda hp: hp.Float("x", 0.0, 0.6, step=0.1),
    "decades": lambda hp: hp.Float("x", 1e-4, 1.0, step=10, sampling="log"),
    "ordered choice": lambda hp: hp.Choice("x", [3, 5, 4]),
    "unordered choice": lambda hp: hp.Choice("x", [0.1, 0.5], ordered=False),
    "texts": lambda hp: hp.Choice("x", ["avg", "max", "flatten"]),
    "truth values": lambda hp: hp.Choice("x", [True, False]),
    "boolean": lambda hp: hp.Boolean("x"),
    "fixed": lambda hp: hp.Fixed("x", 7),
}


@pytest.mark.parametrize("name", LISTED)
def test_all_values_of_kerastuner_are_drawn_and_no_others(name):
    import keras_tuner

    theirs = keras_tuner.HyperParameters()
    LISTED[name](theirs)
    expected = set(theirs.space[0].values)
    drawn, _ = draw(LISTED[name])
    assert {values["x"] for values in drawn} == expected
    assert {type(values["x"]) for values in drawn} == {type(theirs.get("x"))}


@pytest.mark.parametrize("sampling", ["linear", "log", "reverse_log"])
def test_ranges_are_drawn_on_their_scale(sampling):
    def declare(hp):
        hp.Float("share", 1.0, 100.0, sampling=sampling)
        hp.Int("count", 1, 100, sampling=sampling)

    drawn, _ = draw(declare, count=200)
    for name in ("share", "count"):
        values = sorted(one[name] for one in drawn)
        assert 1 <= values[0] < values[-1] <= 100
        middle = {"linear": 50, "log": 10, "reverse_log": 91}[sampling]
        assert abs(values[100] - middle) < 12


def test_inactive_hyperparameters_are_not_suggested():
    def declare(hp):
        kind = hp.Choice("kind", ["mlp", "cnn"])
        with hp.conditional_scope("kind", ["mlp"]):
            assert (hp.Int("units", 1, 4) is None) == (kind == "cnn")
        with hp.conditional_scope("kind", ["cnn"]):
            hp.Int("units", 100, 200)
        hp.Boolean("residual", parent_name="kind", parent_values=["cnn"])

    drawn, trials = draw(declare)
    for values, trial in zip(drawn, trials, strict=True):
        other = {"mlp": "cnn", "cnn": "mlp"}[values["kind"]]
        assert not [name for name in trial.params if f"kind={other}" in name]
        assert values["units"] == trial.params[f"units (kind={values['kind']})"]
    assert {values["kind"] for values in drawn} == {"mlp", "cnn"}


def test_names_may_recur_in_scopes():
    def declare(hp):
        for scope in ("first", "second"):
            with hp.name_scope(scope):
                hp.Int("units", 1, 1000)
                assert hp.get("units") == hp.values[f"{scope}/units"]
                assert "units" in hp

    drawn, trials = draw(declare, count=1)
    assert list(drawn[0]) == list(trials[0].params) == ["first/units", "second/units"]
    assert drawn[0]["first/units"] != drawn[0]["second/units"]


def test_asked_for_twice_it_is_drawn_once():
    drawn, trials = draw(lambda hp: [hp.Int("units", 1, 1000) for _ in range(3)], count=1)
    assert list(trials[0].params) == ["units"]
    assert drawn[0] == trials[0].params


class TestDefaults:
    """They are the space's baseline, and therefore tried first."""

    @pytest.mark.parametrize("name", LISTED)
    def test_a_trial_that_draws_the_baseline_has_the_defaults(self, name):
        import keras_tuner

        from imgcls_automl.hypermodels.parameters import (
            DefaultHyperParameters,
            TrialHyperParameters,
        )

        theirs, defaults = keras_tuner.HyperParameters(), DefaultHyperParameters()
        LISTED[name](theirs)
        LISTED[name](defaults)
        drawn = TrialHyperParameters(optuna.trial.FixedTrial(defaults.params))
        LISTED[name](drawn)
        assert drawn.values == theirs.values

    @pytest.mark.parametrize("sampling", ["linear", "log", "reverse_log"])
    def test_ranges_find_theirs_too(self, sampling):
        from imgcls_automl.hypermodels.parameters import (
            DefaultHyperParameters,
            TrialHyperParameters,
        )

        def declare(hp):
            hp.Float("share", 0.5, 8.0, sampling=sampling, default=2.0)
            hp.Int("count", 1, 99, sampling=sampling, default=9)

        defaults = DefaultHyperParameters()
        declare(defaults)
        drawn = TrialHyperParameters(optuna.trial.FixedTrial(defaults.params))
        declare(drawn)
        assert drawn.values == {"share": 2.0, "count": 9}


class TestReplay:
    """What was drawn rebuilds the model, here and in KerasTuner itself."""

    @pytest.fixture
    def space(self):
        from own_models import Conditional

        from imgcls_automl.hypermodels.space import HyperModelSpace

        return HyperModelSpace(Conditional, {"most_units": "48"})

    def test_kerastuner_builds_the_same_model_of_the_drawn_values(self, space, digits_task):
        import keras_tuner
        from own_models import Conditional

        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
        for _ in range(4):
            candidate = space.suggest(study.ask(), digits_task)
            hp = keras_tuner.HyperParameters()
            hp.values = dict(candidate.model)
            theirs = Conditional((8, 8, 1), 10, most_units=48).build(hp)
            assert hp.values == candidate.model
            network = space.build(candidate.model, digits_task)
            shapes = [weight.shape for weight in network.get_weights()]
            assert shapes == [weight.shape for weight in theirs.get_weights()]
            assert space._built[network].hp.values.items() <= candidate.model.items()

    def test_what_fit_asks_for_is_drawn_before_it_trains(self, space, digits_task):
        candidate = space.suggest(ask(), digits_task)
        assert candidate.model["batch_size"] in (32, 64)

    def test_a_hyperparameter_that_was_never_drawn_is_refused(self, space, digits_task):
        with pytest.raises(ValueError, match="asks for 'units', which it did not ask for when"):
            space.build({"kind": "mlp"}, digits_task)


class TestBuildsThatFail:
    def draw(self, task, **params):
        from own_models import Tall

        from imgcls_automl.hypermodels.space import HyperModelSpace

        return HyperModelSpace(Tall, {}).suggest(optuna.trial.FixedTrial(params), task)

    def test_a_trial_that_kerastuner_would_call_failed_is_infeasible(self, digits_task):
        with pytest.raises(optuna.TrialPruned, match="more than 5 units are too slow"):
            self.draw(digits_task, units=6)

    def test_another_failure_is_left_to_the_build_of_the_trial(self, digits_task):
        assert self.draw(digits_task, units=2).model == {"units": 2}

    def test_a_study_that_refuses_a_draw_is_not_taken_for_one(self, digits_task):
        with pytest.raises(ValueError, match="'units' is not found"):
            self.draw(digits_task)


class TestSettings:
    """What KerasTuner's `Tuner` would be told."""

    def test_only_declared_hyperparameters_are_tuned_where_that_is_wished(self, digits_task):
        import keras_tuner
        from own_models import Conditional

        from imgcls_automl.hypermodels.space import HyperModelSpace

        class Declared(Conditional):
            def declare_hyperparameters(self, hp):
                hp.Choice("kind", ["mlp", "cnn"])

        assert issubclass(Declared, keras_tuner.HyperModel)
        trial = ask()
        candidate = HyperModelSpace(Declared, {"tune_new_entries": "False"}).suggest(
            trial, digits_task
        )
        assert list(trial.params) == ["kind"]
        assert candidate.model["learning_rate"] == 1e-2  # its default

    @pytest.mark.parametrize(
        ("option", "message"),
        [
            ({"batch_size": "many"}, "must be a positive whole number, but got 'many'"),
            ({"targets": "dense"}, "must be one of index, binary, one_hot, but got 'dense'"),
        ],
    )
    def test_values_that_cannot_be_are_refused(self, option, message):
        from own_models import Conditional

        from imgcls_automl.errors import BrokenPluginError
        from imgcls_automl.hypermodels.space import HyperModelSpace

        with pytest.raises(BrokenPluginError, match=message):
            HyperModelSpace(Conditional, option)
