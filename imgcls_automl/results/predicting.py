"""A run's best model on new pictures: a child process predicts, and batches come back as they are done."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.config import DEFAULT_READ_TIMEOUT
from imgcls_automl.data.dataset import MAX_PIXELS
from imgcls_automl.data.messages import unwrap
from imgcls_automl.errors import DatasetError, RunFolderError
from imgcls_automl.files import read_json
from imgcls_automl.processes import Child, ChildDiedError
from imgcls_automl.results.documents import damaged, read_object
from imgcls_automl.results.picture_folders import LeftOut
from imgcls_automl.results.prediction_sources import choose_reader
from imgcls_automl.run_folder import read_run_record
from imgcls_automl.training.backend import worker_environment

if TYPE_CHECKING:
    import numpy as np

    from imgcls_automl.data.dataset import IngestProgress


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionRequest:
    """What to predict, and with what.

    Attributes:
        run: The run folder.
        sources: Pictures, folders, or whatever an adapter reads.
        adapter: The adapter for all sources; None to read pictures as pictures, and anything else with
            the adapter that the run was told to use, or that matches best.
        options: The adapter's keyword arguments; None for those of the run.
        device: `"auto"`, `"cpu"` or `"gpu"`.
        read_timeout: Seconds after which a source that gives nothing more is given up; None never.
    """

    run: Path
    sources: tuple[str, ...]
    adapter: str | None = None
    options: Mapping[str, str] | None = None
    device: str = "auto"
    read_timeout: float | None = DEFAULT_READ_TIMEOUT


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedModel:
    """A run's final model and what it wants.

    Attributes:
        path: best/model.keras.
        class_names: In the order of its outputs.
        image_shape: (height, width, channels) of its inputs.
        resize: How pictures of another shape are fitted, as in training.
        max_pixels: Pictures of more are refused before they are decoded, as in training.
    """

    path: Path
    class_names: tuple[str, ...]
    image_shape: tuple[int, int, int]
    resize: str
    max_pixels: int = MAX_PIXELS


@dataclass(frozen=True, slots=True)
class Listed:
    """All sources are listed. What follows, loading the model, takes the time it takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """All sources are listed and the model is loaded.

    Attributes:
        total: Pictures, readable or not.
        labelled: Whether any of them has a label.
        warning: What the user should know of the device; None where all is well.
    """

    total: int
    labelled: bool
    warning: str | None


@dataclass(frozen=True, slots=True)
class PredictedBatch:
    """Some pictures in the order of their source.

    Attributes:
        ids: B paths, or what an adapter calls its samples.
        labels: B class names; None where the source states none.
        probabilities: float32 (B, K), in the order of the class names.
        left_out: What lay among them and cannot be predicted.
    """

    ids: list[str]
    labels: list[str | None]
    probabilities: np.ndarray
    left_out: list[LeftOut]


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """A prediction under way; `batches` can be iterated once, and waits for the model."""

    class_names: tuple[str, ...]
    opened: Opened
    batches: Iterator[PredictedBatch]


@contextmanager
def predict(request: PredictionRequest) -> Iterator[Predictions]:
    """Predict pictures with a run's best model, prepared exactly as for training.

    Memory holds a few batches of pixels at a time. All sources are listed before the first batch, so
    that whatever is wrong with one is said before anything has been predicted.

    Raises:
        RunFolderError: There is no finished model, or its files are damaged or newer than we are.
        DatasetError: A source is not there, holds nothing, cannot be read by its adapter, or gave nothing for
            too long.
        PluginError: The adapter is unknown or broken.
        ConfigError: Two adapters fit equally, or a GPU was asked for and there is none.
    """
    config = read_run_record(request.run).get("config") or {}
    model = read_saved_model(request.run)
    log = find_log(request.run)
    options = dict(config.get("data_option") or {} if request.options is None else request.options)
    sources = [
        choose_reader(place, options, log, adapter=request.adapter, used=config.get("adapter"))
        for place in request.sources
    ]
    child = Child(
        "imgcls_automl.results.prediction_worker:answer",
        *(model, sources, options, request.device, request.read_timeout),
        log=log,
        environment=worker_environment(device=request.device, threads=os.cpu_count() or 1),
    )
    try:
        await_listing(child, ", ".join(request.sources), request.read_timeout)
        opened: Opened = unwrap(child.receive())
        yield Predictions(
            class_names=model.class_names, opened=opened, batches=_receive_batches(child)
        )
    except ChildDiedError as error:
        raise DatasetError(
            f"The process that reads and predicts the pictures {error}.\n"
            f"If the machine ran out of memory, free some; if not, see {log or 'its output'}."
        ) from error
    finally:
        child.stop()


def await_listing(
    child: Child,
    sources: str,
    seconds: float | None,
    on_progress: Callable[[IngestProgress], None] = lambda progress: None,
) -> None:
    """Wait until a child process has listed its sources; its first message, that it has started, may take its time.

    Raises:
        DatasetError: They gave nothing more for so many seconds, or whatever else the child refuses.
    """
    done, limit = 0, None
    while True:
        try:
            message = unwrap(child.receive(limit))
        except TimeoutError:
            reached = f", after {done:,} pictures" if done else ""
            raise DatasetError(
                f"Reading {sources!r} has given nothing more for {seconds:g} s{reached}.\n"
                "If the disk or network is only slow, wait longer: --read-timeout 30m. If not, its adapter hangs."
            ) from None
        if isinstance(message, Listed):
            return
        done, limit = message.done, seconds
        on_progress(message)


def read_saved_model(run: Path) -> SavedModel:
    """Read what the final model of a run wants and gives; the model itself is not opened.

    Raises:
        RunFolderError: There is none yet, or its files are damaged or newer than we are.
    """
    record = read_run_record(run)
    status = record.get("status")
    best = run / "best"
    if not (best / "model.keras").is_file():
        wait = "Wait for it to end" if status == "running" else "Go on with the search"
        raise RunFolderError(
            f"{run} has no finished model yet (its status is {status}).\n"
            f"{wait}: imgcls-automl {'leaderboard' if status == 'running' else 'resume'} {run}"
        )
    wanted = read_object(best / "preprocess.json")
    try:
        shape = (int(wanted["height"]), int(wanted["width"]), int(wanted["channels"]))
        resize = str(wanted["resize"])
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(
            best / "preprocess.json", f"a field is missing or of the wrong kind ({error})"
        ) from error
    return SavedModel(
        path=best / "model.keras",
        class_names=_read_class_names(best / "labels.json"),
        image_shape=shape,
        resize=resize,
        max_pixels=(record.get("config") or {}).get("max_pixels", MAX_PIXELS),
    )


def _read_class_names(path: Path) -> tuple[str, ...]:
    try:
        names = read_json(path)
    except (OSError, ValueError) as error:
        raise damaged(path, str(error)) from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise damaged(path, "it is no list of class names")
    return tuple(names)


def find_log(run: Path) -> Path | None:
    """The run's log; None for a run that lies where nothing can be written."""
    return run / "log.txt" if os.access(run, os.W_OK) else None


def _receive_batches(child: Child) -> Iterator[PredictedBatch]:
    while (batch := unwrap(child.receive())) is not None:
        yield batch
