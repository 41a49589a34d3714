"""A space of two numbers as a worker plays it: trials that leave all their files, and draws made once more."""

from __future__ import annotations

from in_process_executor import draw, end, tell

from imgcls_automl.executors.results import ReplayResult
from imgcls_automl.executors.tasks import ReplayTask
from imgcls_automl.files import write_csv
from imgcls_automl.plugin import Candidate, ImageTask, Training
from imgcls_automl.trial_files import HISTORY, StoredCandidate, write_candidate

TASK = ImageTask(image_shape=(8, 8, 1), class_names=("a", "b"), class_counts=(5, 5))
COLUMNS = ("epoch", "time", "seconds", "val_accuracy", "val_macro_f1", "val_loss")


def make_space(*names, high=1.0):
    """What a worker does whose space draws these numbers, from 0 to `high`."""

    def play(task):
        params = {}
        for name in names:
            answer = yield draw(name, high=high)
            if answer.error is not None:
                yield ReplayResult(refusal=str(answer.error))
                return
            params[name] = answer.value
        if task.folder is not None:
            write_candidate(task.folder, make_stored(task.number, params))
        if isinstance(task, ReplayTask):
            yield ReplayResult(refusal=None)
            return
        score = params[names[0]]
        write_history(task.folder, score)
        yield tell(task, 1, score)
        yield end(task, score=score)

    return play


def make_stored(number, params):
    candidate = Candidate(model=params, training=Training())
    return StoredCandidate(
        number=number, params=params, baseline=False, candidate=candidate, task=TASK
    )


def write_history(folder, score):
    """Two epochs, the first better by accuracy, the second by F1."""
    rows = [(1, "", 0.1, score, score / 4, 1.0), (2, "", 0.1, score / 2, score / 3, 0.5)]
    write_csv(folder / HISTORY, COLUMNS, rows)
