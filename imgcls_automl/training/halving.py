"""A candidate that memory was too short for, at half its batch size."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imgcls_automl.training.bench import Bench
    from imgcls_automl.trial_files import StoredCandidate


def halve_batch(stored: StoredCandidate | None, bench: Bench) -> StoredCandidate | None:
    """The candidate to try next; None where it was halved before, or is trained on single pictures.

    A batch is never larger than the training split, so that half of what was drawn may change nothing.
    """
    if stored is None or stored.drawn_batch_size is not None:
        return None
    training = stored.candidate.training
    size = min(training.batch_size, bench.pictures.holdouts[0].epoch_size) // 2
    if size < 1:
        return None
    smaller = replace(stored.candidate, training=replace(training, batch_size=size))
    return replace(stored, candidate=smaller, drawn_batch_size=training.batch_size)
