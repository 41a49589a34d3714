"""Signs of life of a training: now and then, however often it calls."""

from __future__ import annotations

from imgcls_automl.executors import pulse
from imgcls_automl.executors.messages import Pulse
from imgcls_automl.executors.pulse import PulseSender


def test_only_now_and_then_one_is_sent(monkeypatch):
    sent = []
    now = [100.0]
    monkeypatch.setattr(pulse.time, "monotonic", lambda: now[0])
    beat = PulseSender(sent.append)
    for _ in range(900):  # nine seconds of steps
        now[0] += 0.01
        beat()
    assert sent == [Pulse()] * 4
