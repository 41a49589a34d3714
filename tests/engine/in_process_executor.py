"""An executor without processes: its workers are generators that say what a real worker would say."""

from __future__ import annotations

from collections import deque

import h5py
import numpy as np

from imgcls_automl.executors.messages import (
    Baselines,
    EpochReport,
    Ready,
    SuggestCall,
    WorkerLost,
)
from imgcls_automl.executors.results import (
    MemberResult,
    RefitResult,
    ReplayResult,
    RetrainResult,
    TrialResult,
)
from imgcls_automl.trial_files import write_result

ENDS_A_TASK = (
    Baselines,
    ReplayResult,
    TrialResult,
    RetrainResult,
    MemberResult,
    RefitResult,
    WorkerLost,
)
IS_ANSWERED = (SuggestCall, EpochReport)


class InProcessExecutor:
    """Implements `imgcls_automl.executors.executor.Executor`.

    Args:
        play: Takes a task and yields a worker's messages; what it yields and wants answered evaluates to the answer.
        workers: How many tasks run at the same time, in turns.
    """

    own_devices = 1

    def __init__(self, play, workers=1):
        self.tasks = []
        self.deadlines = []  # given with them
        self._play = play
        self._playing = dict.fromkeys(range(workers))
        self._said = deque()

    def wait_ready(self):
        return Ready(backend="none", versions={}, device="here", precisions=("float32",))

    def use_dataset(self, dataset):
        self.dataset = dataset

    def idle(self):
        return [worker for worker, playing in self._playing.items() if playing is None]

    def submit(self, worker, task, *, deadline=None):
        assert self._playing[worker] is None, "a busy worker was given a task"
        self.tasks.append(task)
        self.deadlines.append(deadline)
        self._playing[worker] = self._play(task)
        self._go_on(worker, None)

    def next_event(self, timeout):
        if not self._said:
            assert timeout is not None, "nothing is under way: the search would wait for ever"
            return None
        worker, message = self._said.popleft()
        if isinstance(message, ENDS_A_TASK):
            self._playing[worker] = None
        elif not isinstance(message, IS_ANSWERED):
            self._go_on(worker, None)
        return worker, message

    def answer(self, worker, message):
        self._go_on(worker, message)

    def close(self):
        pass

    def _go_on(self, worker, answer):
        self._said.append((worker, self._playing[worker].send(answer)))


def end(task, state="complete", *, score=None, epochs=1, seconds=1.0, **ending):
    """A trial's result, written to its folder as a worker does it."""
    result = TrialResult(
        number=task.number,
        state=state,
        score=score,
        metric="accuracy",
        epoch=epochs if score is not None else None,
        epochs=epochs,
        planned_epochs=task.epochs,
        seconds=seconds,
        parameters=10,
        **ending,
    )
    write_result(task.folder, result)
    return result


def keep_weights(folder, name="best.weights.h5"):
    """Write a file of weights, as a worker does it."""
    folder.mkdir(exist_ok=True)
    with h5py.File(folder / name, "w") as file:
        file["layers/dense/vars/0"] = np.ones((16, 4), "float32")


def draw(name, low=0.0, high=1.0):
    """What a worker says when its space draws a number."""
    arguments = {"name": name, "low": low, "high": high, "step": None, "log": False}
    return SuggestCall(method="suggest_float", arguments=arguments)


def tell(task, epoch, score, seconds=1.0, fold=1, folds=1):
    """What a worker says when an epoch is over."""
    metrics = {"loss": 1.0 - score, "val_accuracy": score}
    return EpochReport(
        number=task.number,
        epoch=epoch,
        epochs=task.epochs,
        seconds=seconds,
        score=score,
        metrics=metrics,
        fold=fold,
        folds=folds,
    )


def learn(task):
    """A trial that goes well: its score is the number it drew, reached over its epochs."""
    drawn = yield draw("x")
    other = yield draw("y")
    for epoch in range(1, task.epochs + 1):
        score = drawn.value * epoch / task.epochs
        verdict = yield tell(task, epoch, score)
        if verdict.stop is not None:
            yield end(task, "pruned", score=score, epochs=epoch, cause=verdict.stop)
            return
    yield end(task, score=drawn.value, epochs=task.epochs, detail=str(other.value))


def fail(cause, detail="it went wrong"):
    def play(task):
        yield draw("x")
        yield end(task, "failed", cause=cause, detail=detail, epochs=0)

    return play


def in_turn(*plays):
    """The first trial plays out as the first tells, and so on; the last tells for all that follow."""
    return lambda task: plays[min(task.number, len(plays) - 1)](task)


def states(study):
    return [trial.state.name for trial in study.get_trials()]
