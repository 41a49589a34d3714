"""What a search space would do to training pictures: shown by a worker, as it would happen in a trial."""

from __future__ import annotations

import tempfile
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl import registry
from imgcls_automl.errors import BrokenPluginError
from imgcls_automl.stages import start_executor

if TYPE_CHECKING:
    import numpy as np

    from imgcls_automl.config import RunConfig
    from imgcls_automl.data.dataset import Dataset
    from imgcls_automl.data.sights import Sights

MOST_PICTURES = 6
VARIANTS = 7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Preview:
    """Some pictures and what becomes of them.

    Attributes:
        space: The search space's name.
        strengths: Of the changes that are made, by name; none where the space makes none.
        originals: uint8 (P, H, W, C).
        changed: uint8 (V, P, H, W, C).
    """

    space: str
    strengths: dict[str, float]
    originals: np.ndarray
    changed: np.ndarray


def preview_augmentation(config: RunConfig, dataset: Dataset, sights: Sights) -> Preview:
    """Have a worker change some pictures, of as many classes as there are, by the space's strongest augmentation.

    Raises:
        PluginError: The space is unknown or broken.
        ConfigError: A GPU was asked for and there is none.
    """
    import numpy as np

    from imgcls_automl.engine.tasks import run_tasks
    from imgcls_automl.executors.results import PreviewResult
    from imgcls_automl.executors.tasks import PreviewTask, UseDataset

    space = registry.find(registry.SEARCH_SPACES, config.space)
    places = _choose_places(sights)
    with (
        tempfile.TemporaryDirectory(prefix="imgcls-automl-") as folder,
        closing(start_executor(replace(config, workers=1), space, log=None)) as executor,
    ):
        file = Path(folder, "changed.npy")
        executor.wait_ready()
        executor.use_dataset(
            UseDataset(dataset=dataset, metric=config.metric, class_weight=config.class_weight)
        )
        task = PreviewTask(places=places, variants=VARIANTS, seed=config.seed, file=file)
        (result,) = run_tasks(executor, [task], deadline=None, observe=lambda event: None)
        if not isinstance(result, PreviewResult):
            raise BrokenPluginError(
                f"The search space {space.name!r} ({space.origin}) took its worker down while it was asked for its "
                "augmentation.\nThis is for its author to mend."
            )
        return Preview(
            space=space.name,
            strengths=result.strengths,
            originals=np.load(dataset.images, mmap_mode="r")[list(places)],
            changed=np.load(file),
        )


def _choose_places(sights: Sights) -> tuple[int, ...]:
    """The first picture of each class, then the second of each, and so on."""
    by_rank = zip_longest(*(gallery.places for gallery in sights.classes))
    places = [place for rank in by_rank for place in rank if place is not None]
    return tuple(places[:MOST_PICTURES])
