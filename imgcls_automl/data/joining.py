"""Several sources joined to one: ids stay unique, and no source counts twice."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcls_automl.data.reading import Reading


def refuse_repeats(sources: Sequence[str]) -> None:
    """Raise ConfigError where two sources are the same: its pictures would be in two splits."""
    seen: dict[str, str] = {}
    for source in sources:
        place = os.path.realpath(source) if os.path.exists(source) else source  # noqa: PTH110 - it never raises
        if place in seen:
            raise ConfigError(
                f"{source!r} is given twice as data (first as {seen[place]!r}).\n"
                "Give each source once: a picture must not be in two splits."
            )
        seen[place] = source


def join_readings(sources: Sequence[str], readings: Sequence[Reading]) -> Reading:
    """Join what was read of each source, ordered by id.

    Where sources share an id, every id gets its source's name in front: `"2023/cats/1.jpg"`; the
    path as it was given where two names are the same. Classes and groups of one name are one.
    Notes get that name in any case: no picture is called another for the sake of a README.
    """
    from imgcls_automl.data.reading import Reading  # numpy, which the search process does without

    if len(sources) == 1:
        return readings[0]
    names = _name_sources(sources)
    notes = [
        replace(note, id=f"{name}/{note.id}")
        for reading, name in zip(readings, names, strict=True)
        for note in reading.notes
    ]
    if _share_ids(readings):
        readings = [_mark(reading, name) for reading, name in zip(readings, names, strict=True)]
    samples = [sample for reading in readings for sample in reading.samples]
    problems = [problem for reading in readings for problem in reading.problems]
    return Reading(
        samples=sorted(samples, key=lambda sample: sample.id),
        problems=sorted(problems, key=lambda problem: problem.id),
        notes=notes,
    )


def _share_ids(readings: Sequence[Reading]) -> bool:
    ids = [sample.id for reading in readings for sample in reading.samples]
    ids += [problem.id for reading in readings for problem in reading.problems]
    return len(set(ids)) < len(ids)


def _name_sources(sources: Sequence[str]) -> list[str]:
    names = [Path(source).name or source for source in sources]
    count = Counter(names)
    return [
        name if count[name] == 1 else source for name, source in zip(names, sources, strict=True)
    ]


def _mark(reading: Reading, name: str) -> Reading:
    return replace(
        reading,
        samples=[replace(sample, id=f"{name}/{sample.id}") for sample in reading.samples],
        problems=[replace(problem, id=f"{name}/{problem.id}") for problem in reading.problems],
    )
