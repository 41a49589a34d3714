"""A decoded set as its user wants it: pictures left out by --exclude, labels replaced by --relabel.

Nothing is decoded again for it. What follows in the data stage never sees the excluded pictures; where files hold a
value for every decoded picture, `Corrected.spread` fills their places.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from imgcls_automl.data.correction_lists import read_exclusions, read_relabels
from imgcls_automl.data.correction_matching import (
    PictureFinder,
    find_class,
    index_names,
    list_names,
)
from imgcls_automl.data.decoded import Issue
from imgcls_automl.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcls_automl.data.correction_lists import CorrectionList
    from imgcls_automl.data.dataset import DatasetRequest
    from imgcls_automl.data.decoded import Contents


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrections:
    """All lists of a request: of pictures to leave out, and of new labels."""

    exclude: tuple[CorrectionList, ...] = ()
    relabel: tuple[CorrectionList, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Relabelled:
    """A picture, the label its source gives it, and the one it has now."""

    id: str
    label: str
    new_label: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Corrected:
    """A set after its corrections.

    Attributes:
        source: As decoded, N pictures.
        contents: The M pictures that are left, in the same order, with their new labels and a fingerprint of their
            own; the source's where nothing was changed.
        kept: Their places in the source, int64 (M,).
        excluded: An issue for each of the others.
        relabelled: Pictures whose label was changed.
        remarks: What the user should know of it, a sentence each.
    """

    source: Contents
    contents: Contents
    kept: np.ndarray
    excluded: tuple[Issue, ...]
    relabelled: tuple[Relabelled, ...]
    remarks: tuple[str, ...]

    @property
    def mark(self) -> str:
        """Ends the names of files that hold for these corrections only; empty where nothing was changed."""
        changed = self.contents.fingerprint != self.source.fingerprint
        return f"-{self.contents.fingerprint[:16]}" if changed else ""

    @property
    def described(self) -> str:
        """All of it in short, different for different corrections: `"3 excluded, 1 relabelled (4f2a9c0d)"`."""
        mark = f" ({self.mark[1:9]})" if self.mark else ""
        return f"{len(self.excluded)} excluded, {len(self.relabelled)} relabelled{mark}"

    def spread(self, values: np.ndarray, gap: int) -> np.ndarray:
        """Values of the pictures that are left (M,) at their places in the source (N,), `gap` at the others'."""
        spread = np.full(len(self.source.ids), gap, dtype=values.dtype)
        spread[self.kept] = values
        return spread


def read_corrections(request: DatasetRequest) -> Corrections:
    """Read the lists that a request names.

    Raises:
        ConfigError: One cannot be opened.
        DatasetError: One is no such list.
    """
    return Corrections(
        exclude=tuple(read_exclusions(path) for path in request.exclude),
        relabel=tuple(read_relabels(path) for path in request.relabel),
    )


def correct(contents: Contents, corrections: Corrections) -> Corrected:
    """Leave pictures out and replace labels.

    A picture that both kinds of lists name is left out. Where several lists relabel it, the last one counts. A label
    that is no class yet becomes one where a column `new_label` says so; in the other columns it is taken for a
    mistake. A class that is left without a picture is none any more.

    Raises:
        DatasetError: A list names no picture of the set, a class that is not there, or two labels for one picture; or
            no picture is left.
    """
    finder = PictureFinder(contents)
    excluded = _list_excluded(contents, corrections.exclude, finder)
    labels, names = _relabel(contents, corrections.relabel, finder)
    kept = np.setdiff1d(np.arange(len(contents.ids)), list(excluded))
    if not kept.size:
        raise DatasetError(f"--exclude leaves none of the {len(contents.ids)} pictures.")
    changed = kept[labels[kept] != contents.labels[kept]]
    relabelled = tuple(
        Relabelled(
            id=contents.ids[place],
            label=contents.class_names[contents.labels[place]],
            new_label=names[labels[place]],
        )
        for place in changed
    )
    issues = tuple(excluded[place] for place in sorted(excluded))
    left = _select(contents, kept, labels[kept], names)
    unknown = _tell_unknown((*corrections.exclude, *corrections.relabel), finder)
    return Corrected(
        source=contents,
        contents=replace(left, fingerprint=_fingerprint(contents, issues, relabelled)),
        kept=kept,
        excluded=issues,
        relabelled=relabelled,
        remarks=(*_tell_changes(contents, left, issues, relabelled), *unknown),
    )


