"""Worker processes: what they can be asked, and what becomes of a search when a space brings them down."""

from __future__ import annotations

import textwrap
import time

import psutil
import pytest

from imgcls_automl import registry
from imgcls_automl.engine.baselines import ask_baselines
from imgcls_automl.engine.budget import Budget
from imgcls_automl.engine.loop import run_trials
from imgcls_automl.engine.planning import SearchPlan
from imgcls_automl.engine.study import close_study, enqueue_baselines, open_study
from imgcls_automl.errors import BrokenPluginError, ConfigError, PluginError
from imgcls_automl.executors.local import LocalExecutor
from imgcls_automl.executors.messages import WorkerLost, WorkerSetup
from imgcls_automl.executors.tasks import UseDataset
from imgcls_automl.trial_files import read_result

pytestmark = pytest.mark.slow

MISCHIEF = """
import enum
import os
import signal

import optuna

from imgcls_automl.plugin import Candidate, PluginError, Training

KINDS = ["good", "exit", "kill", "raise", "report", "none", "infeasible", "range"]


class Kind(str, enum.Enum):
    # The search process has no such class.

    GOOD, EXIT, KILL, RAISE, REPORT, NONE, INFEASIBLE, RANGE = KINDS


class Mischief:
    def suggest(self, trial, task):
        kind = trial.suggest_categorical("kind", [Kind(kind) for kind in KINDS]).value
        rate = trial.suggest_float("rate", 1e-3, 1e-1, log=True)
        if kind == "raise":
            raise RuntimeError("the space lost its way")
        if kind == "report":
            trial.report(1.0, 0)
        if kind == "none":
            return None
        if kind == "infeasible":
            raise optuna.TrialPruned("too large")
        if kind == "range":
            trial.suggest_float("rate", 1.0, 2.0)
            trial.suggest_int("depth", 5, 1)
        return Candidate(
            model={"kind": kind, "number": trial.number, "drawn": len(trial.params)},
            training=Training(batch_size=128, learning_rate=rate),
        )

    def build(self, model, task):
        import keras

        if model["kind"] == "exit":
            os._exit(3)
        if model["kind"] == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        images = keras.Input(task.image_shape)
        return keras.Model(
            images, keras.layers.Dense(task.num_classes)(keras.layers.Flatten()(images))
        )

    def baselines(self, task):
        return [{"kind": kind, "rate": 0.01} for kind in KINDS]


class Deaf(Mischief):
    def baselines(self, task):
        raise LookupError("no such baseline")


class OwnError(PluginError):
    pass


class Choosy(Mischief):
    def __init__(self, size="large"):
        if size != "large":
            raise OwnError(f"size must be large, but got {size}.")
"""


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """Start an executor for a class of a space file; all are closed at the end."""
    folder = tmp_path_factory.mktemp("spaces")
    started = []

    def start(name, text=MISCHIEF, options=None, device="cpu", workers=1):
        file = folder / f"{name.lower()}.py"
        file.write_text(textwrap.dedent(text))
        space = registry.find(registry.SEARCH_SPACES, f"{file}:{name}")
        setup = WorkerSetup(space=space, space_options=options or {}, device=device)
        started.append(LocalExecutor(setup, workers=workers, log=folder / "log.txt"))
        return started[-1]

    yield start
    for executor in started:
        executor.close()


@pytest.fixture(scope="module")
def wicked(start, digits, tmp_path_factory):
    """A whole search in which the first eight trials do what a space must not: (study, results, events)."""
    folder = tmp_path_factory.mktemp("wicked")
    executor = start("Mischief")
    events = [executor.wait_ready()]
    executor.use_dataset(UseDataset(dataset=digits, metric="accuracy", class_weight="none"))
    study = open_study(folder / "study.db", metric="accuracy")
    enqueue_baselines(study, ask_baselines(executor))
    plan = SearchPlan(
        folder=folder,
        metric="accuracy",
        seed=0,
        epochs=2,
        precision="float32",
        refit_growth=1.0,
        budget=Budget(trials=7, started=time.time(), seconds=None),
    )
    run_trials(study, executor, plan, events.append)
    yield study, [read_result(folder / str(number)) for number in range(8)], events
    close_study(study)


class TestASpaceThatMisbehaves:
    def test_the_worker_says_what_it_runs_on(self, wicked):
        ready = wicked[2][0]
        assert ready.backend == "tensorflow"
        assert {"keras", "tensorflow", "numpy"} <= set(ready.versions)
        assert ready.device.startswith("CPU")
        assert ready.warning is None

    def test_every_trial_is_on_record_and_only_the_infeasible_one_is_not_counted(self, wicked):
        study, results, _ = wicked
        assert [result.state for result in results] == [
            *["complete", "failed", "failed", "failed", "failed", "failed"],
            *["infeasible", "failed"],
        ]
        states = [trial.user_attrs["state"] for trial in study.get_trials()]
        assert states == [result.state for result in results]

    @pytest.mark.parametrize(
        ("number", "cause", "detail"),
        [
            (1, "crash", "exited with code 3"),
            (2, "crash", "was killed by SIGKILL"),
            (3, "error in the space", "RuntimeError: the space lost its way"),
            (4, "error in the space", "suggest() must be pure"),
            (5, "error in the space", "must return a Candidate"),
            (6, "infeasible", "too large"),
            (7, "error in the space", "ValueError"),
        ],
    )
    def test_its_cause_is_told(self, wicked, number, cause, detail):
        result = wicked[1][number]
        assert result.cause == cause
        assert detail in result.detail

    def test_a_lost_worker_is_reported_and_replaced(self, wicked):
        assert sum(isinstance(event, WorkerLost) for event in wicked[2]) == 2

    def test_trials_draw_what_the_study_says(self, wicked):
        first = wicked[0].get_trials()[0]
        assert first.params == {"kind": "good", "rate": 0.01}


