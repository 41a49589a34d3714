"""The space `cnn_augmented`: the networks of `cnn_deep`, with every change of pictures searched."""

from __future__ import annotations

from dataclasses import asdict

import optuna
import pytest
from image_tasks import build, draw, draw_baselines, make_task
from imgcls_search_spaces.cnn_augmented import CnnAugmented
from imgcls_search_spaces.cnn_deep import CnnDeep

PHOTOS = make_task((64, 64, 3), classes=5)
CHANGES = ("rotation", "zoom", "translation", "erasing", "mixup")


def list_parameters(space):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    names = set()
    for _ in range(50):
        trial = study.ask()
        space.suggest(trial, PHOTOS)
        names |= set(trial.params)
    return names


class TestSuggest:
    def test_it_searches_what_cnn_deep_does_and_the_strength_of_each_change(self):
        assert list_parameters(CnnAugmented()) == list_parameters(CnnDeep()) | set(CHANGES)

    @pytest.mark.parametrize("change", CHANGES)
    def test_each_change_is_sometimes_off_and_sometimes_strong(self, change):
        drawn = draw(CnnAugmented(), PHOTOS, 200)
        strengths = {getattr(candidate.training.augmentation, change) for candidate in drawn}
        assert 0.0 in strengths
        assert len(strengths) >= 5

    def test_no_change_makes_a_photo_unrecognisable(self):
        for candidate in draw(CnnAugmented(), PHOTOS, 200):
            augmentation = candidate.training.augmentation
            assert augmentation.rotation <= 0.1  # of a full turn: 36 degrees
            assert augmentation.zoom <= 0.3
            assert augmentation.translation <= 0.2
            assert augmentation.erasing <= 0.5


class TestBaselines:
    def test_one_changes_pictures_gently_and_the_other_not_at_all(self):
        gentle, none = draw_baselines(CnnAugmented(), PHOTOS)
        assert all(asdict(gentle.training.augmentation).values())
        assert not any(asdict(none.training.augmentation).values())

    def test_augmentation_is_all_that_tells_them_apart(self):
        gentle, none = draw_baselines(CnnAugmented(), PHOTOS)
        assert gentle.model == none.model
        assert asdict(gentle.training) | {"augmentation": None} == asdict(none.training) | {
            "augmentation": None
        }


@pytest.mark.slow
def test_it_builds_the_networks_of_cnn_deep():
    first = draw_baselines(CnnAugmented(), PHOTOS)[0]
    ours, theirs = (build(space, first, PHOTOS) for space in (CnnAugmented(), CnnDeep()))
    assert ours.get_config()["layers"] == theirs.get_config()["layers"]
