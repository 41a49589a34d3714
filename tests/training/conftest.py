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


@pytest.fixture(scope="session")
def folded(cache, tmp_path_factory):
    """Digits in three folds, opened for training."""
    from imgcls_automl.data.dataset import DatasetRequest
    from imgcls_automl.data.prepare import prepare_dataset
    from imgcls_automl.training.pictures import Pictures

    request = DatasetRequest(
        **{
            "data": ("digits",),
            "test_data": None,
            "adapter": None,
            "options": {},
            "image_size": None,
        },
        **{"resize": "stretch", "seed": 0, "max_bad": None, "cache": cache, "folds": 3},
    )
    folder = tmp_path_factory.mktemp("folded") / "data"
    return Pictures(prepare_dataset(request, folder=folder, log=None), resident_bytes=1 << 30)


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
