"""A worker is idle again after whatever ends a task: one that is not known would be waited for until the time is up."""

from __future__ import annotations

from imgcls_automl.executors import results, worker_process


def test_every_result_ends_a_task():
    named = {value for name, value in vars(results).items() if name.endswith("Result")}
    assert len(named) > 3
    assert named <= set(worker_process._ENDS_A_TASK)
