"""A source whose rows come in another order is split as before: the same pictures train, select and test."""

from __future__ import annotations

import gzip
import io
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pyarrow import parquet
from sklearn.datasets import load_digits

from imgcls_automl import registry
from imgcls_automl.data.audit.twins import find_same
from imgcls_automl.data.folds import assign_folds
from imgcls_automl.data.ingest import ingest
from imgcls_automl.data.splits import assign_splits
from imgcls_automl.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DIGITS = load_digits()
PIXELS = np.pad((DIGITS.images[:160] * 15).astype(np.uint8), ((0, 0), (10, 10), (10, 10)))
PIXELS[150:] = PIXELS[:10]  # copies
LABELS = DIGITS.target[:160] % 4
Parts = dict[int, list[tuple[bytes, str]]]
ORDERS = (np.arange(160), np.random.default_rng(0).permutation(160))


def write_csv(folder: Path, order: np.ndarray) -> Path:
    path = folder / "digits.csv"
    rows = [f"{LABELS[it]},{','.join(map(str, PIXELS[it].ravel()))}" for it in order]
    names = ",".join(f"pixel{number + 1}" for number in range(784))
    path.write_text("\n".join([f"label,{names}", *rows]) + "\n")
    return path


def write_npz(folder: Path, order: np.ndarray) -> Path:
    np.savez(folder / "digits.npz", images=PIXELS[order], labels=LABELS[order])
    return folder / "digits.npz"


def write_idx(folder: Path, order: np.ndarray) -> Path:
    for name, array in (("images-idx3", PIXELS), ("labels-idx1", LABELS.astype(np.uint8))):
        sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
        head = bytes([0, 0, 8, array.ndim])
        with gzip.open(folder / f"train-{name}-ubyte.gz", "wb") as file:
            file.write(head + sizes + array[order].tobytes())
    return folder


def write_parquet(folder: Path, order: np.ndarray) -> Path:
    pngs = []
    for place in order:
        file = io.BytesIO()
        Image.fromarray(PIXELS[place]).save(file, "png")
        pngs.append(file.getvalue())
    table = pa.table({"image": pngs, "label": [f"class {LABELS[it]}" for it in order]})
    parquet.write_table(table, folder / "digits.parquet")
    return folder / "digits.parquet"


def write_table(folder: Path, order: np.ndarray) -> Path:
    """Files that are named by their place, too."""
    lines = ["path,label"]
    for number, place in enumerate(order):
        Image.fromarray(PIXELS[place]).save(folder / f"{number:03}.png")
        lines.append(f"{number:03}.png,class {LABELS[place]}")
    (folder / "digits.csv").write_text("\n".join(lines) + "\n")
    return folder / "digits.csv"


def write_folder(folder: Path, order: np.ndarray) -> Path:
    for number, place in enumerate(order):
        home = folder / f"class {LABELS[place]}"
        home.mkdir(exist_ok=True)
        Image.fromarray(PIXELS[place]).save(home / f"{number:03}.png")
    return folder


def write_function(folder: Path, order: np.ndarray) -> str:
    write_npz(folder, order)
    name = f"digits_of_{folder.name}"
    (folder / f"{name}.py").write_text(
        "import numpy as np\n\n\ndef load_data():\n"
        f"    arrays = np.load({str(folder / 'digits.npz')!r})\n"
        "    return arrays['images'], arrays['labels']\n"
    )
    return f"{name}:load_data"


SOURCES = {
    "pixel_csv": write_csv,
    "fashion_mnist_csv": write_csv,
    "npz": write_npz,
    "idx": write_idx,
    "parquet_images": write_parquet,
    "image_csv": write_table,
    "keras_dataset": write_function,
    "folder": write_folder,
}


@pytest.fixture
def split(tmp_path, monkeypatch, make_request) -> Callable[..., Parts]:
    """Which pictures of a source are where, as `{part: pixels and label of each}`, sorted."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def split(name: str, number: int, **changes: Any) -> Parts:
        folder = tmp_path / f"{name}_{number}"
        folder.mkdir(exist_ok=True)
        sys.path.append(str(folder))
        source = SOURCES[name](folder, ORDERS[number])
        request = make_request(source, name, **changes)
        info = registry.find("imgcls_automl.datasets", name)
        with ExitStack() as held:
            dataset = ingest(request, info, "", None, held=held, report=lambda _: None)
            images, labels = np.load(dataset.images), np.load(dataset.labels)
            parts = np.load(dataset.fold_file or dataset.splits)
        names = dataset.task.class_names
        return {
            part: sorted(
                (images[place].tobytes(), names[labels[place]])
                for place in np.flatnonzero(parts == part)
            )
            for part in set(parts.tolist())
        }

    return split


@pytest.mark.parametrize("name", SOURCES)
def test_the_same_pictures_are_drawn(split, name):
    straight, shuffled = split(name, 0), split(name, 1)
    assert straight == shuffled
    assert straight.keys() == {0, 1, 2}


def test_and_dealt_into_the_same_folds(split):
    assert split("npz", 0, folds=4) == split("npz", 1, folds=4)


def test_the_size_for_the_model_changes_nothing(tmp_path, draw_folder, make_request):
    source = draw_folder(cat=30, dog=30)
    info = registry.find("imgcls_automl.datasets", "folder")
    found = []
    for size in ((8, 8), (16, 16)):
        request = make_request(source, "folder", image_size=size)
        with ExitStack() as held:
            dataset = ingest(request, info, "", None, held=held, report=lambda _: None)
            found.append(np.load(dataset.splits).tolist())
    assert found[0] == found[1]


@st.composite
def reorderings(draw):
    """What a set may be made of, some pictures there twice, some in groups, and another order of it."""
    size = draw(st.integers(40, 90))
    shown = draw(st.lists(st.integers(0, 70), min_size=size, max_size=size))
    stated = draw(st.sampled_from([(None,), (None, None, "test"), ("train", "validation", None)]))
    groups = draw(st.sampled_from([None, 13]))
    values = {
        "labels": [f"class {(it + number % 9 // 8) % 3}" for number, it in enumerate(shown)],
        "shown": [f"picture {it}" for it in shown],
        "stated": [stated[it % len(stated)] for it in shown],
        "groups": [None if groups is None or it % 5 == 0 else f"{it % groups}" for it in shown],
    }
    return values, draw(st.permutations(range(size)))


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(drawn=reorderings(), folds=st.sampled_from([None, 3]))
def test_whatever_is_grouped_stated_or_there_twice(make_contents, drawn, folds):
    values, order = drawn
    found = []
    for places in (range(len(order)), order):
        picked = {name: [column[place] for place in places] for name, column in values.items()}
        contents = make_contents(**picked)  # ids are places, as in a table
        copies = find_same(contents.digests)
        try:
            parts = assign_splits(contents, 0, copies, validates=not folds)
            if folds:
                parts = assign_folds(contents, parts, folds, 0, copies)
        except DatasetError as error:
            found.append(str(error))
            continue
        found.append(sorted(zip(picked["shown"], picked["labels"], parts.tolist(), strict=True)))
    assert found[0] == found[1]
