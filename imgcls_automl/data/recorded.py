"""What a run was split by when it began: it stands when the run goes on, whatever this version would draw."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from imgcls_automl.errors import RunFolderError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import NoReturn

    from imgcls_automl.data.correcting import Corrected
    from imgcls_automl.data.dataset import DatasetRequest


def find_recorded(request: DatasetRequest, corrected: Corrected, name: str) -> Path | None:
    """A file of the splits or folds that the run before has on record for this very set.

    Args:
        request: Its `recorded` is the run's `data/` folder.
        corrected: The set.
        name: `"splits.npy"` or `"folds.npy"`.

    Returns:
        The file; None where there is no such run, or it was of another set, seed or number of folds.

    Raises:
        RunFolderError: The file, or summary.json beside it, is missing or damaged.
    """
    if request.recorded is None or not _is_of_same_set(request.recorded, request, corrected):
        return None
    path = request.recorded / name
    try:
        whole = np.load(path).shape == (len(corrected.source.ids),)
    except (OSError, ValueError, EOFError) as error:
        _refuse(path, error)
    if not whole:
        _refuse(path, None)
    return path


def _is_of_same_set(folder: Path, request: DatasetRequest, corrected: Corrected) -> bool:
    path = folder / "summary.json"
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
        recorded = summary["fingerprint"], summary["seed"], summary.get("folds")
    except (OSError, ValueError, TypeError, KeyError) as error:
        _refuse(path, error)
    return bool(recorded == (corrected.contents.fingerprint, request.seed, request.folds))


def _refuse(path: Path, error: Exception | None) -> NoReturn:
    raise RunFolderError(
        f"{path} is missing or damaged: which pictures this run's trials were trained on is not known.\n"
        "Bring the file back, or begin a new run."
    ) from error
