"""What an evaluation says in rows and sentences, for the terminal and for its page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcls_automl.results.figures import format_interval, format_score, format_share, name_metric
from imgcls_automl.results.scores import BREAKDOWNS, make_estimate
from imgcls_automl.text import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imgcls_automl.results.scores import TestScores

METRIC_COLUMNS = ("metric", "here", "95% interval", "on the test split")
POINT_COLUMNS = ("threshold", "precision", "recall", "specificity", "so named")
_NAMED = 5  # classes without a picture
_LONGEST_NAME = 40


def list_metrics(
    metrics: Mapping[str, Any], tested: TestScores | None
) -> list[tuple[str, str, str, str]]:
    """Rows of `METRIC_COLUMNS`; `tested` is what the run says of its test split."""
    rows = []
    for name, estimate in metrics.items():
        if name in BREAKDOWNS:
            continue
        here = make_estimate(estimate)
        before = tested.metrics.get(name) if tested else None
        told = format_score(name, before.value) if before else ""
        rows.append(
            (name_metric(name), format_score(name, here.value), format_interval(name, here), told)
        )
    return rows


def list_remarks(document: Mapping[str, Any]) -> list[str]:
    """How the pictures differ from those of training, and what the scores do not say."""
    remarks = list(document["drift"]["remarks"])
    if not remarks:
        remarks = ["In size, brightness and class mix the pictures are like those of training."]
    missing = document["classes_without_pictures"]
    if missing:
        named = ", ".join(repr(shorten(name, _LONGEST_NAME)) for name in missing[:_NAMED])
        more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        remarks.append(f"No picture shows {named}{more}: nothing is said of them.")
    learned = document["learned_from"]
    if learned:
        told = "1 picture has" if learned == 1 else f"{learned:,} pictures have"
        remarks.append(
            f"{told} the name of one that the model learned from: if it is the same one, these scores are too high."
        )
    return remarks


def list_points(found: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Rows of `POINT_COLUMNS`."""
    return [
        (
            f"{point['threshold']:g}",
            *(_format_rate(point[rate]) for rate in ("precision", "recall", "specificity")),
            f"{point['named']:,}",
        )
        for point in found["points"]
    ]


def _format_rate(estimate: Mapping[str, float] | None) -> str:
    return format_share(estimate["value"]) if estimate else "-"