def _list_excluded(
    contents: Contents, lists: Sequence[CorrectionList], finder: PictureFinder
) -> dict[int, Issue]:
    return {
        place: Issue(
            id=contents.ids[place],
            problem="excluded",
            detail=f"by --exclude {its.path}, line {entry.line}",
        )
        for its in lists
        for place, entry in finder.find(its)
    }


def _relabel(
    contents: Contents, lists: Sequence[CorrectionList], finder: PictureFinder
) -> tuple[np.ndarray, list[str]]:
    """New class indices (N,), and the names they are indices into: new classes come after the old ones."""
    labels, names = contents.labels.copy(), list(contents.class_names)
    classes = index_names(names)
    for its in lists:
        given: dict[int, str] = {}
        for place, entry in finder.find(its):
            if not entry.label:
                continue
            if given.setdefault(place, entry.label) != entry.label:
                raise DatasetError(
                    f"{its.locate(entry)}: {entry.id!r} is to be {entry.label!r}, but {given[place]!r} by a line "
                    "above.\nLeave one of the two."
                )
            found = find_class(its, entry, classes, names)
            if found is None:
                found = len(names)
                names.append(entry.label.strip())
                classes = index_names(names)
            labels[place] = found
    return labels, names


def _select(
    contents: Contents, kept: np.ndarray, labels: np.ndarray, names: Sequence[str]
) -> Contents:
    """The pictures at some places (M,), with labels (M,) of their own and the classes that occur among these.

    A class of which nothing could be read stays, to be refused: it was not the corrections that emptied it.
    """
    unread = set(range(len(contents.class_names))) - set(contents.labels.tolist())
    occurring = sorted({*labels.tolist(), *unread}, key=lambda index: names[index])
    numbers = np.zeros(len(names), dtype=np.int32)
    ids = {contents.ids[place] for place in kept}
    numbers[occurring] = np.arange(len(occurring))
    return replace(
        contents,
        class_names=tuple(names[index] for index in occurring),
        ids=[contents.ids[place] for place in kept],
        labels=numbers[labels],
        stated=[contents.stated[place] for place in kept],
        groups=[contents.groups[place] for place in kept],
        sizes=contents.sizes[kept],
        digests=contents.digests[kept],
        notes=[note for note in contents.notes if note.id in ids],
    )


def _fingerprint(
    contents: Contents, excluded: Sequence[Issue], relabelled: Sequence[Relabelled]
) -> str:
    """What the corrections come to, whatever lists they stand in."""
    if not excluded and not relabelled:
        return contents.fingerprint
    changes = [it.id for it in excluded], [(it.id, it.new_label) for it in relabelled]
    text = repr((contents.fingerprint, changes))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _tell_changes(
    before: Contents,
    after: Contents,
    excluded: Sequence[Issue],
    relabelled: Sequence[Relabelled],
) -> list[str]:
    told = []
    if excluded:
        are = "picture is" if len(excluded) == 1 else "pictures are"
        told.append(f"{len(excluded):,} {are} left out as --exclude says")
    if relabelled:
        have = "picture has" if len(relabelled) == 1 else "pictures have"
        told.append(
            f"{len(relabelled):,} {have} another label as --relabel says: data/relabelled.csv"
        )
    old, new = set(before.class_names), set(after.class_names)
    if new - old:
        told.append(f"Classes made by --relabel: {list_names(sorted(new - old))}")
    if old - new:
        told.append(f"Classes left without a picture, and gone: {list_names(sorted(old - new))}")
    return told


def _tell_unknown(lists: Sequence[CorrectionList], finder: PictureFinder) -> list[str]:
    told = []
    for its in lists:
        if unknown := finder.list_unknown(its):
            names = list_names([entry.id for entry in unknown])
            told.append(
                f"{its.flag}: {len(unknown):,} of {len(its.entries):,} ids in {its.path} are no pictures here: {names}"
            )
    return told
