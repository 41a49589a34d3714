"""The networks of `cnn_deep`, and how far training pictures may be changed: for photos of which there are few."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcls_automl.plugin import Candidate
from imgcls_search_spaces._deep_cnn import build_network, normalised_baseline, suggest_network
from imgcls_search_spaces._recipes import STRENGTHS, suggest_training

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import keras
    import optuna

    from imgcls_automl.plugin import ImageTask


class CnnAugmented:
    """The space `cnn_augmented`: `cnn_deep` with rotation, zoom, translation, erasing and mixup searched."""

    api_version = 1

    def suggest(self, trial: optuna.trial.BaseTrial, task: ImageTask) -> Candidate:
        """Draw a network and its training, with every change of pictures there is."""
        model = suggest_network(trial)
        return Candidate(model=model, training=suggest_training(trial, task, *STRENGTHS))

    def build(self, model: Mapping[str, Any], task: ImageTask) -> keras.Model:
        """Build float32 images (N, H, W, C) in [0, 1] -> logits (N, num_classes)."""
        return build_network(model, task, name="cnn_augmented")

    def baselines(self, task: ImageTask) -> Sequence[Mapping[str, Any]]:
        """A gentle mix of all changes, then none: the two tell what augmentation is worth here."""
        network = normalised_baseline(task)
        gentle = {"rotation": 0.02, "zoom": 0.1, "translation": 0.05, "erasing": 0.1, "mixup": 0.1}
        none = {"horizontal_flip": False, **dict.fromkeys(STRENGTHS, 0.0)}
        return [network | gentle, network | none]
