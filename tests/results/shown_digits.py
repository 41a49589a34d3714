"""Pictures kept for a report, as a worker keeps them, made of scikit-learn's digits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from imgcls_automl.results.picture_choice import choose_costly, choose_for_cells, measure_answers
from imgcls_automl.results.shown_pictures import ShownPicture, ShownPictures


def make_shown(labels: np.ndarray, probabilities: np.ndarray, ids: list[str]) -> ShownPictures:
    """Keep pictures of digits 900 and following, whose labels and predictions are given."""
    from sklearn.datasets import load_digits

    pixels = (load_digits().images * 15.9).astype(np.uint8)[900:, :, :, None]
    answers = measure_answers(labels, probabilities)
    costly = choose_costly(answers)
    rows = list(dict.fromkeys([*costly, *choose_for_cells(answers, 600)]))
    tested = [
        ShownPicture(
            id=ids[row],
            split="test",
            label=int(labels[row]),
            predicted=int(answers.predicted[row]),
            probability=float(answers.probability[row]),
            loss=float(answers.loss[row]),
        )
        for row in rows
    ]
    heat = np.zeros((len(costly), 4, 4), np.uint8)
    heat[:, 1, 2] = 255
    shown = ShownPictures(
        pictures=tuple(tested),
        pixels=pixels[rows],
        heat=heat,
        heat_rows=tuple(range(len(costly))),
        heat_layer="re_lu_3",
        heat_missing="",
        originals=pixels[:2],
        changed=np.stack([pixels[:2, ::-1]] * 3),
        strengths={"rotation": 0.1},
    )
    return with_samples(shown, pixels[:2], ids[:2])


def with_samples(shown: ShownPictures, pixels: np.ndarray, ids: list[str]) -> ShownPictures:
    samples = tuple(
        ShownPicture(id=f"train:{it}", split="train", label=0, sample=True) for it in ids
    )
    return change(
        shown,
        pictures=shown.pictures + samples,
        pixels=np.concatenate([shown.pixels, pixels]),
    )


def change(shown: ShownPictures, **values: Any) -> ShownPictures:
    return replace(shown, **values)
