"""What every dataset adapter of ours promises: read from the entry points, so that none is forgotten."""

from __future__ import annotations

import struct
import tomllib
from importlib import import_module
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from imgcls_automl.testing import DatasetAdapterContract

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]
ADAPTERS = PROJECT["entry-points"]["imgcls_automl.datasets"]

PIXELS = np.arange(4 * 28 * 28, dtype=np.uint8).reshape(4, 28, 28)
LABELS = np.array([0, 1, 0, 1], dtype=np.uint8)


def draw_pets(folder):
    for name in ("cat/1.png", "cat/2.png", "dog/1.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (9, 8), "red" if name < "d" else "blue").save(folder / name)
    return folder


def write_paths(folder):
    lines = [f"{path},{path.parent.name}" for path in sorted(draw_pets(folder).rglob("*.png"))]
    (folder / "pets.csv").write_text("\n".join(["path,label", *lines]))
    return folder / "pets.csv"


def write_rows(file, header):
    rows = [[label, *pixels.ravel()] for label, pixels in zip(LABELS, PIXELS, strict=True)]
    file.write_text("\n".join(",".join(map(str, row)) for row in [header, *rows]))
    return file


def write_pixels(folder):
    return write_rows(folder / "pixels.csv", ["label", *(f"p{at}" for at in range(784))])


def write_fashion(folder):
    names = [f"pixel{at}" for at in range(1, 785)]
    return write_rows(folder / "fashion-mnist_train.csv", ["label", *names])


def write_idx(folder):
    for name, array in (("images-idx3", PIXELS), ("labels-idx1", LABELS)):
        head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
        (folder / f"train-{name}-ubyte").write_bytes(head + array.tobytes())
    return folder


def write_npz(folder):
    np.savez(folder / "arrays.npz", images=PIXELS, labels=LABELS)
    return folder / "arrays.npz"


def give_arrays():
    return PIXELS, LABELS


def write_saved(folder):
    datasets = pytest.importorskip("datasets")
    features = datasets.Features({"image": datasets.Image(), "label": datasets.Value("string")})
    columns = {"image": [Image.fromarray(picture) for picture in PIXELS], "label": list("abab")}
    datasets.Dataset.from_dict(columns, features).save_to_disk(folder / "saved")
    return folder / "saved"


def write_parquet(folder):
    pictures = [path.read_bytes() for path in sorted(draw_pets(folder).rglob("*.png"))]
    table = pa.table({"image": pictures, "label": ["cat", "cat", "dog"]})
    parquet.write_table(table, folder / "pets.parquet")
    return folder / "pets.parquet"


SOURCES = {
    "digits": lambda _: "digits",
    "fashion_mnist_csv": write_fashion,
    "folder": draw_pets,
    "huggingface": write_saved,
    "idx": write_idx,
    "image_csv": write_paths,
    "keras_dataset": lambda _: f"{__name__}:give_arrays",
    "npz": write_npz,
    "parquet_images": write_parquet,
    "pixel_csv": write_pixels,
}


class TestContract(DatasetAdapterContract):
    """The promises that anyone's adapter makes."""

    @pytest.fixture(params=ADAPTERS)
    def example(self, request, tmp_path):
        module, _, class_name = ADAPTERS[request.param].partition(":")
        adapter = getattr(import_module(module), class_name)()
        return adapter, str(SOURCES[request.param](tmp_path))
