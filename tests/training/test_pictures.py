"""Pictures are run through a model a batch at a time, and each batch is a sign that something gets on."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.mark.parametrize("batches", [0, 1, 3])
def test_each_batch_that_is_evaluated_is_told(digits, batches):
    from imgcls_automl.training.pictures import Pictures

    told = []
    pictures = Pictures(digits, resident_bytes=0, on_batch=lambda: told.append(1))

    def predict(indices):
        return np.zeros((len(indices), 10), "float32")

    some = np.zeros(1024 * batches, "int32")
    assert pictures.evaluate(some, predict).shape == (1024 * batches, 10)
    assert len(told) == batches
