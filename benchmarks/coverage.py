"""How often the 95% intervals of a run's metrics hold the truth, over simulated test sets.

The classifier is simulated: logits of every class are normal, the right one's mean is raised as much as an accuracy
takes, and the probabilities are its exact posterior for even classes ("calibrated") or twice as sure ("overconfident").
The truth comes from 400,000 pictures. Test sets have an even or an uneven mix of classes.

Few pictures allow few outcomes: for 30 pictures at exactly 99% accuracy every interval that depends on the count alone
holds the truth in 74.0%, 96.4% or 99.7% of all sets, and for 100 pictures in 92.1% or 98.2%. With --vary the accuracy
of each condition's sets is drawn around the one named, within a tenth of its errors, which averages this out.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from measure.record import Record, make_parser, print_table

METRICS = ("accuracy", "balanced accuracy", "macro F1", "log loss", "ROC AUC")
WANTED = (0.93, 0.97)
MIXES = {2: (0.8, 0.2), 3: (0.6, 0.3, 0.1), 10: (0.3, 0.2, *[0.0625] * 8)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What test sets are drawn from."""

    classes: int
    uneven: bool
    accuracy: float
    pictures: int
    sharpness: float

    @property
    def shares(self) -> np.ndarray:
        even = [1 / self.classes] * self.classes
        return np.array(MIXES[self.classes] if self.uneven else even)


def parse_arguments() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--sets", type=int, default=1000, help="a condition (default: %(default)s)")
    parser.add_argument(
        "--pictures",
        type=int,
        nargs="+",
        default=[30, 100, 1000],
        help="a set (default: %(default)s)",
    )
    parser.add_argument(
        "--accuracy",
        type=float,
        nargs="+",
        default=[0.8, 0.95, 0.99],
        help="(default: %(default)s)",
    )
    parser.add_argument(
        "--classes",
        type=int,
        nargs="+",
        default=[2, 10],
        choices=sorted(MIXES),
        help="(default: %(default)s)",
    )
    parser.add_argument(
        "--vary", action="store_true", help="draw the accuracy around the one named"
    )
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.sets, arguments.pictures, arguments.accuracy = 20, [30], [0.9]
    return arguments


def main() -> int:
    arguments = parse_arguments()
    record = Record("coverage", arguments)
    for classes in arguments.classes:
        for accuracy in arguments.accuracy:
            for uneven, sharpness in ((False, 1.0), (True, 1.0), (False, 2.0)):
                for pictures in arguments.pictures:
                    condition = Condition(
                        classes=classes,
                        uneven=uneven,
                        accuracy=accuracy,
                        pictures=pictures,
                        sharpness=sharpness,
                    )
                    covered = measure_coverage(condition, arguments.sets, vary=arguments.vary)
                    record.add(**describe(condition), **covered)
                    told = ", ".join(f"{name} {share:.3f}" for name, share in covered.items())
                    print(f"{condition}: {told}", flush=True)
    summary = summarise(record.measurements)
    print_summary(record.measurements, summary)
    record.write(summary)
    return 0


def describe(condition: Condition) -> dict[str, object]:
    return {
        "classes": condition.classes,
        "mix": "uneven" if condition.uneven else "even",
        "accuracy of": condition.accuracy,
        "pictures": condition.pictures,
        "model": "calibrated" if condition.sharpness == 1 else "overconfident",
    }


def measure_coverage(condition: Condition, sets: int, *, vary: bool) -> dict[str, float]:
    """The share of sets whose interval holds the truth, by metric; sets that show one class only have no ROC AUC."""
    generator = np.random.default_rng(0)
    errors = 1 - condition.accuracy
    around = np.linspace(0.9, 1.1, 5) if vary else [1.0]
    worlds = [find_world(condition, 1 - errors * factor) for factor in around]
    held: dict[str, list[bool]] = {name: [] for name in METRICS}
    for number in range(sets):
        raised, truth = worlds[number % len(worlds)]
        labels, probabilities = draw(generator, condition, raised, condition.pictures)
        for name, (low, high) in list_intervals(labels, probabilities).items():
            held[name].append(low <= truth[name] <= high)
    return {name: fmean(its) for name, its in held.items() if its}


