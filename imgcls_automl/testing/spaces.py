"""The contract of search spaces, as a class that their tests subclass."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imgcls_automl.plugin import HasInitialise
from imgcls_automl.testing.candidates import (
    TASKS,
    build,
    describe_task,
    draw,
    draw_images,
    list_baselines,
    pick_candidates,
    replay,
)
from imgcls_automl.testing.imports import require_light_import
from imgcls_automl.testing.networks import describe_layers, require_logits, take_step
from imgcls_automl.testing.promises import blaming, require, require_methods

if TYPE_CHECKING:
    from imgcls_automl.plugin import SearchSpace

DRAWS = 20
SMALL, USUAL = TASKS[:2]

_LOGITS = "End in keras.layers.Dense(task.num_classes), without softmax or sigmoid."


class SearchSpaceContract:
    """What every search space promises.

    Subclass it with a fixture `space`: yours, made.

        class TestOneLayer(SearchSpaceContract):
            @pytest.fixture
            def space(self):
                return OneLayer()
    """

    def test_it_has_the_methods_of_a_space(self, space: SearchSpace) -> None:
        """It has suggest(trial, task) and build(model, task), for an API version that is spoken here."""
        require_methods(space, suggest=("trial", "task"), build=("model", "task"))

    def test_its_module_imports_no_framework(self, space: SearchSpace) -> None:
        """Importing its module is light: Keras is imported inside build, so that lists and help stay instant."""
        require_light_import(space)

    def test_a_candidate_is_json(self, space: SearchSpace) -> None:
        """Every candidate's model survives JSON exactly; a run is resumed and rebuilt from it."""
        for task in TASKS:
            for _, candidate in draw(space, task, DRAWS):
                model = dict(candidate.model)
                with blaming(
                    f"JSON of {model}", "Put bool, int, float (no NaN) or str into model."
                ):
                    read = json.loads(json.dumps(model, allow_nan=False))
                require(read == model, f"{model} read from JSON is {read}.", "Use plain values.")

    def test_the_same_parameters_give_the_same_candidate(self, space: SearchSpace) -> None:
        """A candidate follows from the drawn parameters alone: replayed from them, it is the same."""
        for task in TASKS:
            for params, candidate in draw(space, task, DRAWS):
                again = replay(space, params, task)
                require(
                    again == candidate,
                    f"suggest() with {params} gave {candidate}, then {again}.",
                    "Draw everything from the trial: no random module, no clock, no state of your own.",
                )

    def test_the_same_seed_draws_the_same(self, space: SearchSpace) -> None:
        """A search with the same seed draws the same candidates."""
        first, second = (draw(space, USUAL, DRAWS, seed=7) for _ in range(2))
        require(
            first == second,
            "Two searches with the same seed drew different candidates.",
            "Call suggest_* in the same order with the same ranges; sort what comes from a set.",
        )

    def test_baselines_are_complete(self, space: SearchSpace) -> None:
        """Baselines, where there are any, hold exactly what suggest draws, in range and without a warning."""
        import optuna

        for task in TASKS:
            for params in list_baselines(space, task):
                study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
                study.enqueue_trial(params)
                trial = study.ask()
                what = f"the baseline {params} for {describe_task(task)}"
                with (
                    blaming(f"Replaying {what}", "Keep each value in the range suggest gives it."),
                    warnings.catch_warnings(),
                ):
                    warnings.simplefilter("error")
                    space.suggest(trial, task)
                missing = sorted(trial.params.keys() - params.keys())
                unused = sorted(params.keys() - trial.params.keys())
                require(
                    not missing and not unused,
                    f"suggest() draws {missing or 'nothing'} beyond, and never asks for {unused or 'nothing'} of, "
                    f"{what}.",
                    "Give one value for every name that suggest draws on the way, and no other.",
                )

    def test_it_builds_at_every_shape(self, space: SearchSpace) -> None:
        """Every candidate builds from 8x8 up, grey and colour, for few and many classes, uncompiled."""
        for task in TASKS:
            for candidate in pick_candidates(space, task):
                model = build(space, candidate, task)
                shape = tuple(model.compute_output_shape((None, *task.image_shape)))
                require(
                    shape == (None, task.num_classes),
                    f"build({dict(candidate.model)}) for {describe_task(task)} gives {shape}.",
                    f"Give (None, {task.num_classes}), one logit a class.",
                )
                require(not model.compiled, "build() compiled its model.", "Leave compiling to us.")

    def test_it_gives_logits(self, space: SearchSpace) -> None:
        """What it builds gives finite logits, not probabilities."""
        for task in (SMALL, USUAL):
            for candidate in pick_candidates(space, task):
                require_logits(build(space, candidate, task), draw_images(task, 16), _LOGITS)

    def test_it_can_be_trained(self, space: SearchSpace) -> None:
        """Gradients are finite, and a step changes weights."""
        for candidate in pick_candidates(space, USUAL):
            what = f"build({dict(candidate.model)})"
            finite, changed = take_step(build(space, candidate, USUAL), draw_images(USUAL, 4))
            require(
                finite,
                f"One step of training {what} made weights NaN or infinite.",
                "Look for sqrt, log or a division at zero: their gradients are infinite there.",
            )
            require(
                changed,
                f"One step of training {what} changed no weight.",
                "Let the logits depend on trainable weights.",
            )

    def test_the_same_model_gives_the_same_network(self, space: SearchSpace) -> None:
        """A network follows from model, picture shape and class names alone: the same layers every time."""
        fewer = replace(USUAL, class_counts=(3,) * USUAL.num_classes)
        for candidate in pick_candidates(space, USUAL):
            stored = replace(candidate, model=json.loads(json.dumps(dict(candidate.model))))
            first = describe_layers(build(space, candidate, USUAL))
            for task in (USUAL, fewer):
                again = describe_layers(build(space, stored, task, seed=1))
                require(
                    again == first,
                    f"build({dict(candidate.model)}) gave other layers the second time.",
                    "Put all that build needs into model; draw nothing in build, count no pictures.",
                )

    def test_it_sets_no_dtype_policy(self, space: SearchSpace) -> None:
        """build leaves Keras's dtype policy as it is: precision is chosen for the device."""
        import keras

        before = keras.config.dtype_policy().name
        build(space, pick_candidates(space, SMALL, count=1)[0], SMALL)
        after = keras.config.dtype_policy().name
        keras.config.set_dtype_policy(before)
        require(
            after == before,
            f"build() changed Keras's dtype policy from {before} to {after}.",
            "Leave keras.config.set_dtype_policy out.",
        )

    def test_initialise_sets_usable_weights(self, space: SearchSpace) -> None:
        """initialise, where there is one, changes no picture and leaves the network giving finite logits."""
        if not isinstance(space, HasInitialise):
            return
        floats = draw_images(USUAL, 32)
        images: Any = (floats * 255).astype("uint8")
        kept = images.copy()
        model = build(space, pick_candidates(space, USUAL, count=1)[0], USUAL)
        with blaming(
            "initialise(model, images)", "It gets the built model and uint8 (N, H, W, C)."
        ):
            space.initialise(model, images)
        require((images == kept).all(), "initialise() changed pictures.", "Work on a copy of them.")
        require_logits(model, floats, _LOGITS)
