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
    """An issue for each picture with a near copy in a later split, `"near_copy_across_splits"`, or else further up in
    its own, `"near_copy"`; and `"near_copy_across_classes"` as well, where one of these has another label.

    However many a picture has, an issue names one of them: of a later split before one of its own, then the closest.
    """
    kept = find_kept(splits, twins.sets)
    pairs = _put_named_first(kept[twins.near], splits)
    labels = contents.labels[pairs]
    is_same_split = splits[pairs[:, 0]] == splits[pairs[:, 1]]
    order = np.lexsort((pairs[:, 1], twins.differences, is_same_split, pairs[:, 0]))
    across = order[(labels[:, 0] != labels[:, 1])[order]]
    others = dict(pairs[_take_first_of_each(across, pairs[:, 0])].tolist())
    for row in _take_first_of_each(order, pairs[:, 0]):
        place, other = pairs[row].tolist()
        yield _tell_near_copy(contents, splits, place, other, twins.differences[row])
        if place in others:
            yield from _compare_labels(contents, place, others[place], "near_copy_across_classes")


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


def _put_named_first(pairs: np.ndarray, splits: np.ndarray) -> np.ndarray:
    """Pairs (M, 2) with the picture of the earlier split first; within a split, with the later picture."""
    left, right = np.sort(pairs, axis=1).T
    is_left = splits[left] < splits[right]
    return np.stack([np.where(is_left, left, right), np.where(is_left, right, left)], axis=1)


def _take_first_of_each(order: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The first of the rows in this order that have a value, for each value."""
    _, first = np.unique(values[order], return_index=True)
    return order[first]


def _tell_near_copy(
    contents: Contents, splits: np.ndarray, place: int, other: int, difference: float
) -> Issue:
    problem = "near_copy"
    detail = f"its pixels differ by {difference:.2f} of 255 on average from {contents.ids[other]!r}"
    if splits[place] != splits[other]:
        problem = "near_copy_across_splits"
        detail += f", which is in {SPLITS[splits[other]]}"
    return Issue(id=contents.ids[place], problem=problem, detail=detail)


def _compare_labels(contents: Contents, place: int, other: int, problem: str) -> Iterator[Issue]:
    label, others = (contents.class_names[contents.labels[it]] for it in (place, other))
    if label != others:
        detail = f"labelled {label!r}, but {contents.ids[other]!r} is labelled {others!r}"
        yield Issue(id=contents.ids[place], problem=problem, detail=detail)
