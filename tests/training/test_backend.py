"""Where a backend runs is asked of the backend itself."""

from __future__ import annotations

from types import SimpleNamespace

import keras
import pytest

from imgcls_automl.training.backend import sees_gpu


@pytest.mark.parametrize(("device", "seen"), [("cuda:0", True), ("cpu", False)])
def test_torch_is_asked_where_it_puts_arrays_since_keras_cannot_list_its_devices(
    monkeypatch, device, seen
):
    monkeypatch.setattr(keras.ops, "zeros", lambda shape: SimpleNamespace(device=device))
    assert sees_gpu("torch") is seen
