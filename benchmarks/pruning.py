"""When pruning is safe: how early validation accuracy tells a trial's final score, and what pruners would have cut.

A search of real trials is recorded, each trained to its end under its schedule. Then Optuna's own pruners are replayed
on the recorded epochs, told of them as the search tells them, in many random orders of the trials; the space's
baselines stay in front, as in every search. A rule saves epochs; it costs something where the trial that would have won
is not trained to its end. What the sampler would have drawn after a pruned trial is not replayed: all orders have the
same trials.

A rule judges a trial from its first look on, once it has seen its startup of complete trials. Best and top 3 are by
final validation accuracy, and kept where they are trained to their end; "lost" is the accuracy of the best trial less
that of the best one kept. "Best at half" is the best accuracy a search has reached with half of all
epochs: a rule that saves epochs gets further down the list of trials. Means over the orders, and the worst of them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measure.learning_curves import look_ahead, read_curves
from measure.pictures import choose_pictures
from measure.pruning_replay import judge
from measure.pruning_rules import FIRST_LOOKS, count_epochs, list_rules
from measure.record import Record, make_parser, print_table
from measure.unpruned_search import record_search

if TYPE_CHECKING:
    from measure.learning_curves import LearningCurve

LATER_LOOKS = (Fraction(2, 3), Fraction(3, 4), Fraction(5, 6))
# Headings in the order of the fields of `Foresight`, and of what `summarise` says of a rule.
FORESIGHT = ("after epoch", "rank correlation", "of the better half", "best's place", "third's")
RULES = (
    *("rule", "startup", "first look", "epochs saved"),
    *("best kept", "top 3 kept", "worst", "lost", "worst lost", "best at half"),
)


def parse_arguments() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument(
        "runs",
        nargs="*",
        type=Path,
        metavar="RUN",
        help="folders recorded with --keep; without any, a search is recorded first",
    )
    parser.add_argument("--data", default="digits", help="the pictures (default: %(default)s)")
    parser.add_argument("--space", default="cnn_small", help="search space (default: %(default)s)")
    parser.add_argument("--trials", type=int, default=24, help="how many (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=12, help="of each (default: %(default)s)")
    parser.add_argument("--train", type=int, default=8000, help="pictures (default: %(default)s)")
    parser.add_argument(
        "--validation", type=int, default=2000, help="pictures (default: %(default)s)"
    )
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="a new folder that keeps what is recorded"
    )
    parser.add_argument(
        "--orders", type=int, default=200, help="of the trials (default: %(default)s)"
    )
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.trials, arguments.epochs, arguments.orders = 3, 3, 4
        arguments.train, arguments.validation = 256, 64
    return arguments


def main() -> int:
    arguments = parse_arguments()
    record = Record("pruning", arguments)
    with tempfile.TemporaryDirectory() as name:
        runs = arguments.runs or [record_one(arguments, Path(name))]
        try:
            recorded = {run.name: read_curves(run) for run in runs}
        except ValueError as error:
            raise SystemExit(str(error)) from error
    summary = {}
    for run, curves in recorded.items():
        for curve in curves:
            record.add(run=run, **curve.to_json())
        summary[run] = summarise(curves, arguments.orders)
        show(f"{run}: {len(curves)} trials of {curves[0].planned_epochs} epochs", summary[run])
    record.write(summary)
    return 0


def record_one(arguments: argparse.Namespace, folder: Path) -> Path:
    """Search without pruning, and return the folder that holds its trials."""
    from imgcls_automl.executors.results import TrialResult

    def tell(event: Any) -> None:
        if isinstance(event, TrialResult):
            print(f"trial {event.number}: {event.state}, {event.score}, {event.seconds:.0f} s")

    pictures = choose_pictures(
        arguments.data,
        folder / "pictures",
        train=arguments.train,
        validation=arguments.validation,
    )
    run = arguments.keep or folder / f"{arguments.space}-{Path(arguments.data).name}"
    record_search(
        run,
        pictures,
        space=arguments.space,
        trials=arguments.trials,
        epochs=arguments.epochs,
        observe=tell,
    )
    return run


def summarise(curves: list[LearningCurve], orders: int) -> dict[str, list[dict[str, Any]]]:
    """What each share of the schedule told, and what each rule did."""
    epochs = curves[0].planned_epochs
    looks = sorted({count_epochs(share, epochs) for share in (*FIRST_LOOKS, *LATER_LOOKS)})
    rules = [
        {
            "rule": rule.name,
            "startup": rule.startup,
            "first_look": rule.first_look,
            **judge(rule.make, curves, orders=orders).to_json(),
        }
        for rule in list_rules(epochs)
    ]
    return {"foresight": [look_ahead(curves, look).to_json() for look in looks], "rules": rules}


def show(title: str, summary: dict[str, list[dict[str, Any]]]) -> None:
    print_table(title, FORESIGHT, [list(one.values()) for one in summary["foresight"]])
    print_table(f"{title}, pruned", RULES, [list(one.values()) for one in summary["rules"]])


if __name__ == "__main__":
    sys.exit(main())
