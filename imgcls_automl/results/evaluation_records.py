"""What an evaluation leaves in RUN/evaluations/<name>. Runs in a child process."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from imgcls_automl.errors import RunFolderError
from imgcls_automl.files import write_csv, write_text
from imgcls_automl.results.corruptions import SEVERITIES
from imgcls_automl.results.drift import describe_appearance, remark_on_drift
from imgcls_automl.results.operating_points import list_operating_points, write_curves
from imgcls_automl.text import format_json, guard_cell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from imgcls_automl.results.evaluating import EvaluationJob
    from imgcls_automl.results.picture_folders import LeftOut

SCHEMA_VERSION = 1
MOST_COSTLY = 10  # mistakes that are named in evaluation.json; errors.csv has all
_LEARNED_FROM = ("train", "validation")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """What a model said of labelled pictures.

    Attributes:
        ids: N names.
        sizes: Their (height, width) before decoding.
        labels: Class indices (N,).
        probabilities: float32 (N, K).
        means: Of each picture's pixels, 0-255 (N,).
    """

    ids: list[str]
    sizes: list[tuple[int, int]]
    labels: np.ndarray
    probabilities: np.ndarray
    means: np.ndarray


def write_evaluation(
    job: EvaluationJob,
    answers: Answers,
    *,
    groups: Sequence[str | None],
    corruptions: Mapping[str, list[dict[str, float]]] | None,
    left_out: Sequence[LeftOut],
) -> dict[str, Any]:
    """Measure, and write the files that best/ has of the test split, and of corruptions and thresholds where asked for.

    evaluation.json, which is written last, sums them up; it is returned.

    Raises:
        RunFolderError: The folder cannot be made.
    """
    from imgcls_automl.results.evaluation import write_best_files
    from imgcls_automl.results.metrics import compute_metrics

    names = job.model.class_names
    metrics = compute_metrics(
        answers.labels,
        answers.probabilities,
        names,
        train_counts=job.train_counts,
        groups=groups if any(group is not None for group in groups) else None,
    )
    document = _sum_up(job, answers, metrics, corruptions, len(left_out))
    try:
        job.folder.mkdir(parents=True)
    except OSError as error:
        raise RunFolderError(
            f"{job.folder} cannot be made: {error.strerror}.\nThe results go into the run folder: let it be written."
        ) from error
    write_best_files(
        job.folder,
        ids=answers.ids,
        labels=answers.labels,
        probabilities=answers.probabilities,
        class_names=names,
        metrics=metrics,
    )
    write_csv(
        job.folder / "issues.csv",
        ("id", "problem", "detail"),
        ((guard_cell(it.id), "unreadable", guard_cell(it.detail)) for it in left_out),
    )
    if corruptions:
        write_csv(
            job.folder / "corruptions.csv",
            ("corruption", "severity", "accuracy", "low", "high"),
            (
                (name, severity, it["value"], it["low"], it["high"])
                for name, estimates in corruptions.items()
                for severity, it in zip(SEVERITIES, estimates, strict=True)
            ),
        )
    if job.positive is not None:
        scores = answers.probabilities[:, job.positive]
        write_curves(job.folder, answers.labels == job.positive, scores)
    write_text(job.folder / "evaluation.json", format_json(document))
    return document


def _sum_up(
    job: EvaluationJob,
    answers: Answers,
    metrics: Mapping[str, Any],
    corruptions: Mapping[str, list[dict[str, float]]] | None,
    left_out: int,
) -> dict[str, Any]:
    names = job.model.class_names
    here = describe_appearance(answers.sizes, answers.means, answers.labels, len(names))
    remarks = remark_on_drift(job.training, here, len(answers.ids), names)
    shares = zip(names, here.class_shares, strict=True)
    return {
        "schema_version": SCHEMA_VERSION,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "sources": list(job.sources),
        "adapter": job.adapter.name,
        "plugin": job.adapter.origin,
        "reason": job.reason,
        "pictures": len(answers.ids),
        "left_out": left_out,
        "errors": int((answers.probabilities.argmax(axis=1) != answers.labels).sum()),
        "class_names": list(names),
        "classes_without_pictures": [name for name, share in shares if not share],
        "learned_from": _count_learned(job, answers.ids),
        "metrics": dict(metrics),
        "confused_pairs": _list_confused_pairs(answers, names),
        "costliest_errors": _list_costliest(answers, names),
        "drift": {
            "training": job.training.to_json(),
            "here": here.to_json(),
            "remarks": remarks,
        },
        "corruptions": corruptions,
        "operating_points": _describe_operating_points(job, answers),
    }


def _list_confused_pairs(answers: Answers, names: Sequence[str]) -> list[dict[str, Any]]:
    """The pairs of classes that are confused most, as the report has them of the test split."""
    from imgcls_automl.results.metrics import compute_confusion_matrix
    from imgcls_automl.results.report_errors import list_confused_pairs

    confusion = compute_confusion_matrix(answers.labels, answers.probabilities).tolist()
    return [
        {"label": it.true, "predicted": it.predicted, "count": it.count, "share": it.share}
        for it in list_confused_pairs(confusion, names)
    ]


def _list_costliest(answers: Answers, names: Sequence[str]) -> list[dict[str, Any]]:
    from imgcls_automl.results.evaluation import rank_errors

    return [
        {
            "id": answers.ids[row],
            "label": names[answers.labels[row]],
            "predicted": names[guess],
            "probability": float(answers.probabilities[row, guess]),
            "loss": loss,
        }
        for row, guess, loss in rank_errors(answers.labels, answers.probabilities)[:MOST_COSTLY]
    ]


def _describe_operating_points(job: EvaluationJob, answers: Answers) -> dict[str, Any] | None:
    if job.positive is None:
        return None
    points = list_operating_points(
        answers.labels == job.positive, answers.probabilities[:, job.positive]
    )
    return {"positive": job.model.class_names[job.positive], "points": points}


def _count_learned(job: EvaluationJob, ids: Sequence[str]) -> int:
    """How many pictures are called like one that the model was trained or selected on."""
    if not job.splits.is_file():
        return 0
    with job.splits.open(encoding="utf-8", newline="") as file:
        learned = {row["id"] for row in csv.DictReader(file) if row["split"] in _LEARNED_FROM}
    return sum(guard_cell(id_) in learned for id_ in ids)
