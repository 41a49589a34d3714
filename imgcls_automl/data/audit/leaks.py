"""What copies, near copies and groups of pictures mean for classes and splits."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from imgcls_automl.data.dataset import LEFT_OUT, SPLITS
from imgcls_automl.data.decoded import Issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcls_automl.data.audit.twins import Twins
    from imgcls_automl.data.decoded import Contents


def list_copies(contents: Contents, splits: np.ndarray, sets: np.ndarray) -> Iterator[Issue]:
    """An issue for each picture but one of every set of copies: `"left_out_copy"`, where another split has the one
    that stays, or `"copy"`; and `"copy_across_classes"` as well, where their labels differ.
    """
    kept = find_kept(splits, sets)
    for place in np.flatnonzero(kept != np.arange(len(sets))).tolist():
        other = int(kept[place])
        problem, detail = "copy", f"the same pixels as {contents.ids[other]!r}"
        if splits[place] == LEFT_OUT:
            problem, detail = "left_out_copy", f"{detail}, which is in {SPLITS[splits[other]]}"
        yield Issue(id=contents.ids[place], problem=problem, detail=detail)
        yield from _compare_labels(contents, place, other, "copy_across_classes")


def list_near_copies(contents: Contents, splits: np.ndarray, twins: Twins) -> Iterator[Issue]:
    """An issue for each pair, named by the picture of the earlier split: `"near_copy_across_splits"` or `"near_copy"`;
    and `"near_copy_across_classes"` as well, where their labels differ.
    """
    kept = find_kept(splits, twins.sets)
    for pair, difference in zip(kept[twins.near], twins.differences, strict=True):
        place, other = sorted(pair, key=lambda place: (splits[place], -place))
        detail = (
            f"its pixels differ by {difference:.2f} of 255 on average from {contents.ids[other]!r}"
        )
        problem = "near_copy"
        if splits[place] != splits[other]:
            problem = "near_copy_across_splits"
            detail += f", which is in {SPLITS[splits[other]]}"
        yield Issue(id=contents.ids[place], problem=problem, detail=detail)
        yield from _compare_labels(contents, place, other, "near_copy_across_classes")


def list_straddling_groups(contents: Contents, splits: np.ndarray) -> Iterator[Issue]:
    """An issue for each group that the source states to be in several splits, named by its first picture."""
    members: dict[str, list[int]] = defaultdict(list)
    for place, group in enumerate(contents.groups):
        if group is not None and splits[place] != LEFT_OUT:
            members[group].append(place)
    for group, places in members.items():
        sizes = np.bincount(splits[places], minlength=len(SPLITS))
        if np.count_nonzero(sizes) > 1:
            where = ", ".join(f"{size} in {SPLITS[it]}" for it, size in enumerate(sizes) if size)
            detail = f"its group {group!r} has pictures in several splits: {where}"
            yield Issue(id=contents.ids[places[0]], problem="group_across_splits", detail=detail)


def find_kept(splits: np.ndarray, sets: np.ndarray) -> np.ndarray:
    """The first picture of each set of copies that is not left out, for each picture, int (N,)."""
    order = np.argsort(splits == LEFT_OUT, kind="stable")
    _, first, number = np.unique(sets[order], return_index=True, return_inverse=True)
    kept = np.empty_like(order)
    kept[order] = order[first[number]]
    return kept


def _compare_labels(contents: Contents, place: int, other: int, problem: str) -> Iterator[Issue]:
    label, others = (contents.class_names[contents.labels[it]] for it in (place, other))
    if label != others:
        detail = f"labelled {label!r}, but {contents.ids[other]!r} is labelled {others!r}"
        yield Issue(id=contents.ids[place], problem=problem, detail=detail)
