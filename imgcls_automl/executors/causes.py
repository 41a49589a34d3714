"""Why trials fail, or are drawn again untrained: the closed sets of causes that results and the engine go by."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Failure(StrEnum):
    """Why a trial failed. Each ends that trial alone, and its candidate is infeasible to the sampler."""

    NOT_FINITE = "not finite"  # a loss or logits that are NaN or infinite
    OUT_OF_MEMORY = "out of memory"  # of the device or the machine, at half the batch size too
    # build() refuses, or does not give one logit a class
    INVALID_ARCHITECTURE = "invalid architecture"
    SPACE_ERROR = "error in the space"  # its author's code raised something else
    TRAINING_ERROR = "error in training"  # raised by what the author's code is not part of
    CRASH = "crash"  # the worker process died
    HANG = "hang"  # it said nothing any more
    LOST_WORKER = "lost worker"  # it was taken away, for nothing that the candidate has done


class Refusal(StrEnum):
    """Why a candidate was not trained. Such draws are infeasible: they are not counted as trials."""

    DRAW = "infeasible"  # suggest() said so
    DUPLICATE = "duplicate"  # of one that has ended, or is being trained
    LIMIT = "over a limit"  # of parameters, computation or time


# No failure: the search's time was up. Trials that end so are pruned, or complete where there is no other model.
TIMEOUT: Final = "timeout"

# What trying the same candidate once more could not mend.
LASTING_FAILURES = frozenset(Failure) - {Failure.CRASH, Failure.HANG, Failure.LOST_WORKER}

# No ending at all: another run has trained this, under other conditions. It tells the sampler where to look.
CARRIED_OVER = "carried over"
