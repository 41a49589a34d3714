"""The data stage: what is read, how, and what the run's record says of it."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imgcls_automl.config import DEFAULT_CACHE_LIMIT, DEFAULT_READ_TIMEOUT
from imgcls_automl.events import DatasetReady

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from imgcls_automl.config import RunConfig
    from imgcls_automl.data.dataset import Dataset, DatasetRequest
    from imgcls_automl.registry import PluginInfo
    from imgcls_automl.stages.context import Run


@contextmanager
def opened_data(run: Run, space: PluginInfo) -> Iterator[Dataset]:
    """Read, check and split the pictures, which stay in the cache until the block ends.

    A resumed run refuses others than it began with. A space that cannot be loaded is told while they are read.
    """
    from imgcls_automl.data.prepare import opened_dataset
    from imgcls_automl.results.suspect_records import record_suspects
    from imgcls_automl.space_check import trying_space

    def observe(progress: Any) -> None:
        raise_broken_space()
        run.observe(progress)

    request = replace(
        dataset_request(run.config), earlier=run.earlier_data, recorded=run.recorded_data
    )
    with ExitStack() as held:
        with trying_space(space, run.config.space_option, run.folder.log) as raise_broken_space:
            opened = opened_dataset(
                request, folder=run.folder.data, log=run.folder.log, on_progress=observe
            )
            dataset = held.enter_context(opened)
        # Those of a resumed run's model; the data stage has just written its files anew, without them.
        record_suspects(run.folder.path)
        _record_dataset(run, dataset)
        yield dataset


def _record_dataset(run: Run, dataset: Dataset) -> None:
    run.folder.update(
        dataset={
            "fingerprint": dataset.fingerprint,
            "corrections": dataset.corrections,
            "class_names": dataset.task.class_names,
            "class_counts": dataset.task.class_counts,
            "image_shape": dataset.task.image_shape,
            "split_sizes": dataset.split_sizes,
            "floor": dataset.floor,
        },
        plugins={
            **run.folder.record["plugins"],
            "adapter": {"name": dataset.adapter, "origin": dataset.plugin, "value": ""},
        },
    )
    run.folder.note_time("data", time.time() - run.budget.started)
    run.observe(DatasetReady(dataset=dataset, seconds=time.time() - run.budget.started))


def dataset_request(config: RunConfig) -> DatasetRequest:
    """What the data stage needs to know of a configuration."""
    from imgcls_automl.data.dataset import DatasetRequest

    return DatasetRequest(
        data=config.data,
        test_data=config.test_data,
        adapter=config.adapter,
        options=config.data_option,
        image_size=config.image_size,
        resize=config.resize,
        seed=config.seed,
        max_bad=config.max_bad,
        exclude=config.exclude,
        relabel=config.relabel,
        folds=config.folds,
        test_share=config.test_share,
        max_pixels=config.max_pixels,
        cache=config.cache_dir or default_cache(),
        cache_limit=config.cache_limit or DEFAULT_CACHE_LIMIT,
        read_timeout=config.read_timeout or DEFAULT_READ_TIMEOUT,
    )


def default_cache() -> Path:
    """Where decoded sets are kept unless the user says otherwise."""
    import platformdirs

    return platformdirs.user_cache_path("imgcls-automl") / "datasets"
