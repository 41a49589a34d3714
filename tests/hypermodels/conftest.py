"""HyperModels for tests, and how they are drawn from and trained on digits."""

from __future__ import annotations

import pytest

from imgcls_automl.plugin import ImageTask


def pytest_collection_modifyitems(items):
    for item in items:
        if "/hypermodels/" in str(item.path) and "recognition" not in str(item.path):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def digits_task():
    names = tuple("0123456789")
    return ImageTask(image_shape=(8, 8, 1), class_names=names, class_counts=(100,) * 10)


@pytest.fixture
def train(digits, tmp_path):
    """Run one trial of a HyperModel on digits, its parameters given; returns its result."""
    import optuna

    from imgcls_automl.executors.messages import Admission, Verdict
    from imgcls_automl.executors.tasks import TrialTask
    from imgcls_automl.hypermodels.space import HyperModelSpace
    from imgcls_automl.training.bench import Bench
    from imgcls_automl.training.pictures import Pictures
    from imgcls_automl.training.program import Programs
    from imgcls_automl.training.trial import run_trial

    pictures = Pictures(digits, resident_bytes=1 << 30)

    def train(found, params=None, *, options=None, verdict=None, class_weight="none", **changes):
        planned = {
            **{"number": 0, "baseline": False, "seed": 1, "epochs": 2, "deadline": None},
            **{"precision": "float32", **changes},
        }
        bench = Bench(
            space=HyperModelSpace(found, options or {}),
            programs=Programs(pictures),
            metric="accuracy",
            class_weight=class_weight,
        )
        return run_trial(
            TrialTask(folder=tmp_path, **planned),
            bench,
            optuna.trial.FixedTrial(params or {}, number=0),
            admit=lambda drawn: Admission(),
            started=lambda event: None,
            report=lambda epoch: verdict(epoch) if verdict else Verdict(),
        )

    return train
