"""A run's best model in Python: pictures in, class names with probabilities out, prepared exactly as for training."""

from __future__ import annotations

import os
import weakref
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl.array_values import read_trained_values
from imgcls_automl.data.messages import unwrap
from imgcls_automl.errors import DatasetError
from imgcls_automl.executors.endings import measure_log, read_last_words
from imgcls_automl.given_pictures import prepare_pictures
from imgcls_automl.processes import Child, ChildDiedError
from imgcls_automl.run_folder import read_run_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from imgcls_automl.array_values import TrainedValues
    from imgcls_automl.results.predicting import SavedModel

    Pictures = NDArray[Any] | str | Path | Image | Iterable[NDArray[Any] | str | Path | Image]

AT_ONCE = 256  # pictures that are given to the child process in one message
MOST_ROWS = 20  # shown in a notebook


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What the model says of one picture: the most probable class, and how probable it is."""

    label: str
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predictions:
    """What the model says of pictures, in their order; iterating gives a `Prediction` each.

    Attributes:
        class_names: K names.
        probabilities: float32 (N, K), in the order of the class names.
    """

    class_names: tuple[str, ...]
    probabilities: np.ndarray

    def __len__(self) -> int:
        return len(self.probabilities)

    def __iter__(self) -> Iterator[Prediction]:
        for row in self.probabilities:
            best = int(row.argmax())
            yield Prediction(label=self.class_names[best], probability=float(row[best]))

    @property
    def labels(self) -> list[str]:
        """The most probable class of each picture."""
        return [it.label for it in self]

    def _repr_html_(self) -> str:
        shown = list(self)[:MOST_ROWS]
        rows = "".join(
            f"<tr><td>{number}</td><td>{escape(it.label)}</td><td>{it.probability:.1%}</td></tr>"
            for number, it in enumerate(shown)
        )
        more = f"<p>and {len(self) - len(shown)} more</p>" if len(self) > len(shown) else ""
        head = "<tr><th></th><th>class</th><th>probability</th></tr>"
        return f"<table>{head}{rows}</table>{more}"


class BestModel:
    """A run's final model. Its framework lives in a child process, which the first prediction starts.

    Args:
        run: The run folder.
        device: `"auto"`, `"cpu"` or `"gpu"`.
    """

    def __init__(self, run: Path, device: str = "auto") -> None:
        self.run = run.absolute()  # the caller may go elsewhere before the first prediction
        self._device = device
        self._model: SavedModel | None = None
        self._trained: TrainedValues | None = None
        self._child: Child | None = None
        self._log: Path | None = None  # where the child's own words go
        self._said = 0  # bytes in it before the child

    def predict(self, images: Pictures) -> Predictions:
        """Predict pictures of any size.

        Args:
            images: Pixels (N, H, W) or (N, H, W, 1|3|4); a path or a Pillow image; or any number of those, where an
                array is one picture (H, W) or (H, W, 1|3|4). Pixels are whatever `search` takes as arrays: uint8,
                uint16, other whole numbers, booleans, or floats of the range of training.

        Raises:
            DatasetError: A picture cannot be read; it says which and why.
            RunFolderError: There is no finished model, or its files are damaged.
            ConfigError: Something is no picture, or its values have another range than those of training.
        """
        import numpy as np

        pictures = prepare_pictures(images, self._read_trained_values())
        model, child = self._open()
        parts = [np.zeros((0, len(model.class_names)), "float32")]
        for start in range(0, len(pictures), AT_ONCE):
            parts.append(self._ask(child, start, pictures[start : start + AT_ONCE]))
        return Predictions(class_names=model.class_names, probabilities=np.concatenate(parts))

    def close(self) -> None:
        """End the child process; a later prediction starts another."""
        if self._child is not None:
            self._child.stop()
            self._child = None

    def __repr__(self) -> str:
        return f"BestModel({str(self.run)!r})"

    def _read_trained_values(self) -> TrainedValues:
        if self._trained is None:
            self._trained = read_trained_values(read_run_record(self.run).get("config") or {})
        return self._trained

    def _open(self) -> tuple[SavedModel, Child]:
        if self._model is None or self._child is None:
            from imgcls_automl.results.predicting import find_log, read_saved_model
            from imgcls_automl.training.backend import worker_environment

            self._model = read_saved_model(self.run)
            self._log = find_log(self.run)
            self._said = measure_log(self._log)
            self._child = Child(
                "imgcls_automl.results.picture_answers:answer",
                *(self._model, self._device),
                log=self._log,
                environment=worker_environment(device=self._device, threads=os.cpu_count() or 1),
            )
            weakref.finalize(self, self._child.stop)
        return self._model, self._child

    def _ask(self, child: Child, start: int, pictures: list[Any]) -> np.ndarray:
        try:
            child.send((start, pictures))
            answer = child.receive()
        except ChildDiedError as error:
            self.close()
            words = read_last_words(self._log, self._said)
            last = f"; its last words: {words}" if words else ""
            raise DatasetError(
                f"The process that predicts the pictures {error}{last}.\n"
                "If the machine ran out of memory, free some, and predict again."
                + (f" Otherwise see {self._log}." if words else "")
            ) from error
        except BaseException:  # an interrupt: the answer still to come belongs to no later question
            self.close()
            raise
        probabilities: np.ndarray = unwrap(answer)
        return probabilities
