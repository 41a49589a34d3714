"""What an evaluation got wrong, on the terminal: the worst groups, the classes mixed up, the costliest pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from imgcls_automl.cli.tables import shorten_name, show_table
from imgcls_automl.results.figures import format_interval, format_known, format_share
from imgcls_automl.results.scores import list_groups
from imgcls_automl.text import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_GROUPS = 10
MOST_PAIRS = 5
MOST_PICTURES = 5
_LONGEST_ID = 60


def show_groups(groups: Mapping[str, Any]) -> None:
    """The groups of lowest accuracy, where the data has groups."""
    if not groups:
        return
    listed = list_groups(groups)
    typer.echo()
    show_table(
        (
            "group",
            "pictures",
            "accuracy",
            "95% interval",
            "balanced accuracy",
            "macro F1",
            "log loss",
        ),
        [
            (
                shorten_name(it.name),
                f"{it.support:,}",
                format_share(it.accuracy.value),
                format_interval("accuracy", it.accuracy),
                format_known("balanced_accuracy", it.balanced_accuracy.value),
                format_known("macro_f1", it.macro_f1.value),
                format_known("log_loss", it.log_loss.value),
            )
            for it in listed[:MOST_GROUPS]
        ],
    )
    if len(listed) > MOST_GROUPS:
        typer.echo(f"... and {len(listed) - MOST_GROUPS} more, none of them worse")


def show_errors(document: Mapping[str, Any]) -> None:
    """The classes that are mixed up most, and the mistakes the model was surest of, where there are any."""
    if not document["errors"]:
        return
    typer.echo()
    show_table(
        ("true class", "taken for", "times", "of the class"),
        [
            (
                shorten_name(it["label"]),
                shorten_name(it["predicted"]),
                f"{it['count']:,}",
                format_share(it["share"]),
            )
            for it in document["confused_pairs"][:MOST_PAIRS]
        ],
    )
    typer.echo()
    show_table(
        ("costliest picture", "true class", "taken for", "sure", "loss"),
        [
            (
                shorten(it["id"], _LONGEST_ID),
                shorten_name(it["label"]),
                shorten_name(it["predicted"]),
                format_share(it["probability"]),
                f"{it['loss']:.2f}",
            )
            for it in document["costliest_errors"][:MOST_PICTURES]
        ],
    )
    _say_what_is_left(document)


def _say_what_is_left(document: Mapping[str, Any]) -> None:
    more = document["errors"] - min(MOST_PICTURES, len(document["costliest_errors"]))
    if more:
        typer.echo(f"... and {more:,} more in errors.csv")
