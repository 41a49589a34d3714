"""The splits that a run began with stand when it goes on, whatever this version would draw."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import numpy as np
import pytest

from imgcls_automl import registry
from imgcls_automl.data.ingest import ingest
from imgcls_automl.errors import RunFolderError


@pytest.fixture
def prepare():
    """Prepare a folder of pictures in this process; gives splits and folds."""

    def prepare(request, folder=None):
        info = registry.find("imgcls_automl.datasets", "folder")
        with ExitStack() as held:
            dataset = ingest(request, info, "", folder, held=held, report=lambda _: None)
            folds = None if dataset.fold_file is None else np.load(dataset.fold_file).tolist()
            return np.load(dataset.splits).tolist(), folds

    return prepare


@pytest.fixture
def begun(make_request, draw_folder, prepare, tmp_path):
    """A run of an older version: each picture is where another one would be today."""
    request = make_request(draw_folder(cat=24, dog=24), "folder", folds=3)
    folder = tmp_path / "run/data"
    prepare(request, folder)
    for name in ("splits.npy", "folds.npy"):
        np.save(folder / name, np.load(folder / name)[::-1])
    return replace(request, recorded=folder)


def test_they_stand(begun, prepare):
    splits, folds = (
        np.load(begun.recorded / name).tolist() for name in ("splits.npy", "folds.npy")
    )
    assert prepare(begun, begun.recorded) == (splits, folds)
    assert prepare(replace(begun, recorded=None)) != (splits, folds)
    assert np.load(begun.recorded / "splits.npy").tolist() == splits


def test_in_another_run_that_begins_with_its_trials_too(begun, prepare, tmp_path):
    splits = np.load(begun.recorded / "splits.npy").tolist()
    assert prepare(begun, tmp_path / "fork/data")[0] == splits
    assert np.load(tmp_path / "fork/data/splits.npy").tolist() == splits


@pytest.mark.parametrize("changes", [{"seed": 1}, {"folds": 4}, {"image_size": (8, 8)}])
def test_but_not_for_what_the_run_was_not_of(begun, prepare, changes):
    asked = replace(begun, **changes)
    assert prepare(asked) == prepare(replace(asked, recorded=None))


@pytest.mark.parametrize("name", ["splits.npy", "folds.npy", "summary.json"])
@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_without_them_the_run_is_not_gone_on_with(begun, prepare, damage, name):
    path = begun.recorded / name
    path.unlink() if damage == "gone" else path.write_bytes(path.read_bytes()[:90])
    with pytest.raises(RunFolderError, match=f"{name} is missing or damaged"):
        prepare(begun)
