"""What a refitted model leaves for the report to show: pictures, where it looked, what its training made of them."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from imgcls_automl.results.picture_choice import (
    MAX_AUGMENTED,
    MAX_PICTURES,
    MAX_SUSPECTS,
    TestAnswers,
    choose_costly,
    choose_for_cells,
    choose_samples,
    measure_answers,
    shrink,
    take_turns,
)
from imgcls_automl.results.shown_pictures import ShownPicture, ShownPictures
from imgcls_automl.text import describe_error
from imgcls_automl.training.heat_maps import compute_heat_maps
from imgcls_automl.training.preview import change_pictures
from imgcls_automl.trial_files import read_candidate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from imgcls_automl.executors.tasks import RefitTask
    from imgcls_automl.training.bench import Bench
    from imgcls_automl.training.refit import Refitted

logger = logging.getLogger(__name__)

VARIANTS = 6


def choose_pictures(
    task: RefitTask, bench: Bench, refitted: Refitted, *, ids: Sequence[str], suspects: set[str]
) -> ShownPictures:
    """Choose the pictures of a run's report and make what is shown beside them.

    Args:
        task: The refit.
        bench: Its pictures.
        refitted: What came of it.
        ids: Of all pictures.
        suspects: The ids of those whose labels are doubted, as far as they are to be shown.
    """
    pictures = bench.pictures
    test = refitted.test.indices
    answers = measure_answers(pictures.labels[test], refitted.test.probabilities)
    costly = choose_costly(answers)
    in_cells = choose_for_cells(answers, MAX_PICTURES)
    train = pictures.indices("train")
    samples = choose_samples(pictures.labels, train)
    said = {int(place): row for row, place in enumerate(test)}
    # Heat maps belong to the first of them.
    places = dict.fromkeys(int(test[row]) for row in (*costly, *in_cells))
    others = [place for place, name in enumerate(ids) if name in suspects][:MAX_SUSPECTS]
    places |= dict.fromkeys(others)
    asked = len(places)
    wrong, named = pictures.images[test[costly]], answers.predicted[costly]
    heat = _find_heat(refitted.model, wrong, named, bench.on_steps)
    chosen = [*places, *(it for it in samples if it not in places)]
    return ShownPictures(
        pictures=tuple(
            _describe(it, ids, bench, answers, said.get(it), is_sample=number >= asked)
            for number, it in enumerate(chosen)
        ),
        pixels=shrink(pictures.images[chosen]),
        heat_rows=tuple(range(len(heat["heat"]))),
        **heat,
        **_augment(task, bench, samples),
    )


def _describe(
    place: int,
    ids: Sequence[str],
    bench: Bench,
    answers: TestAnswers,
    row: int | None,
    *,
    is_sample: bool,
) -> ShownPicture:
    label = int(bench.pictures.labels[place])
    if row is None:
        split = bench.pictures.name_split(place)
        return ShownPicture(id=ids[place], split=split, label=label, sample=is_sample)
    return ShownPicture(
        id=ids[place],
        split="test",
        label=label,
        predicted=int(answers.predicted[row]),
        probability=round(float(answers.probability[row]), 4),
        loss=round(float(answers.loss[row]), 4),
    )


def _find_heat(
    model: Any, pixels: np.ndarray, classes: np.ndarray, on_pass: Callable[[], None]
) -> dict[str, Any]:
    """Heat maps as `ShownPictures` takes them. A model that cannot be looked into is told, and costs nothing else."""
    none = np.zeros((len(pixels), 1, 1), np.uint8)
    if not len(pixels):
        return {"heat": none, "heat_layer": "", "heat_missing": "there was no mistake to look at"}
    try:
        found = compute_heat_maps(model, pixels, [int(index) for index in classes], on_pass=on_pass)
    except Exception as error:  # a network of a plugin's own layers fails as it likes
        logger.exception("No heat maps")
        return {"heat": none, "heat_layer": "", "heat_missing": describe_error(error)}
    if found is None:
        missing = "the network has no feature map that all of it goes through"
        return {"heat": none, "heat_layer": "", "heat_missing": missing}
    heat = (found.maps * 255).round().astype(np.uint8)
    return {"heat": heat, "heat_layer": found.layer, "heat_missing": ""}


def _augment(task: RefitTask, bench: Bench, samples: Sequence[int]) -> dict[str, Any]:
    augmentation = read_candidate(task.trial_folder).candidate.training.augmentation
    strengths = {name: value for name, value in asdict(augmentation).items() if value}
    labels = bench.pictures.labels
    of_class = [
        [it for it in samples if labels[it] == label] for label in np.unique(labels[samples])
    ]
    chosen = take_turns(of_class, MAX_AUGMENTED)
    pixels = np.asarray(bench.pictures.images[chosen])
    keras.utils.set_random_seed(task.seed)
    variants = VARIANTS if strengths else 0
    changed = [shrink(it) for it in change_pictures(pixels, augmentation, variants)]
    originals = shrink(pixels)
    return {
        "originals": originals,
        "changed": np.stack(changed) if changed else np.zeros((0, *originals.shape), np.uint8),
        "strengths": strengths,
    }
