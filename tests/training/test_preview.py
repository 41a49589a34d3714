"""A preview shows what training would: the space's strongest changes, and the pictures they were made of."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import optuna
import pytest

from imgcls_automl.errors import BrokenPluginError
from imgcls_automl.executors.tasks import PreviewTask
from imgcls_automl.plugin import Augmentation, Candidate, Training

PLACES = (3, 10, 11)


class Turns:
    """Draws how far pictures are turned."""

    highest = 0.2

    def suggest(self, trial, task):
        rotation = trial.suggest_float("rotation", 0.0, self.highest)
        if rotation > 0.1:
            raise optuna.TrialPruned("too far")
        return Candidate(model={}, training=Training(augmentation=Augmentation(rotation=rotation)))

    def build(self, model, task):
        return None


class TurnsAndFlips(Turns):
    """Turns little but flips in its baseline."""

    def baselines(self, task):
        return [{"rotation": 0.01}]

    def suggest(self, trial, task):
        flip = isinstance(trial, optuna.trial.FixedTrial)
        rotation = trial.suggest_float("rotation", 0.0, self.highest)
        return Candidate(
            model={},
            training=Training(augmentation=Augmentation(horizontal_flip=flip, rotation=rotation)),
        )


class Still(Turns):
    def suggest(self, trial, task):
        return Candidate(model={})


class Mixes(Turns):
    def suggest(self, trial, task):
        return Candidate(model={}, training=Training(augmentation=Augmentation(mixup=0.4)))


class Lost(Turns):
    def suggest(self, trial, task):
        raise LookupError("lost its way")


@pytest.fixture
def show(pictures, tmp_path):
    """Preview a space on digits: its strengths and the pictures, uint8 (V, P, H, W, C)."""

    def show(space, variants=4):
        from imgcls_automl.training.preview import preview

        file = tmp_path / "changed.npy"
        task = PreviewTask(places=PLACES, variants=variants, seed=0, file=file)
        result = preview(task, SimpleNamespace(space=space, pictures=pictures))
        return result.strengths, np.load(file)

    return show


def test_the_strongest_feasible_draw_is_shown(show, pictures):
    strengths, changed = show(Turns())
    assert set(strengths) == {"rotation"}
    assert 0.08 < strengths["rotation"] <= 0.1
    assert changed.shape == (4, 3, *pictures.images.shape[1:])
    assert changed.dtype == np.uint8
    assert not np.array_equal(changed[0], changed[1])


def test_more_kinds_of_changes_are_stronger_and_baselines_count(show):
    assert show(TurnsAndFlips())[0] == {"horizontal_flip": True, "rotation": 0.01}


def test_a_space_without_changes_leaves_pictures_as_they_are(show, pictures):
    strengths, changed = show(Still(), variants=1)
    assert strengths == {}
    assert np.array_equal(changed[0], pictures.images[list(PLACES)])


def test_mixup_is_shown_too(show, pictures):
    originals = pictures.images[list(PLACES)].astype(int)
    _, changed = show(Mixes(), variants=8)
    # The middle one of three is mixed with itself.
    assert np.abs(changed[:, 1].astype(int) - originals[1]).max() <= 1
    assert any(np.abs(batch[0].astype(int) - originals[0]).max() > 5 for batch in changed)


def test_a_space_that_fails_is_blamed(show):
    with pytest.raises(BrokenPluginError, match=r"LookupError: lost its way"):
        show(Lost())
