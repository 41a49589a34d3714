"""Tasks that a contract gives to search spaces, candidates drawn for them, and what they build."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcls_automl.plugin import Candidate, HasBaselines, ImageTask
from imgcls_automl.testing.promises import blaming, require

if TYPE_CHECKING:
    import keras
    import optuna

    from imgcls_automl.plugin import SearchSpace

_PURE = "suggest() may call trial.suggest_* and nothing else, for any task."


def make_task(shape: tuple[int, int, int], classes: int, pictures: int = 6_000) -> ImageTask:
    """A task of evenly filled classes."""
    return ImageTask(
        image_shape=shape,
        class_names=tuple(f"class {number}" for number in range(classes)),
        class_counts=(max(1, pictures // classes),) * classes,
    )


# The smallest pictures there are, those of the MNIST family, oblong ones, photos of many classes.
TASKS = (
    make_task((8, 8, 1), 2, pictures=40),
    make_task((28, 28, 1), 10),
    make_task((32, 48, 3), 3),
    make_task((64, 64, 3), 100),
)


def describe_task(task: ImageTask) -> str:
    """`"pictures of (28, 28, 1), 10 classes"`."""
    return f"pictures of {task.image_shape}, {task.num_classes} classes"


def suggest(space: SearchSpace, trial: optuna.trial.BaseTrial, task: ImageTask) -> Candidate:
    """Draw one candidate as a worker does, where a trial knows nothing but suggest_*."""
    __tracebackhide__ = True
    from imgcls_automl.executors.messages import SuggestAnswer
    from imgcls_automl.executors.remote_trial import RemoteTrial

    def answer(call: Any) -> SuggestAnswer:
        return SuggestAnswer(value=getattr(trial, call.method)(**call.arguments))

    with blaming(f"suggest() for {describe_task(task)}", _PURE):
        candidate: Any = space.suggest(RemoteTrial(0, answer), task)
    require(
        isinstance(candidate, Candidate),
        f"suggest() returned a {type(candidate).__name__}.",
        "Return imgcls_automl.plugin.Candidate(model={...}, training=Training(...)).",
    )
    return candidate  # type: ignore[no-any-return]  # required above


def draw(
    space: SearchSpace, task: ImageTask, count: int, seed: int = 0
) -> list[tuple[dict[str, Any], Candidate]]:
    """Candidates at random, each with the parameters that were drawn for it."""
    __tracebackhide__ = True
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    drawn = []
    for _ in range(count):
        trial = study.ask()
        candidate = suggest(space, trial, task)
        drawn.append((trial.params, candidate))
    return drawn


def replay(space: SearchSpace, params: dict[str, Any], task: ImageTask) -> Candidate:
    """The candidate of given parameters."""
    __tracebackhide__ = True
    from optuna.trial import FixedTrial

    return suggest(space, FixedTrial(params), task)


def list_baselines(space: SearchSpace, task: ImageTask) -> list[dict[str, Any]]:
    """A space's baselines for a task; none where it has none."""
    __tracebackhide__ = True
    if not isinstance(space, HasBaselines):
        return []
    call = f"baselines() for {describe_task(task)}"
    with blaming(call, "Return a list of complete parameter sets, one dict each."):
        return [dict(params) for params in space.baselines(task)]


def pick_candidates(space: SearchSpace, task: ImageTask, count: int = 2) -> list[Candidate]:
    """Candidates worth building: the first baseline where there is one, and draws."""
    __tracebackhide__ = True
    baselines = [replay(space, params, task) for params in list_baselines(space, task)[:1]]
    drawn = [candidate for _, candidate in draw(space, task, count - len(baselines))]
    return baselines + drawn


def build(space: SearchSpace, candidate: Candidate, task: ImageTask, seed: int = 0) -> keras.Model:
    """Build a candidate's network with seeded weights and names that start afresh."""
    __tracebackhide__ = True
    import keras

    keras.backend.clear_session(free_memory=False)  # names start afresh; collecting takes longer
    keras.utils.set_random_seed(seed)
    call = f"build({dict(candidate.model)}) for {describe_task(task)}"
    with blaming(call, "Let it build at any picture from 8x8 up, and for any number of classes."):
        model = space.build(candidate.model, task)
    require(
        isinstance(model, keras.Model),
        f"{call} returned a {type(model).__name__}.",
        "Return a keras.Model of float32 pictures (N, H, W, C) to logits (N, classes).",
    )
    return model


def draw_images(task: ImageTask, count: int) -> Any:
    """Noise as float32 pictures (N, H, W, C) in [0, 1]."""
    import numpy as np

    return np.random.default_rng(0).random((count, *task.image_shape), dtype=np.float32)
