"""Processes killed while they write checkpoints, and what can be read afterwards."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from imgcls_automl.training.checkpoint import (
    Checkpoint,
    Snapshot,
    read_checkpoint,
    write_checkpoint,
)
from imgcls_automl.training.progress import Progress

PARAMETERS = 500_000  # of the written network; its optimizer's state is twice that
LONGEST_WAIT = 0.2  # seconds from the first whole checkpoint to the kill


@dataclass(frozen=True, slots=True, kw_only=True)
class Kills:
    """What was seen.

    Attributes:
        kills: How many processes were killed.
        amid_writing: How many of them in the middle of a checkpoint, which left a half-written file.
        unreadable: After how many no whole checkpoint could be read.
        lost: After how many the one that was read was older than the last but one.
    """

    kills: int
    amid_writing: int
    unreadable: int
    lost: int


def kill_writers(kills: int, folder: Path, *, seed: int = 0) -> Kills:
    """Start a process that writes one checkpoint after the other and kill it at a random moment, so many times."""
    moments = random.Random(seed)
    amid = unreadable = lost = 0
    for number in range(kills):
        place = folder / str(number)
        place.mkdir()
        last = _kill_one(place, moments.uniform(0.0, LONGEST_WAIT))
        amid += any(place.glob(".writing-*"))
        found = read_checkpoint(place)
        if found is None or not _is_whole(found):
            unreadable += 1
        elif found.seconds < last:
            lost += 1
        for file in place.iterdir():
            file.unlink()
    return Kills(kills=kills, amid_writing=amid, unreadable=unreadable, lost=lost)


def _kill_one(place: Path, wait: float) -> float:
    """Kill a writer; returns the number of the last checkpoint that it said was written."""
    with subprocess.Popen(
        [sys.executable, __file__, place], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(wait)
        writer.kill()
        return float([first, *writer.stdout.readlines()][-1])


def _is_whole(checkpoint: Checkpoint) -> bool:
    """Whether all of its arrays are those of the time it says it is of."""
    assert checkpoint.snapshot is not None
    arrays = [*checkpoint.snapshot.weights, *checkpoint.snapshot.state]
    return len(arrays) == 3 and all((array == checkpoint.seconds).all() for array in arrays)


def write_for_ever(place: Path) -> None:
    """Write checkpoints whose arrays are filled with the number of their turn, and print it when one is done."""
    turn = 0
    while True:
        turn += 1
        filled = [np.full(PARAMETERS, turn, "float32") for _ in range(3)]
        snapshot = Snapshot(weights=filled[:1], state=filled[1:])
        checkpoint = Checkpoint(key={}, seconds=turn, trainings=[Progress()], snapshot=snapshot)
        write_checkpoint(place, checkpoint)
        print(turn, flush=True)


if __name__ == "__main__":
    write_for_ever(Path(sys.argv[1]))
