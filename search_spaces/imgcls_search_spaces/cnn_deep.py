"""Deeper convolutional networks, for photos of about 64x64 pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcls_automl.plugin import Candidate
from imgcls_search_spaces._deep_cnn import (
    build_network,
    normalised_baseline,
    published_baseline,
    suggest_network,
)
from imgcls_search_spaces._recipes import suggest_training

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import keras
    import optuna

    from imgcls_automl.plugin import ImageTask


class CnnDeep:
    """The space `cnn_deep`: three to five convolution blocks and a dense layer, from 8x8 pictures up."""

    api_version = 1

    def suggest(self, trial: optuna.trial.BaseTrial, task: ImageTask) -> Candidate:
        """Draw a network and its training; of augmentation, flips alone."""
        return Candidate(model=suggest_network(trial), training=suggest_training(trial, task))

    def build(self, model: Mapping[str, Any], task: ImageTask) -> keras.Model:
        """Build float32 images (N, H, W, C) in [0, 1] -> logits (N, num_classes)."""
        return build_network(model, task, name="cnn_deep")

    def baselines(self, task: ImageTask) -> Sequence[Mapping[str, Any]]:
        """The published network made quick to train, then as it is published."""
        return [normalised_baseline(task), published_baseline(task)]
