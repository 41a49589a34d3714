"""The data set of a run that is resumed: refused where it is no longer the one the run began with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcls_automl.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imgcls_automl.data.dataset import Dataset

_NAMED = 5  # classes that a message lists


def refuse_changed_data(earlier: Mapping[str, Any], dataset: Dataset) -> None:
    """Compare what run.json holds of a run's data set with the one that was read now.

    Args:
        earlier: run.json's `"dataset"`; with `"plugin"`, the adapter's package and version, where that is known.
        dataset: As it was read now.

    Raises:
        ConfigError: They differ; says in what.
    """
    plugin = earlier.get("plugin")
    if plugin is not None and plugin != dataset.plugin:
        _refuse("dataset adapter", f"it was {plugin}, and is {dataset.plugin}")
    before = earlier.get("corrections", dataset.corrections)  # older versions had none
    if before != dataset.corrections:
        _refuse(
            "choice of pictures by --exclude and --relabel",
            f"it was {before}, and is {dataset.corrections}",
        )
    if earlier["fingerprint"] != dataset.fingerprint:
        _refuse("data", _describe_difference(earlier, dataset))


def _refuse(what: str, difference: str) -> None:
    raise ConfigError(
        f"The {what} has changed since this run began: {difference}.\n"
        "Bring back what it was, or begin a new run with what this one tried: imgcls-automl resume RUN --fork"
    )


def _describe_difference(earlier: Mapping[str, Any], dataset: Dataset) -> str:
    task = dataset.task
    before, now = set(earlier["class_names"]), set(task.class_names)
    found = []
    for verb, names in (("lacks", before - now), ("has gained", now - before)):
        if names:
            listed = ", ".join(repr(name) for name in sorted(names)[:_NAMED])
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            found.append(f"it {verb} the classes {listed}{more}")
    pictures = sum(earlier["split_sizes"]), sum(dataset.split_sizes)
    if pictures[0] != pictures[1]:
        found.append(f"it had {pictures[0]:,} pictures, and has {pictures[1]:,}")
    if tuple(earlier["image_shape"]) != task.image_shape:
        shapes = ["x".join(map(str, shape)) for shape in (earlier["image_shape"], task.image_shape)]
        found.append(f"they were {shapes[0]}, and are {shapes[1]}")
    if not found:
        found.append(f"it has {pictures[1]:,} pictures as before, but other pixels, labels or ids")
    marks = [fingerprint[:12] for fingerprint in (earlier["fingerprint"], dataset.fingerprint)]
    return f"{'; '.join(found)} (fingerprint {marks[0]}, now {marks[1]})"
