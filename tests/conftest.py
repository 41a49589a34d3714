"""What tests of every layer share: the command line, digits as a prepared data set, a finished run, a tiny space."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TINY_SPACE = '''
"""A space that trains in a blink: one dense layer, one parameter."""

import time

from imgcls_automl.plugin import Candidate, Training


class Tiny:
    def __init__(self, delay="0"):
        self.delay = float(delay)

    def suggest(self, trial, task):
        rate = trial.suggest_float("learning_rate", 1e-3, 1e-1, log=True)
        return Candidate(model={"units": 8}, training=Training(batch_size=64, learning_rate=rate))

    def build(self, model, task):
        import keras

        time.sleep(self.delay)
        images = keras.Input(task.image_shape)
        x = keras.layers.Dense(model["units"], "relu")(keras.layers.Flatten()(images))
        return keras.Model(images, keras.layers.Dense(task.num_classes)(x))

    def baselines(self, task):
        return [{"learning_rate": 0.01}]
'''


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """Where decoded pictures are kept for all tests of the session."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def command():
    """The installed command."""
    return str(Path(sys.executable).with_name("imgcls-automl"))


@pytest.fixture(scope="session")
def environment(cache):
    """The environment the command runs in: no option of the developer's own, the session's cache."""
    own = {name: text for name, text in os.environ.items() if not name.startswith("IMGCLS_AUTOML_")}
    return {**own, "IMGCLS_AUTOML_CACHE_DIR": str(cache), "COLUMNS": "120"}


@pytest.fixture(scope="session")
def imgcls(command, environment, tmp_path_factory):
    """Run the installed command and return the completed process, its outputs as text."""
    elsewhere = tmp_path_factory.mktemp("cwd")

    def run(*arguments, cwd=elsewhere, env=None, timeout=120):
        return subprocess.run(
            [command, *map(str, arguments)],
            cwd=cwd,
            env={**environment, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def tiny_space(tmp_path_factory):
    """The reference of a tiny search space in a file: `path/to/tiny.py:Tiny`."""
    file = tmp_path_factory.mktemp("space") / "tiny.py"
    file.write_text(TINY_SPACE)
    return f"{file}:Tiny"


@pytest.fixture(scope="session")
def digits(cache, tmp_path_factory):
    """scikit-learn's digits as the data stage gives them."""
    from imgcls_automl.data.dataset import DatasetRequest
    from imgcls_automl.data.prepare import prepare_dataset

    request = DatasetRequest(
        data=("digits",),
        test_data=None,
        adapter=None,
        options={},
        image_size=None,
        resize="stretch",
        seed=0,
        max_bad=None,
        cache=cache,
    )
    return prepare_dataset(request, folder=tmp_path_factory.mktemp("digits") / "data", log=None)


@pytest.fixture(scope="session")
def finished(imgcls, tmp_path_factory):
    """A finished search on digits, 3 trials of 2 epochs: (run folder, completed process). Not to be changed."""
    folder = tmp_path_factory.mktemp("finished")
    done = imgcls(
        *("search", "--space", "cnn_small", "--data", "digits", "--out", "run"),
        *("--trials", "3", "--epochs", "2", "--preset", "fast"),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    return folder / "run", done
