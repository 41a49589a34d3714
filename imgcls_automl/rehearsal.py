"""A search rehearsed: everything is checked and asked, nothing is trained and nothing kept."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imgcls_automl import registry
from imgcls_automl.stages import dataset_request, make_budget, start_executor

if TYPE_CHECKING:
    from collections.abc import Callable

    from imgcls_automl.config import RunConfig
    from imgcls_automl.data.dataset import Dataset, IngestProgress
    from imgcls_automl.engine.budget import Budget
    from imgcls_automl.executors.messages import Ready


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What a search would work with: its configuration and budget, data, worker and the space's baselines."""

    config: RunConfig
    budget: Budget
    dataset: Dataset
    ready: Ready
    baselines: list[dict[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {
            "config": self.config.to_json(),
            "epochs": self.config.planned.epochs,
            "timeout": self.budget.seconds,
            "fingerprint": self.dataset.fingerprint,
            "image_shape": self.dataset.task.image_shape,
            "class_names": self.dataset.task.class_names,
            "split_sizes": self.dataset.split_sizes,
            "remarks": self.dataset.remarks,
            "folds": self.dataset.folds,
            "device": self.ready.device,
            "baselines": self.baselines,
        }


def rehearse(
    config: RunConfig, observe: Callable[[IngestProgress], None] | None = None
) -> Rehearsal:
    """Read and check the data, load the space and the framework, ask for the baselines; train and keep nothing."""
    from imgcls_automl.data.prepare import opened_dataset
    from imgcls_automl.engine.baselines import ask_baselines
    from imgcls_automl.executors.tasks import UseDataset

    space = registry.find(registry.SEARCH_SPACES, config.space)
    with (
        closing(start_executor(config, space, log=None)) as executor,
        opened_dataset(
            dataset_request(config), folder=None, log=None, on_progress=observe
        ) as dataset,
    ):
        ready = executor.wait_ready()
        executor.use_dataset(
            UseDataset(
                dataset=dataset,
                metric=config.metric,
                class_weight=config.class_weight,
                sampling=config.sampling,
                limits=config.limits,
            )
        )
        return Rehearsal(
            config=config,
            budget=make_budget(config, time.time()),
            dataset=dataset,
            ready=ready,
            baselines=ask_baselines(executor),
        )
