"""best/model_card.md: what the model is and how far it can be trusted, as model hubs expect it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imgcls_automl.errors import RunFolderError
from imgcls_automl.files import write_text
from imgcls_automl.results.choice import (
    describe_choice,
    describe_flips,
    describe_scoring,
    find_leader,
)
from imgcls_automl.results.figures import format_share, name_metric
from imgcls_automl.results.final_model import (
    MAIN_METRICS,
    describe_calibration,
    describe_ensemble,
    describe_training,
    list_comparisons,
)
from imgcls_automl.results.records import read_run
from imgcls_automl.results.scores import read_scores
from imgcls_automl.results.source_names import make_slug, name_data, name_test_data
from imgcls_automl.results.verdict import describe_trials, quote, show_path
from imgcls_automl.text import escape_markdown, plain

if TYPE_CHECKING:
    from pathlib import Path

    from imgcls_automl.results.records import RunRecord
    from imgcls_automl.results.scores import Estimate, TestScores

# The names that model hubs know, of the metrics in the header.
_HEADLINE = (("accuracy", "accuracy"), ("macro_f1", "f1"))
MAX_GROUPS = 20  # the worst


@dataclass(frozen=True, slots=True, kw_only=True)
class Verbatim:
    """A text that is printed as it is: quoted for YAML or a shell, not for Markdown."""

    text: str


def write_model_card(folder: Path) -> Path:
    """Write best/model_card.md of a run folder and return its path.

    Everything that comes from data, plugins or the command line is escaped.

    Raises:
        RunFolderError: It is no run folder, a file is damaged, or no model has been tested yet.
    """
    run = read_run(folder)
    scores = read_scores(folder)
    if scores is None:
        raise RunFolderError(
            f"{folder} has no best/metrics.json: no model was tested yet.\n"
            f"Finish the search first: imgcls-automl resume {quote(show_path(folder))}"
        )
    path = folder / "best" / "model_card.md"
    write_text(path, _render(run, scores))
    return path


def _render(run: RunRecord, scores: TestScores) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    # Markdown, not HTML: `finalize` escapes whatever a template prints.
    environment = Environment(
        loader=PackageLoader("imgcls_automl.results"),
        finalize=_show,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    floor = scores.metrics.get("majority_floor")
    leader = find_leader(run)
    settings = [] if leader is None else [*leader.model.items(), *leader.training.items()]
    data, test_data = name_data(run), name_test_data(run)
    # A card is read elsewhere: the folders above the run's are no one's business.
    folder = quote(run.folder.resolve().name)
    return environment.get_template("model_card.md.jinja").render(
        run=run,
        scores=scores,
        leader=leader,
        settings=settings,
        scored=describe_scoring(run, leader) if leader else "",
        choice=describe_choice(run, leader) if leader else "",
        flips=describe_flips(run, leader) if leader else "",
        ensemble=describe_ensemble(run),
        calibration=describe_calibration(run),
        training=describe_training(run),
        comparisons=[
            (told, *(f"{metrics[name].value:.4f}" for name in MAIN_METRICS))
            for told, metrics in list_comparisons(scores)
        ],
        groups=[
            (it.name, it.support, f"{it.accuracy.value:.3f}") for it in scores.groups[:MAX_GROUPS]
        ],
        groups_left_out=max(0, len(scores.groups) - MAX_GROUPS),
        name=f"{run.space} on {data}",
        data=data,
        test_data=test_data,
        tested_on=test_data or data,
        slug=make_slug(test_data or data),
        origin=run.plugins["space"].origin if "space" in run.plugins else "",
        trials=describe_trials(run),
        metric=name_metric(run.metric),
        yaml=_quote_yaml,
        headline=[
            (hub_name, f"Test {name_metric(name)}", scores.metrics[name].value)
            for name, hub_name in _HEADLINE
        ],
        counts=list(zip(run.dataset.class_names, run.dataset.class_counts, strict=True))
        if run.dataset
        else [],
        averages=[
            (name_metric(name), f"{it.value:.4f}", f"{it.low:.4f} to {it.high:.4f}")
            for name, it in scores.metrics.items()
        ],
        classes=[
            {
                "name": item.name,
                "support": item.support,
                "precision": _format(item.precision),
                "recall": _format(item.recall),
                "f1": _format(item.f1),
            }
            for item in scores.classes
        ],
        floor=format_share(floor.value) if floor else None,
        raw_command=Verbatim(text=f"imgcls-automl predict {folder} picture.jpg"),
    )


def _show(value: object) -> str:
    return value.text if isinstance(value, Verbatim) else escape_markdown(value)


def _quote_yaml(text: str) -> Verbatim:
    # A JSON string without control characters is a YAML string too.
    return Verbatim(text=json.dumps(plain(text), ensure_ascii=False))


def _format(estimate: Estimate) -> str:
    return "no picture" if math.isnan(estimate.value) else f"{estimate.value:.3f}"