class TestASpaceThatCannotStart:
    def refuse(self, executor, kind):
        with pytest.raises(kind) as caught:
            executor.wait_ready()
        assert 1 <= len(str(caught.value).splitlines()) <= 3
        return str(caught.value)

    def test_one_that_cannot_be_imported_is_named(self, start):
        message = self.refuse(start("Broken", "import no_such_module"), PluginError)
        assert "broken.py:Broken" in message
        assert "No module named 'no_such_module'" in message

    def test_one_that_refuses_its_options_is_named_with_them(self, start):
        message = self.refuse(start("Mischief", options={"size": "3"}), BrokenPluginError)
        assert "size=3" in message

    def test_one_that_speaks_with_an_error_class_of_its_own_is_heard(self, start):
        # The search process has no such class, and must not import a plugin to get it.
        message = self.refuse(start("Choosy", options={"size": "tiny"}), PluginError)
        assert message == "size must be large, but got tiny."

    def test_one_that_ends_its_process_is_not_tried_for_ever(self, start):
        text = "import os; print('out of luck', flush=True); os._exit(7)"
        message = self.refuse(start("Gone", text), BrokenPluginError)
        assert "exited with code 7" in message
        assert "3 times in a row" in message
        assert "its last words: out of luck" in message

    def test_a_backend_that_is_not_there_is_no_fault_of_the_space(self, start, monkeypatch):
        monkeypatch.setenv("KERAS_BACKEND", "theano")
        message = self.refuse(start("Mischief"), ConfigError)
        assert "KERAS_BACKEND=theano" in message

    def test_a_gpu_that_is_not_there_is_told(self, start):
        from imgcls_automl.training.graphics_cards import ask_driver

        if ask_driver().cards:
            pytest.skip("this machine has a GPU")
        message = self.refuse(start("Mischief", device="gpu"), ConfigError)
        assert message.startswith("--device gpu: ")

    def test_baselines_that_raise_are_the_space_s_fault(self, start, digits):
        executor = start("Deaf")
        executor.wait_ready()
        executor.use_dataset(UseDataset(dataset=digits, metric="accuracy", class_weight="none"))
        with pytest.raises(
            BrokenPluginError, match=r"LookupError: no such baseline\.\n.*deaf\.py, line"
        ):
            ask_baselines(executor)


def test_closing_ends_every_worker(start):
    executor = start("Mischief", workers=2)
    children = psutil.Process().children(recursive=True)
    assert len(children) >= 2
    executor.close()
    executor.close()
    mine = {child.pid for child in children}
    assert len(mine & set(psutil.pids())) <= len(mine) - 2


HOARDER = """
import numpy as np

from imgcls_automl.plugin import Candidate, Training

HOARD = []


class Hoarder:
    def suggest(self, trial, task):
        rate = trial.suggest_float("rate", 1e-3, 1e-1, log=True)
        return Candidate(model={}, training=Training(batch_size=128, learning_rate=rate))

    def build(self, model, task):
        import keras

        HOARD.append(np.ones(3 << 20))  # 24 MiB that are never given back
        images = keras.Input(task.image_shape)
        return keras.Model(
            images, keras.layers.Dense(task.num_classes)(keras.layers.Flatten()(images))
        )
"""


def test_a_worker_whose_memory_grows_is_renewed_between_trials(start, digits, tmp_path):
    executor = start("Hoarder", HOARDER)
    first = executor._workers[0].pid
    executor.wait_ready()
    executor.use_dataset(UseDataset(dataset=digits, metric="accuracy", class_weight="none"))
    study = open_study(tmp_path / "study.db", metric="accuracy")
    budget = Budget(trials=10, started=time.time(), seconds=None)
    plan = SearchPlan(
        folder=tmp_path,
        metric="accuracy",
        seed=0,
        epochs=1,
        precision="float32",
        refit_growth=1.0,
        budget=budget,
    )
    events = []
    run_trials(study, executor, plan, events.append)
    close_study(study)
    assert [read_result(tmp_path / str(number)).state for number in range(10)] == ["complete"] * 10
    assert not any(isinstance(event, WorkerLost) for event in events)  # no trial was lost over it
    assert executor._workers[0].pid != first
    assert not psutil.pid_exists(first)
