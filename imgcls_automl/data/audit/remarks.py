"""What matters most about a data set, in a sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcls_automl.data.dataset import SPLITS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imgcls_automl.data.audit.balance import Balance
    from imgcls_automl.data.decoded import Issue

UNEVEN = 5.0  # times the pictures of the smallest class
ODD_LOOKS = ("blank", "dark", "bright", "blurred", "odd_size", "odd_aspect")
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
            are = "is" if count == 1 else "are"
            told.append(
                f"{_count(count, 'picture')} of {split} {are} left out: {later} has the same"
            )
    if groups:
        told.append(
            f"{_count(groups, 'group')} of pictures {'is' if groups == 1 else 'are'} "
            "in several of the stated splits, so scores may flatter"
        )
    return told


def _tell_copies(counts: Mapping[str, int]) -> list[str]:
    told = []
    across = counts.get("copy_across_classes", 0)
    if copies := counts.get("copy", 0) + across:
        told.append(
            f"{_count(copies, 'exact copy', 'exact copies')} of other pictures, kept in one split with them"
        )
    if across:
        told.append(f"{across:,} of them with another label than the same picture has elsewhere")
    splits, classes = (counts.get(f"near_copy_across_{it}", 0) for it in ("splits", "classes"))
    if near := counts.get("near_copy", 0) + splits + classes:
        words = f"{_count(near, 'pair')} of pictures that hardly differ"
        if splits:
            words += f", {splits:,} of them in two splits: scores may flatter"
        told.append(words)
    return told


def _tell_classes(found: Mapping[str, Sequence[str]], balance: Balance) -> list[str]:
    told = []
    if missing := found.get("class_missing", ()):
        told.append(f"Classes that are missing from validation or test: {_list(missing)}")
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
    odd = [f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items() if count]
    return [f"Pictures unlike the rest: {', '.join(odd)}"] if odd else []


def _name(issues: Sequence[Issue], problem: str) -> list[str]:
    return [issue.id for issue in issues if issue.problem == problem]


def _list(names: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(names))
    more = f" and {len(distinct) - _NAMED} more" if len(distinct) > _NAMED else ""
    return ", ".join(repr(name) for name in distinct[:_NAMED]) + more


def _count(number: int, noun: str, nouns: str | None = None) -> str:
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"
