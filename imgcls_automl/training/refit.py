"""The winner once more: trained on train + validation with its full schedule, saved, and run on the test pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from imgcls_automl.training.holdouts import hold_nothing_out
from imgcls_automl.training.judging import Judgement, judge_held_out
from imgcls_automl.training.pixel_model import Part, build_pixel_model
from imgcls_automl.training.saving import save_pixel_model
from imgcls_automl.training.whole import train_on_all
from imgcls_automl.trial_files import read_candidate, weights_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgcls_automl.executors.messages import EpochReport, Verdict
    from imgcls_automl.executors.tasks import Member, RefitTask
    from imgcls_automl.training.bench import Bench


@dataclass(frozen=True, slots=True, kw_only=True)
class Refitted:
    """What a refit gives.

    Attributes:
        epochs: Trained; 0 where the trial's kept weights were taken.
        shortened: Whether these were to be fewer than planned.
        seconds: Of training.
        model: Of the winner alone; the saved model, unless that is an ensemble.
        test: What the saved model itself says of the test pictures.
        single: What the winner alone says of them, where the saved model is an ensemble; else None.
        held_out: What the trial's kept weights, trained without them, say of the validation pictures, or of all folds'.
    """

    epochs: int
    shortened: bool
    seconds: float
    model: Any
    test: Judgement
    single: Judgement | None
    held_out: Judgement


def refit(task: RefitTask, bench: Bench, report: Callable[[EpochReport], Verdict]) -> Refitted:
    """Train the winner on train + validation, write best/model.keras and predict the test split with it.

    Training runs for its planned epochs and full schedule, or where the time is short for fewer, without early
    stopping, and keeps its last weights. The trial's kept weights, with folds its first fold's, are used instead where
    there was no time at all, where the deadline cuts training short nevertheless, or where it diverges. A refit whose
    process was killed goes on after its last checkpoint.
    """
    stored = read_candidate(task.trial_folder)
    trained = train_on_all(task, stored, bench, report)
    network, made = trained.network, task.composition
    if not trained.finished:
        network.load_weights(weights_file(task.trial_folder, bench.pictures.holdouts[0].fold))
    winner = Part(
        candidate=stored.candidate,
        weights=network.get_weights(),
        flips=task.flips,
        share=made.share,
    )
    parts = [winner, *(_read_part(it, task, bench) for it in made.members)]
    model = save_pixel_model(
        bench.space,
        stored.task,
        parts,
        task.folder / "model.keras",
        temperature=made.temperature,
    )
    single = model
    if made.members:
        alone = [replace(winner, share=1.0)]
        single = build_pixel_model(
            bench.space, stored.task, alone, temperature=made.single_temperature
        )
    return Refitted(
        epochs=trained.epochs if trained.finished else 0,
        shortened=trained.shortened,
        seconds=trained.seconds,
        model=single,
        test=_judge_test(model, bench),
        single=_judge_test(single, bench) if made.members else None,
        held_out=judge_held_out(task, stored, bench),
    )


def _read_part(member: Member, task: RefitTask, bench: Bench) -> Part:
    """A member's network with the weights it was trained to."""
    stored = read_candidate(member.trial_folder)
    network = bench.build(task, stored, hold_nothing_out(bench.pictures.indices("train")))
    network.load_weights(weights_file(member.folder, None))
    return Part(
        candidate=stored.candidate,
        weights=network.get_weights(),
        flips=member.flips,
        share=member.share,
    )


def _judge_test(model: Any, bench: Bench) -> Judgement:
    images, test = bench.pictures.images, bench.pictures.indices("test")
    return Judgement(
        split="test",
        indices=test,
        probabilities=bench.pictures.evaluate(
            test, lambda indices: model.predict_on_batch(images[indices])
        ),
    )
