"""What must hold of a data set before anything is trained on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imgcls_automl.data.dataset import LEFT_OUT, SPLITS
from imgcls_automl.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcls_automl.data.dataset import DatasetRequest
    from imgcls_automl.data.decoded import Contents, Issue

TOLERATED = 10  # unreadable pictures, and
TOLERATED_SHARE = 0.01  # of all: more than both stop a run
_LISTED = 5


def check_unreadable(contents: Contents, request: DatasetRequest) -> None:
    """Refuse a set of which too much cannot be read.

    Raises:
        DatasetError: More than `request.max_bad` pictures; where that is None, more than 1% and than 10.
    """
    bad, total = len(contents.issues), len(contents.issues) + len(contents.ids)
    allowed = count_tolerated(total, request.max_bad)
    if bad > allowed:
        raise DatasetError(
            f"{bad} of {total} pictures cannot be read, and at most {allowed} may be left out: "
            f"{_list_issues(contents.issues)}.\n"
            f"List them all: {request.inspect_command}\n"
            f"Repair or remove them, or go on without them: --max-bad {bad}"
        )


def check_unreadable_so_far(issues: Sequence[Issue], total: int, request: DatasetRequest) -> None:
    """Refuse a set as soon as it is certain that too much of it cannot be read.

    Args:
        issues: Those found so far.
        total: Pictures of the whole set, the unreadable ones included.
        request: Says how many may be.

    Raises:
        DatasetError: As in `check_unreadable`.
    """
    allowed = count_tolerated(total, request.max_bad)
    if len(issues) > allowed:
        raise DatasetError(
            f"{len(issues)} or more of {total} pictures cannot be read, and at most {allowed} may be "
            f"left out: {_list_issues(issues)}.\n"
            f"The rest was not looked at. List them all: {request.inspect_command}\n"
            "Repair or remove them, or allow more: --max-bad N"
        )


def count_tolerated(total: int, max_bad: int | None) -> int:
    """How many of `total` pictures may be unreadable."""
    return max(TOLERATED, int(TOLERATED_SHARE * total)) if max_bad is None else max_bad


def _list_issues(issues: Sequence[Issue]) -> str:
    listed = "; ".join(f"{issue.id!r} ({issue.detail})" for issue in issues[:_LISTED])
    return listed + (f"; and {len(issues) - _LISTED} more" if len(issues) > _LISTED else "")


def check_classes(contents: Contents, request: DatasetRequest) -> None:
    """Refuse a set that teaches nothing.

    Raises:
        DatasetError: There are fewer than two classes, or a class has no picture that can be read, or a single one.
    """
    if len(contents.class_names) < 2:
        raise DatasetError(
            f"All {len(contents.ids)} pictures are of one class, {contents.class_names[0]!r}; "
            "a classifier needs two or more.\n"
            "Check that the source holds one folder, or one label, a class."
        )
    counts = np.bincount(contents.labels, minlength=len(contents.class_names))
    lost = [contents.class_names[c] for c in np.flatnonzero(counts == 0)]
    if lost:
        raise DatasetError(
            f"Not one picture of the class {lost[0]!r}{_and_more(len(lost))} can be read.\n"
            f"See why, and repair them or take the class out: {request.inspect_command}"
        )
    single = [
        contents.ids[int(np.argmax(contents.labels == c))] for c in np.flatnonzero(counts == 1)
    ]
    if single:
        names = [contents.class_names[c] for c in np.flatnonzero(counts == 1)]
        raise DatasetError(
            f"The class {names[0]!r}{_and_more(len(names))} has a single readable picture, {single[0]!r}; "
            "one cannot both train and validate.\nAdd pictures of it, or take the class out."
        )


def check_splits(
    contents: Contents, splits: np.ndarray, *, needed: tuple[str, ...] = SPLITS
) -> None:
    """Refuse splits that cannot train, select and test; `needed` are those that must hold a picture.

    Raises:
        DatasetError: A class has no training picture, or none but copies of others; or a split is empty.
    """
    trained = np.bincount(contents.labels[splits == 0], minlength=len(contents.class_names))
    missing = [contents.class_names[c] for c in np.flatnonzero(trained == 0)]
    left_out = contents.labels[splits == LEFT_OUT]
    copied = [name for name in missing if contents.class_names.index(name) in left_out]
    if copied:
        raise DatasetError(
            f"Every training picture of the class {copied[0]!r}{_and_more(len(copied))} is in validation or test too, "
            "pixel for pixel.\nGive different pictures to train on and to test on."
        )
    if missing:
        raise DatasetError(
            f"The class {missing[0]!r}{_and_more(len(missing))} has no picture in the training split, "
            "only in validation or test.\nAdd some, check the spelling of the labels, or drop the class."
        )
    sizes = [int(np.count_nonzero(splits == code)) for code in range(len(SPLITS))]
    empty = [name for name, size in zip(SPLITS, sizes, strict=True) if name in needed and not size]
    if empty:
        raise DatasetError(
            f"{len(contents.ids)} pictures are too few: none is left for the {empty[0]} split.\n"
            "Give at least 3 pictures a class; exact copies count as one."
        )


def _and_more(count: int) -> str:
    return f" (and {count - 1} more)" if count > 1 else ""
