"""What matters most about a data set, in a sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcls_automl.data.dataset import SPLITS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imgcls_automl.data.audit.balance import Balance
    from imgcls_automl.data.decoded import Issue

UNEVEN = 5.0  # times the pictures of the smallest class
ODD_LOOKS = {
    "blank": "blank",
    "dark": "dark",
    "bright": "bright",
    "blurred": "blurred",
    "odd_size": "of an odd size",
    "odd_aspect": "of an odd aspect",
}
_NAMED = 3  # classes


def make_remarks(
    issues: Sequence[Issue], left_out: Mapping[str, int], balance: Balance
) -> list[str]:
    """Put the findings of an audit into words, the gravest first; none where nothing is worth a word.

    Args:
        issues: All of them.
        left_out: How many pictures were left out of each stated split.
        balance: Of the classes.
    """
    found = {problem: _name(issues, problem) for problem in {issue.problem for issue in issues}}
    return [
        *_tell_leaks(left_out, len(found.get("group_across_splits", ()))),
        *_tell_copies({problem: len(names) for problem, names in found.items()}),
        *_tell_classes(found, balance),
        *_tell_looks({problem: len(found.get(problem, ())) for problem in ODD_LOOKS}),
    ]


def _tell_leaks(left_out: Mapping[str, int], groups: int) -> list[str]:
    told = []
    for split, count in left_out.items():
        if count:
            later = " or ".join(SPLITS[SPLITS.index(split) + 1 :])
            what = _count(count, f"picture of {split} is", f"pictures of {split} are")
            told.append(f"{what} left out: {later} has the same, pixel for pixel")
    if groups:
        are = _count(groups, "group of pictures is", "groups of pictures are")
        told.append(f"{are} in several of the stated splits: scores may come out too high")
    return told


def _tell_copies(counts: Mapping[str, int]) -> list[str]:
    told = []
    if copies := counts.get("copy", 0):
        are = _count(copies, "picture is an exact copy", "pictures are exact copies")
        told.append(f"{are} of others; copies of one picture are kept in one split")
    if across := counts.get("copy_across_classes", 0):
        have = _count(across, "copy has", "copies have")
        told.append(f"{have} another label than the picture they copy: one of the two is wrong")
    splits = counts.get("near_copy_across_splits", 0)
    if near := counts.get("near_copy", 0) + splits:
        words = _count(near, "picture hardly differs", "pictures hardly differ") + " from another"
        if splits:
            words += f", {splits:,} of them from one in another split: scores may come out too high"
        told.append(words)
    if classes := counts.get("near_copy_across_classes", 0):
        have = _count(classes, "of these has", "of these have")
        told.append(f"{have} another label than what looks the same: one of the two may be wrong")
    return told


def _tell_classes(found: Mapping[str, Sequence[str]], balance: Balance) -> list[str]:
    told = []
    if missing := found.get("class_missing", ()):
        told.append(f"Classes that are missing from a split: {_list(missing)}")
    if alike := found.get("class_name_alike", ()):
        told.append(f"Classes named like another but for case or blanks: {_list(alike)}")
    if balance.ratio >= UNEVEN:
        (largest, most), (smallest, fewest) = balance.largest, balance.smallest
        told.append(
            f"Uneven classes: {most:,} pictures of {largest!r}, {fewest:,} of {smallest!r}; "
            "--class-weight balanced may help"
        )
    return told


def _tell_looks(counts: Mapping[str, int]) -> list[str]:
    odd = [f"{count:,} {ODD_LOOKS[problem]}" for problem, count in counts.items() if count]
    return [f"Pictures unlike the rest: {', '.join(odd)}"] if odd else []


def _name(issues: Sequence[Issue], problem: str) -> list[str]:
    return [issue.id for issue in issues if issue.problem == problem]


def _list(names: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(names))
    more = f" and {len(distinct) - _NAMED} more" if len(distinct) > _NAMED else ""
    return ", ".join(repr(name) for name in distinct[:_NAMED]) + more


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