def find_world(condition: Condition, accuracy: float) -> tuple[float, dict[str, float]]:
    """By how much the right class's logit is raised for an accuracy, and the metrics' true values."""
    low, high = 0.0, 10.0
    for _ in range(15):
        raised = (low + high) / 2
        labels, probabilities = draw(np.random.default_rng(1), condition, raised, 50_000)
        reached = (probabilities.argmax(axis=1) == labels).mean()
        low, high = (raised, high) if reached < accuracy else (low, raised)
    labels, probabilities = draw(np.random.default_rng(2), condition, raised, 400_000)
    return raised, compute_values(labels, probabilities)


def draw(
    generator: np.random.Generator, condition: Condition, raised: float, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Labels (N,) and probabilities (N, K) of a set; as many pictures of each class as its share comes to."""
    bounds = np.round(np.cumsum(condition.shares) * count).astype(int)
    labels = np.searchsorted(bounds, np.arange(count), side="right")
    logits = generator.normal(size=(count, condition.classes), scale=1.0)
    logits[np.arange(count), labels] += raised
    surely = condition.sharpness * raised * logits
    weights = np.exp(surely - surely.max(axis=1, keepdims=True))
    shares = weights / weights.sum(axis=1, keepdims=True)
    clipped = np.clip(shares, np.finfo(np.float32).eps, 1)
    return labels, clipped / clipped.sum(axis=1, keepdims=True)


def compute_values(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    from sklearn import metrics as sk

    predicted = probabilities.argmax(axis=1)
    return {
        "accuracy": float(sk.accuracy_score(labels, predicted)),
        "balanced accuracy": float(sk.balanced_accuracy_score(labels, predicted)),
        "macro F1": float(sk.f1_score(labels, predicted, average="macro")),
        "log loss": float(-np.log(probabilities[np.arange(len(labels)), labels]).mean()),
        "ROC AUC": compute_auc(labels, probabilities),
    }


def compute_auc(labels: np.ndarray, probabilities: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    if probabilities.shape[1] == 2:
        return float(roc_auc_score(labels, probabilities[:, 1]))
    return float(roc_auc_score(labels, probabilities, multi_class="ovr"))


def list_intervals(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, tuple[float, float]]:
    """As `results.metrics` has them, by the very functions that it calls."""
    from imgcls_automl.results.average_intervals import (
        compute_balanced_accuracy_interval,
        compute_log_loss_interval,
        compute_macro_f1_interval,
    )
    from imgcls_automl.results.intervals import compute_auc_interval, compute_wilson_interval

    classes = probabilities.shape[1]
    cells = labels * classes + probabilities.argmax(axis=1)
    confusion = np.bincount(cells, minlength=classes**2).reshape(classes, classes)
    intervals = {
        "accuracy": compute_wilson_interval(int(np.trace(confusion)), len(labels)),
        "balanced accuracy": compute_balanced_accuracy_interval(confusion),
        "macro F1": compute_macro_f1_interval(confusion),
        "log loss": compute_log_loss_interval(probabilities, labels),
    }
    if len(np.unique(labels)) == probabilities.shape[1]:
        value = compute_auc(labels, probabilities)
        intervals["ROC AUC"] = compute_auc_interval(value, labels, probabilities)
    return intervals


def summarise(measurements: list[dict[str, object]]) -> dict[str, dict[str, float]]:
    """By metric: mean, lowest and highest coverage over all conditions, and the share of these within 93-97%."""
    summary = {}
    for name in METRICS:
        shares = [float(str(it[name])) for it in measurements if name in it]
        summary[name] = {
            "mean": fmean(shares),
            "lowest": min(shares),
            "highest": max(shares),
            "within": fmean(WANTED[0] <= share <= WANTED[1] for share in shares),
        }
    return summary


def print_summary(
    measurements: list[dict[str, object]], summary: dict[str, dict[str, float]]
) -> None:
    told = ("classes", "mix", "model", "accuracy of", "pictures")
    columns = ("condition", *METRICS)
    rows = [
        (", ".join(str(it[part]) for part in told), *(it.get(name) for name in METRICS))
        for it in measurements
    ]
    print_table("Share of test sets whose 95% interval holds the truth", columns, rows)
    parts = ("mean", "lowest", "highest", "within")
    print_table(
        "Over all conditions; 'within' is the share of them from 0.93 to 0.97",
        ("metric", *parts),
        [(name, *(found[part] for part in parts)) for name, found in summary.items()],
    )


if __name__ == "__main__":
    sys.exit(main())
