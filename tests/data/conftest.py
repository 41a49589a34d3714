"""Real sources for the data stage: small folders of drawn pictures, read by adapters of our own."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imgcls_automl.data.dataset import DatasetRequest
from imgcls_automl.data.decoded import Contents

ADAPTERS = Path(__file__).parent / "drawn_adapters.py"


@pytest.fixture
def adapter():
    """Refer to an adapter of `drawn_adapters.py` as a user would."""
    return lambda name: f"{ADAPTERS}:{name}"


@pytest.fixture
def make_request(tmp_path, adapter):
    """Ask for a source, with the defaults of the command line."""

    def make(data, name="Pictures", **changes):
        values = {
            "data": tuple(map(str, data if isinstance(data, list) else [data])),
            "test_data": None,
            "adapter": adapter(name) if name else None,
            "options": {},
            "image_size": None,
            "resize": "stretch",
            "seed": 0,
            "max_bad": None,
            "cache": tmp_path / "cache",
        }
        return DatasetRequest(**{**values, **changes})

    return make


@pytest.fixture
def draw_folder(tmp_path):
    """Draw a folder a class, each picture in a grey and with a mark of its own: `draw_folder(cat=8, dog=8)`."""

    def draw(name="pictures", *, size=(20, 16), mode="L", **classes):
        source = tmp_path / name
        for label, count in classes.items():
            (source / label).mkdir(parents=True, exist_ok=True)
            for number in range(count):
                shade = (number * 37 + len(label)) % 256
                image = Image.new("L", size, shade)
                dots = np.random.default_rng([*f"{name}/{label}".encode(), number]).bytes(64)
                image.paste(Image.frombytes("L", (8, 8), dots), (8, 8))
                image.convert(mode).save(source / label / f"{number:03}.png")
        return source

    return draw


@pytest.fixture(scope="session")
def make_contents():
    """The contents of a decoded set, from labels alone; a picture shows its id unless `shown` says what."""

    def make(labels, *, stated=None, groups=None, issues=(), ids=None, sizes=None, shown=None):
        names = sorted(set(labels))
        ids = ids or [f"{number:05}" for number in range(len(labels))]
        digests = (hashlib.blake2b(it.encode(), digest_size=16).digest() for it in shown or ids)
        return Contents(
            image_shape=(8, 8, 1),
            class_names=tuple(names),
            ids=ids,
            labels=np.array([names.index(label) for label in labels], dtype=np.int32),
            stated=stated or [None] * len(labels),
            groups=groups or [None] * len(labels),
            sizes=np.array(sizes or [(8, 8)] * len(labels), dtype=np.int32),
            digests=np.frombuffer(b"".join(digests), "V16"),
            issues=list(issues),
            lasting=True,
            originals={},
            fingerprint="",
        )

    return make
