"""On JAX an epoch is one compiled scan over Keras's own step: the numbers are those of `fit`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# Run in a process of its own: a process has one backend.
COMPARE = """
import json, sys, time
from networks import Plain, Told, candidate
from imgcls_automl.training import epochs
from imgcls_automl.training.checkpoint import Snapshot
from imgcls_automl.training.fitting import build_network, fit_candidate
from imgcls_automl.training.progress import Plan, Progress
from imgcls_automl.training.pictures import Pictures
from imgcls_automl.training.program import Programs
from imgcls_automl.training.backend import load_backend
from imgcls_automl.training.watching import Watch
import pickle

load_backend("cpu")
pictures = Pictures(pickle.load(open(sys.argv[1], "rb")), resident_bytes=1 << 30)
augmentation = {"horizontal_flip": True, "translation": 0.1, "erasing": 0.2, "mixup": 0.2}
first = candidate(dropout=0.3, label_smoothing=0.1, augmentation=augmentation)
second = candidate(dropout=0.5, learning_rate=0.003, augmentation=augmentation)


def train(chosen, programs, progress=None, snapshot=None, keep=lambda program: None, pacing=None, deadline=None):
    sampling = "balanced" if chosen is second else "none"
    network = build_network(Plain(), chosen, pictures.task, seed=5, precision="float32")
    progress = progress or Progress()
    plan = Plan(
        epochs=3, seed=5, train=pictures.indices("train"), validation=pictures.indices("validation"),
        metric="accuracy", class_weight="none", deadline=deadline, sampling=sampling, pacing=pacing,
    )
    fit_candidate(
        Plain(), chosen, network, programs, plan, progress, lambda epoch: None, snapshot=snapshot, keep=keep
    )
    return [[epoch.metrics["loss"], epoch.metrics["val_loss"]] for epoch in progress.epochs]


programs = Programs(pictures)
scanned = [train(first, programs), train(second, programs), train(first, programs)]
late = Told(fitting=(3, 1, 0))
shortened = [train(first, programs, pacing=late)]
expect = Watch.expect_epoch
Watch.expect_epoch = lambda watch: 7200.0 * len(watch.progress.epochs)
hurried = train(first, programs, deadline=time.time() + 3600)
Watch.expect_epoch = expect
kept = []
train(
    first, programs,
    keep=lambda program: kept.append(Snapshot(weights=program.get_weights(), state=program.get_state())),
)
whole = Progress()
train(first, programs, whole)
continued = train(first, Programs(pictures), Progress(epochs=whole.epochs[:2], best=whole.best), kept[1])
epochs._scan = lambda program, order, shape, watcher: epochs._fit(program, pictures, order, shape, watcher)
programs = Programs(pictures)
fitted = [train(first, programs), train(second, programs)]
shortened.append(train(first, programs, pacing=late))
told = {"scanned": scanned, "fitted": fitted, "continued": continued, "shortened": shortened, "hurried": hurried}
print(json.dumps({**told, "tensorflow": sys.modules["tensorflow"] is not None}))
"""


@pytest.fixture(scope="module")
def told(digits, tmp_path_factory):
    import pickle

    folder = tmp_path_factory.mktemp("jax")
    (folder / "compare.py").write_text(COMPARE)
    (folder / "digits.pickle").write_bytes(pickle.dumps(digits))
    done = subprocess.run(
        [sys.executable, folder / "compare.py", folder / "digits.pickle"],
        env={**os.environ, "KERAS_BACKEND": "jax", "PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_scanned_epoch_gives_the_losses_of_fit(told):
    for scanned, fitted in zip(told["scanned"], told["fitted"], strict=False):
        for one, other in zip(scanned, fitted, strict=True):
            assert one == pytest.approx(other, abs=1e-5)


def test_an_epoch_that_would_end_too_late_is_not_begun(told):
    assert told["hurried"] == told["scanned"][0][:1]


def test_a_compiled_scan_used_again_leaves_no_trace(told):
    assert told["scanned"][2] == told["scanned"][0]
    assert told["scanned"][1] != told["scanned"][0]


def test_a_training_goes_on_from_a_snapshot_as_if_it_had_not_ended(told):
    assert told["continued"] == told["scanned"][0]


def test_it_is_brought_to_fewer_epochs_just_as_fit_is(told):
    scanned, fitted = told["shortened"]
    assert len(scanned) == 2
    assert scanned[0] == told["scanned"][0][0]
    assert scanned[1] != told["scanned"][0][1]
    for one, other in zip(scanned, fitted, strict=True):
        assert one == pytest.approx(other, abs=1e-5)


def test_tensorflow_stays_away(told):
    assert not told["tensorflow"]
