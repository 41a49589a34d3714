"""The child process that evaluates: reads labelled pictures, predicts and measures; it runs plugin code."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from imgcls_automl.data.dataset import IngestProgress
from imgcls_automl.data.joining import join_readings
from imgcls_automl.data.messages import describe_failure
from imgcls_automl.data.spool import Spool
from imgcls_automl.errors import DatasetError
from imgcls_automl.results.decoded_batches import (
    AHEAD,
    StandstillWatch,
    decode_batches,
    run_ahead,
)
from imgcls_automl.results.evaluating import Evaluation
from imgcls_automl.results.evaluation_records import Answers, write_evaluation
from imgcls_automl.results.picture_folders import LeftOut, Picture
from imgcls_automl.results.predicting import Listed
from imgcls_automl.results.prediction_sources import read_unlabelled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

    from imgcls_automl.data.reading import Reading, Report
    from imgcls_automl.results.corruption_trials import CorruptionTrials
    from imgcls_automl.results.decoded_batches import DecodedBatch
    from imgcls_automl.results.evaluating import EvaluationJob

logger = logging.getLogger(__name__)

_NAMED = 5  # classes in a message
_LONGEST_NAME = 60


def answer(connection: Connection[Any, Any], job: EvaluationJob) -> None:
    """What the child process runs.

    It sends `IngestProgress` and `Listed`, more `IngestProgress`, and an `Evaluation`; or a failure.
    """
    connection.send(IngestProgress(stage="reading", done=0, total=None))
    try:
        with Spool(Path(tempfile.gettempdir())) as spool:
            connection.send(_evaluate(job, spool, connection.send))
    except Exception as error:
        logger.exception("The evaluation failed")
        connection.send(describe_failure(error))


def _evaluate(job: EvaluationJob, spool: Spool, send: Any) -> Evaluation:
    reading = _read_labelled(job, spool, send)
    send(Listed())
    # Loads a framework: what is wrong with the sources is told before.
    from imgcls_automl.results.corruption_trials import CorruptionTrials
    from imgcls_automl.results.saved_network import choose_batch_size, load_network

    samples = reading.samples
    pictures = [Picture(sample.id, sample.label, sample.picture) for sample in samples]
    size = choose_batch_size(job.model.image_shape, len(pictures))
    watch = StandstillWatch(job.read_timeout)
    decoded = decode_batches(pictures, spool, job.model, size, watch, with_sizes=True)
    batches = run_ahead(decoded, AHEAD, watch)
    network, warning = load_network(job.model, job.device)
    trials = CorruptionTrials(network) if job.corruptions else None
    left_out = [LeftOut(problem.id, problem.detail) for problem in reading.problems]
    answers = _collect(job, _report(batches, len(pictures), send), network, trials, left_out)
    groups = {sample.id: sample.group for sample in samples}
    document = write_evaluation(
        job,
        answers,
        groups=[groups[id_] for id_ in answers.ids],
        corruptions=trials.to_json() if trials else None,
        left_out=left_out,
    )
    return Evaluation(
        folder=job.folder,
        document=document,
        left_out=tuple((one.id, one.detail) for one in left_out),
        warning=warning,
    )


def _read_labelled(job: EvaluationJob, spool: Spool, report: Report) -> Reading:
    readings = [
        read_unlabelled(job.adapter, source, job.options, spool, report) for source in job.sources
    ]
    spool.flush()
    reading = join_readings(job.sources, readings)
    bare = [sample.id for sample in reading.samples if not sample.label]
    if bare:
        raise DatasetError(
            f"{len(bare):,} of {len(reading.samples):,} pictures have no label, first {bare[0][:_LONGEST_NAME]!r}: "
            "nothing can be measured by them.\nLabel them or take them out; predict needs no labels."
        )
    _check_classes(job, {sample.label or "" for sample in reading.samples})
    return reading


def _check_classes(job: EvaluationJob, labels: set[str]) -> None:
    unknown = sorted(labels - set(job.model.class_names))
    if unknown:
        raise DatasetError(
            f"The model does not know {_name_classes(unknown)}, "
            f"{'a class' if len(unknown) == 1 else 'classes'} in {', '.join(job.sources)!r}.\n"
            f"It knows {_name_classes(job.model.class_names)}.\n"
            "Rename the classes to the model's, or take those pictures out."
        )


def _name_classes(names: Sequence[str]) -> str:
    shown = ", ".join(repr(_shorten(name)) for name in names[:_NAMED])
    return f"{shown} and {len(names) - _NAMED} more" if len(names) > _NAMED else shown


def _shorten(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _report(batches: Iterator[DecodedBatch], total: int, send: Report) -> Iterator[DecodedBatch]:
    done = 0
    for batch in batches:
        yield batch
        done += len(batch.pictures) + len(batch.left_out)
        send(IngestProgress(stage="predicting", done=done, total=total))


def _collect(
    job: EvaluationJob,
    batches: Iterator[DecodedBatch],
    network: Any,
    trials: CorruptionTrials | None,
    left_out: list[LeftOut],
) -> Answers:
    """Predict all batches, corrupted ones too; what cannot be read is added to `left_out`."""
    from imgcls_automl.results.saved_network import predict_pixels

    places = {name: place for place, name in enumerate(job.model.class_names)}
    ids: list[str] = []
    sizes: list[tuple[int, int]] = []
    labels, probabilities, means = [], [], []
    for batch in batches:
        left_out += batch.left_out
        count = len(batch.pictures)
        if not count:
            continue
        truth = np.array([places[picture.label or ""] for picture in batch.pictures])
        ids += [picture.id for picture in batch.pictures]
        sizes += batch.sizes
        labels.append(truth)
        probabilities.append(predict_pixels(network, batch.pixels, count))
        means.append(batch.pixels[:count].mean(axis=(1, 2, 3)))
        if trials:
            trials.run(batch.pixels, truth)
    if not ids:
        raise DatasetError(
            f"Not one of {len(left_out):,} pictures can be read, first {left_out[0].id[:_LONGEST_NAME]!r}: "
            f"{left_out[0].detail}.\nimgcls-automl data inspect tells of each."
        )
    return Answers(
        ids=ids,
        sizes=sizes,
        labels=np.concatenate(labels),
        probabilities=np.concatenate(probabilities),
        means=np.concatenate(means),
    )
