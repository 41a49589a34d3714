"""All checks of a data set that can be read: what was found, in numbers, picture by picture and in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from imgcls_automl.data.audit.balance import Balance, list_class_problems, measure_balance
from imgcls_automl.data.audit.leaks import list_copies, list_near_copies, list_straddling_groups
from imgcls_automl.data.audit.looks import list_odd_pictures
from imgcls_automl.data.audit.remarks import make_remarks
from imgcls_automl.data.dataset import LEFT_OUT, SPLITS

if TYPE_CHECKING:
    from imgcls_automl.data.audit.examine import Examination
    from imgcls_automl.data.decoded import Contents, Issue

PROBLEMS = (
    "left_out_copy",
    "copy",
    "copy_across_classes",
    "near_copy",
    "near_copy_across_classes",
    "near_copy_across_splits",
    "group_across_splits",
    "class_missing",
    "class_name_alike",
    "blank",
    "dark",
    "bright",
    "blurred",
    "odd_size",
    "odd_aspect",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What is worth knowing of a data set.

    Attributes:
        issues: Of single pictures, each with one of `PROBLEMS`; those of classes have the class's name as their id.
        left_out: How many pictures each stated split lost to copies in a later one, by split.
        balance: Of the classes.
        remarks: What matters most, in words.
        brightness: Mean and standard deviation (`"sd"`), over the pictures outside the test split, of a picture's mean
            pixel, 0-255: what other pictures are compared with.
        sizes: Medians of `"height"` and `"width"` over the same pictures, in pixels before decoding.
    """

    issues: list[Issue]
    left_out: dict[str, int]
    balance: Balance
    remarks: list[str]
    brightness: dict[str, float]
    sizes: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """The audit but for the issues, of which only the numbers are told."""
        found = Counter(issue.problem for issue in self.issues)
        return {
            "issues": {problem: found[problem] for problem in PROBLEMS},
            "left_out": self.left_out,
            "balance": asdict(self.balance),
            "remarks": self.remarks,
            "brightness": self.brightness,
            "sizes": self.sizes,
        }


def audit_set(contents: Contents, splits: np.ndarray, examination: Examination) -> Audit:
    """Judge a set by what is known of its pictures, classes and splits.

    Args:
        contents: The set.
        splits: Indices into `SPLITS`, or `LEFT_OUT`, uint8 (N,).
        examination: Of its pixels.
    """
    twins = examination.twins
    issues = [
        *list_copies(contents, splits, twins.sets),
        *list_near_copies(contents, splits, twins),
        *list_straddling_groups(contents, splits),
        *list_class_problems(contents, splits),
        *list_odd_pictures(contents, examination.looks),
    ]
    left_out = _count_left_out(contents, splits)
    learned = _choose_learned(splits)
    balance = measure_balance(contents, splits)
    remarks = [*make_remarks(issues, left_out, balance), *contents.remarks]
    return Audit(
        issues=issues,
        left_out=left_out,
        balance=balance,
        remarks=remarks,
        brightness=_sum_up_brightness(examination.looks.means[learned]),
        sizes=_sum_up_sizes(contents.sizes[learned]),
    )


def _choose_learned(splits: np.ndarray) -> np.ndarray:
    """The pictures a model is trained and selected on, bool (N,); all where there are none."""
    learned = splits < SPLITS.index("test")
    return learned if learned.any() else np.ones_like(learned)


def _sum_up_brightness(means: np.ndarray) -> dict[str, float]:
    return {"mean": round(float(means.mean()), 3), "sd": round(float(means.std()), 3)}


def _sum_up_sizes(sizes: np.ndarray) -> dict[str, int]:
    height, width = np.percentile(sizes, 50, axis=0, method="lower")
    return {"height": int(height), "width": int(width)}


def _count_left_out(contents: Contents, splits: np.ndarray) -> dict[str, int]:
    lost = Counter(
        contents.stated[place] or SPLITS[0] for place in np.flatnonzero(splits == LEFT_OUT)
    )
    return {split: lost[split] for split in SPLITS[:-1]}
