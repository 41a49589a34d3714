"""Where a backend runs is asked of the backend itself."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from imgcls_automl.training.backend import sees_gpu


@pytest.mark.parametrize("there", [True, False])
def test_torch_is_asked_itself_since_keras_cannot_list_its_devices(monkeypatch, there):
    torch = SimpleNamespace(cuda=SimpleNamespace(is_available=lambda: there))
    monkeypatch.setitem(sys.modules, "torch", torch)
    assert sees_gpu("torch") is there
