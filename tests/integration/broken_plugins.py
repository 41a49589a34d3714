"""Twelve plugins, each broken in its own way, as twelve small distributions that anyone might have installed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imgcls_automl.registry import DATASETS, SEARCH_SPACES

if TYPE_CHECKING:
    from pathlib import Path

ADAPTER = """
import numpy as np
from imgcls_automl.plugin import Match, Sample

class Plugin:
    def match(self, source):
        return Match(1.0, "its own word") if source == "broken" else None

    def read(self, source):
        if source != "broken":
            from imgcls_automl.plugin import DatasetError
            raise DatasetError("There is only one source, and it is called broken.")
        for number in range(4):
            yield self.make(number)

    def make(self, number):
        pixels = np.full((8, 8), number % 4, dtype=np.uint8)
        return Sample(id=str(number), image=pixels, label=str(number % 2))
"""

SPACE = """
from imgcls_automl.plugin import Candidate

class Plugin:
    def suggest(self, trial, task):
        return Candidate(model={"units": trial.suggest_int("units", 4, 8)})

    def build(self, model, task):
        import keras

        images = keras.Input(task.image_shape)
        x = keras.layers.Dense(model["units"])(keras.layers.Flatten()(images))
        return keras.Model(images, self.end(keras, x, task.num_classes))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A broken plugin: its code, and words of what `plugins check` says of it."""

    code: str
    says: str
    group: str = DATASETS
    name: str = ""


BROKEN = {
    "import_error": Broken(code="import surely_missing", says="No module named 'surely_missing'"),
    "import_hang": Broken(code="import time; time.sleep(600)", says="does not end: stopped after"),
    "os_exit": Broken(code="import os; os._exit(7)", says="exited with code 7"),
    "wrong_type": Broken(code="class Plugin: pass", says="needs the methods match and read"),
    "wrong_signature": Broken(
        code=ADAPTER + "    def match(self): return None\n",
        says="cannot be called as match(source)",
    ),
    "duplicate": Broken(
        code=ADAPTER, name="idx", says="Two packages register the dataset adapter 'idx'"
    ),
    "newer_api": Broken(code=ADAPTER + "    api_version = 2\n", says="speaks plugin API 2"),
    "probabilities": Broken(
        code=SPACE
        + "    def end(self, keras, x, classes):\n"
        + "        return keras.layers.Dense(classes, activation='softmax')(x)\n",
        group=SEARCH_SPACES,
        says="gives probabilities",
    ),
    "nan_gradients": Broken(
        code=SPACE
        + "    def end(self, keras, x, classes):\n"
        + "        x = keras.layers.Dense(classes)(x)\n"
        + "        return x + keras.ops.sqrt(keras.layers.ReLU()(0.0 * x))\n",
        group=SEARCH_SPACES,
        says="NaN or infinite",
    ),
    "unpicklable": Broken(
        code=ADAPTER
        + "    def __init__(self):\n"
        + "        import threading\n"
        + "        self.lock = threading.Lock()\n",
        says="cannot pickle '_thread.lock' object",
    ),
    "endless": Broken(
        code=ADAPTER.replace("range(4)", "__import__('itertools').count()"),
        says="read() has not ended after",
    ),
    "label_is_a_number": Broken(
        code=ADAPTER.replace("label=str(number % 2)", "label=number % 2"),
        says="Sample.label must be a text or None, but got 0",
    ),
}


def install_broken(site: Path) -> None:
    """Put them into a folder as pip leaves distributions: a module and metadata each."""
    for key, broken in BROKEN.items():
        (site / f"broken_{key}.py").write_text(broken.code)
        info = site / f"broken_{key}-0.1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: broken-{key.replace('_', '-')}\nVersion: 0.1\n"
        )
        entry = f"{broken.name or key} = broken_{key}:Plugin"
        (info / "entry_points.txt").write_text(f"[{broken.group}]\n{entry}\n")
