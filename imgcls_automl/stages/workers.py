"""The workers: started before the data is read, ready once they have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcls_automl.events import WorkerReady

if TYPE_CHECKING:
    from pathlib import Path

    from imgcls_automl.config import RunConfig
    from imgcls_automl.data.dataset import Dataset
    from imgcls_automl.executors.executor import Executor
    from imgcls_automl.executors.local import LocalExecutor
    from imgcls_automl.executors.messages import Ready
    from imgcls_automl.registry import PluginInfo
    from imgcls_automl.stages.context import Run


def start_executor(config: RunConfig, space: PluginInfo, log: Path | None) -> LocalExecutor:
    """Start the workers, which load their framework while the data is read."""
    from imgcls_automl.executors.local import LocalExecutor
    from imgcls_automl.executors.messages import WorkerSetup
    from imgcls_automl.executors.supervision import Limits

    setup = WorkerSetup(space=space, space_options=config.space_option, device=config.device)
    limits = Limits(trial=config.trial_timeout)
    return LocalExecutor(setup, workers=config.workers, log=log, limits=limits)


def ready_workers(run: Run, dataset: Dataset, executor: Executor) -> Ready:
    """Wait for the workers and give them the data set."""
    from imgcls_automl.executors.tasks import UseDataset

    ready = executor.wait_ready()
    executor.use_dataset(
        UseDataset(
            dataset=dataset,
            metric=run.config.metric,
            class_weight=run.config.class_weight,
            sampling=run.config.sampling,
            limits=run.config.limits,
        )
    )
    run.folder.update(
        versions={**run.folder.record["versions"], **ready.versions},
        device={"backend": ready.backend, "name": ready.device},
    )
    run.observe(WorkerReady(ready=ready))
    return ready
