"""A run's best model measured on other labelled pictures: asked here, done in a child process."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl.config import DEFAULT_READ_TIMEOUT
from imgcls_automl.data.joining import refuse_repeats
from imgcls_automl.data.matching import choose_common_adapter
from imgcls_automl.data.messages import unwrap
from imgcls_automl.errors import ConfigError, DatasetError, RunFolderError
from imgcls_automl.processes import Child, ChildDiedError
from imgcls_automl.results.drift import read_training_appearance
from imgcls_automl.results.predicting import await_listing, find_log, read_saved_model
from imgcls_automl.results.prediction_sources import adapter_of_run_reads
from imgcls_automl.run_folder import read_run_record
from imgcls_automl.text import plain
from imgcls_automl.training.backend import worker_environment

if TYPE_CHECKING:
    from imgcls_automl.data.dataset import IngestProgress
    from imgcls_automl.registry import PluginInfo
    from imgcls_automl.results.drift import Appearance
    from imgcls_automl.results.predicting import SavedModel

    OnProgress = Callable[[IngestProgress], None]

EVALUATIONS = "evaluations"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRequest:
    """What to measure, and on what.

    Attributes:
        run: The run folder.
        sources: Labelled pictures, one or more sources of one kind.
        adapter: What reads them; None for the one the run was told to use where it fits, or the best match.
        options: The adapter's keyword arguments; None for those of the run.
        name: Of the folder in RUN/evaluations; None for one made of the source and the time.
        corruptions: Whether to measure on corrupted pictures, too.
        positive: With two classes, the one that thresholds are about; None for the second.
        device: `"auto"`, `"cpu"` or `"gpu"`.
        read_timeout: Seconds after which a source that gives nothing more is given up; None never.
    """

    run: Path
    sources: tuple[str, ...]
    adapter: str | None = None
    options: Mapping[str, str] | None = None
    name: str | None = None
    corruptions: bool = False
    positive: str | None = None
    device: str = "auto"
    read_timeout: float | None = DEFAULT_READ_TIMEOUT


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationJob:
    """All that the child process needs.

    Attributes:
        model: The saved model.
        folder: Takes the results; it is not there yet.
        sources: As requested.
        adapter: What reads them, and the reason why.
        options: Its keyword arguments.
        training: What the pictures of training looked like.
        train_counts: Training pictures by class; None where the run does not tell.
        splits: The run's splits.csv.
        corruptions: As requested.
        positive: A class index; None where there are not two classes.
        device, read_timeout: As requested.
    """

    model: SavedModel
    folder: Path
    sources: tuple[str, ...]
    adapter: PluginInfo
    reason: str
    options: Mapping[str, str]
    training: Appearance
    train_counts: tuple[int, ...] | None
    splits: Path
    corruptions: bool
    positive: int | None
    device: str
    read_timeout: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What came out.

    Attributes:
        folder: RUN/evaluations/<name>, which holds everything.
        document: What its evaluation.json holds.
        left_out: (id, why) of pictures that cannot be read.
        warning: What the user should know of the device; None where all is well.
    """

    folder: Path
    document: Mapping[str, Any]
    left_out: tuple[tuple[str, str], ...] = field(default=())
    warning: str | None = None


def evaluate(request: EvaluationRequest, on_progress: OnProgress) -> Evaluation:
    """Measure a run's best model on other labelled pictures, prepared exactly as for training.

    The run's own results stay as they are. Memory holds a few batches of pixels and a short record of each picture.

    Raises:
        RunFolderError: There is no finished model, its files are damaged or newer than we are, or the folder for the
            results is there already or cannot be made.
        DatasetError: A source cannot be read, holds no labels, or has classes that the model does not know.
        PluginError: The adapter is unknown or broken.
        ConfigError: Two adapters fit equally, `positive` is no class, or there is no GPU but one was asked for.
    """
    job = _prepare(request)
    log = find_log(request.run)
    child = Child(
        "imgcls_automl.results.evaluation_worker:answer",
        job,
        log=log,
        environment=worker_environment(device=request.device, threads=os.cpu_count() or 1),
    )
    try:
        await_listing(child, ", ".join(request.sources), request.read_timeout, on_progress)
        while not isinstance(answer := unwrap(child.receive()), Evaluation):
            on_progress(answer)
        return answer
    except ChildDiedError as error:
        raise DatasetError(
            f"The process that reads and evaluates the pictures {error}.\n"
            f"If the machine ran out of memory, free some; if not, see {log or 'its output'}."
        ) from error
    finally:
        child.stop()


def _prepare(request: EvaluationRequest) -> EvaluationJob:
    record = read_run_record(request.run)
    config = record.get("config") or {}
    model = read_saved_model(request.run)
    folder = _choose_folder(request)
    options = dict(config.get("data_option") or {} if request.options is None else request.options)
    refuse_repeats(request.sources)
    log = find_log(request.run)
    adapter = request.adapter
    used = config.get("adapter")
    if adapter is None and used:
        fits = all(adapter_of_run_reads(used, it, options, log) for it in request.sources)
        adapter = used if fits else None
    info, reason = choose_common_adapter(request.sources, adapter, options, log)
    counts = (record.get("dataset") or {}).get("class_counts")
    return EvaluationJob(
        model=model,
        folder=folder,
        sources=request.sources,
        adapter=info,
        reason=reason,
        options=options,
        training=read_training_appearance(request.run, model.class_names),
        train_counts=None if counts is None else tuple(counts),
        splits=request.run / "data/splits.csv",
        corruptions=request.corruptions,
        positive=_find_positive(request.positive, model.class_names),
        device=request.device,
        read_timeout=request.read_timeout,
    )


def _choose_folder(request: EvaluationRequest) -> Path:
    name = request.name
    if name is None:
        stem = re.sub(r"[^\w.-]+", "-", Path(request.sources[0]).stem, flags=re.ASCII).strip("-.")
        name = f"{stem[:40] or 'data'}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    elif not re.fullmatch(r"[\w][\w.-]{0,99}", name, flags=re.ASCII):
        raise ConfigError(
            f"--name must be letters, digits, dots, dashes and underscores, 100 at most, but got {name[:100]!r}."
        )
    folder = request.run / EVALUATIONS / name
    if folder.exists():
        raise RunFolderError(f"--name: {folder} exists already.\nChoose another name.")
    return folder


def _find_positive(positive: str | None, class_names: tuple[str, ...]) -> int | None:
    if positive is None:
        return 1 if len(class_names) == 2 else None
    if len(class_names) != 2:
        raise ConfigError(
            f"--positive is for two classes, but the model knows {len(class_names)}.\nLeave it out."
        )
    if positive not in class_names:
        known = " and ".join(repr(plain(name[:60])) for name in class_names)
        raise ConfigError(f"--positive must be one of the classes, {known}, but got {positive!r}.")
    return class_names.index(positive)
