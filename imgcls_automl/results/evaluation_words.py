"""What an evaluation says in rows and sentences, for the terminal and for its page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcls_automl.results.figures import format_interval, format_score, format_share, name_metric
from imgcls_automl.results.scores import make_estimate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imgcls_automl.results.scores import TestScores

SHOWN = ("accuracy", "balanced_accuracy", "macro_f1", "log_loss", "roc_auc", "majority_floor")
METRIC_COLUMNS = ("metric", "here", "95% interval", "on the test split")
POINT_COLUMNS = ("threshold", "precision", "recall", "specificity", "so named")
LONGEST_NAME = 40
_NAMED = 5  # classes without a picture


def list_metrics(
    metrics: Mapping[str, Any], tested: TestScores | None
) -> list[tuple[str, str, str, str]]:
    """Rows of `METRIC_COLUMNS`; `tested` is what the run says of its test split."""
    rows = []
    for name in SHOWN:
        if name not in metrics:
            continue
        here = make_estimate(metrics[name])
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
        named = ", ".join(repr(shorten_class(name)) for name in missing[:_NAMED])
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


def shorten_class(name: str) -> str:
    """A class's name, its end left out where it is long."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _format_rate(estimate: Mapping[str, float] | None) -> str:
    return format_share(estimate["value"]) if estimate else "-"
