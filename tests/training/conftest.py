"""Digits opened for training, on TensorFlow, in this process; and how tests train on them."""

from __future__ import annotations

import pytest
from networks import Plain, candidate


def pytest_collection_modifyitems(items):
    for item in items:
        if "/training/" in str(item.path) and "test_scoring" not in str(item.path):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def pictures(digits):
    from imgcls_automl.training.pictures import Pictures

    return Pictures(digits, resident_bytes=1 << 30)


@pytest.fixture
def programs(pictures):
    """No compiled step yet."""
    from imgcls_automl.training.program import Programs

    return Programs(pictures)


@pytest.fixture(autouse=True)
def full_precision():
    """Whatever precision a test computes in, the next one begins in float32."""
    yield
    import keras

    keras.config.set_dtype_policy("float32")


@pytest.fixture
def train(programs):
    """Train a candidate; returns the network and what the training came to."""

    def train(space=None, chosen=None, *, on=programs, watch=lambda epoch: None, **plan):
        from imgcls_automl.training.fitting import build_network, fit_candidate
        from imgcls_automl.training.progress import Plan, Progress

        space, chosen = space or Plain(), chosen or candidate()
        planned = {
            **{"epochs": 2, "seed": 1, "metric": "accuracy", "class_weight": "none"},
            "deadline": None,
            "train": on.pictures.indices("train"),
            "validation": on.pictures.indices("validation"),
            **plan,
        }
        network = build_network(
            space, chosen, on.pictures.task, seed=planned["seed"], precision="float32"
        )
        progress = Progress()
        fit_candidate(space, chosen, network, on, Plan(**planned), progress, watch)
        return network, progress

    return train
