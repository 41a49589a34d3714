"""A worker without a framework: it speaks `executors.messages`, trains nothing, and misbehaves as it is told.

`setup.space_options` maps a trial's number to what happens in it once its first epoch is on record; see `ACTIONS`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time

from imgcls_automl.executors.messages import EpochReport, Pulse, Ready, SuggestCall, TrialStarted
from imgcls_automl.executors.results import TrialResult
from imgcls_automl.files import write_csv
from imgcls_automl.plugin import Candidate
from imgcls_automl.trial_files import HISTORY, write_result

TARGET = "pretend_worker:serve"
EPOCH_SECONDS = 0.05


def serve(connection, setup):
    threads = os.environ["OMP_NUM_THREADS"]
    on_gpu = setup.space_options.get("gpu") != "not seen"
    connection.send(
        Ready(
            backend="none",
            versions={},
            device=f"{threads} threads",
            precisions=("float32",),
            on_gpu=on_gpu,
        )
    )
    with contextlib.suppress(EOFError):
        while True:
            task = connection.recv()
            if hasattr(task, "number"):
                connection.send(train(task, connection, setup.space_options.get(str(task.number))))


def train(task, connection, action):
    def ask(message):
        connection.send(message)
        return connection.recv()

    began = time.time()
    arguments = {"name": "x", "low": 0.0, "high": 1.0, "step": None, "log": False}
    drawn = ask(SuggestCall(method="suggest_float", arguments=arguments)).value
    while action == "draw for ever":
        ask(SuggestCall(method="suggest_float", arguments=arguments))
    if action == "never build":
        spin()
    connection.send(
        TrialStarted(number=task.number, candidate=Candidate(model={"x": drawn}), parameters=123)
    )
    for epoch in range(1, task.epochs + 1):
        time.sleep(EPOCH_SECONDS)
        write_csv(task.folder / HISTORY, ("epoch",), [(done,) for done in range(1, epoch + 1)])
        ask(report(task, epoch, drawn))
        if epoch == 1 and action in ACTIONS:
            ACTIONS[action](connection)
    result = TrialResult(
        number=task.number,
        state="complete",
        score=drawn,
        metric="accuracy",
        epoch=task.epochs,
        epochs=task.epochs,
        planned_epochs=task.epochs,
        seconds=time.time() - began,
        parameters=123,
    )
    write_result(task.folder, result)
    return result


def report(task, epoch, score):
    return EpochReport(
        number=task.number,
        epoch=epoch,
        epochs=task.epochs,
        seconds=EPOCH_SECONDS,
        score=score,
        metrics={},
    )


def spin(connection=None):
    while True:
        pass


def stop(connection):
    os.kill(os.getpid(), signal.SIGSTOP)


def deadlock(connection):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def crash(connection):
    ctypes.string_at(0)


def leave(connection):
    os._exit(0)


def complain(connection):
    os.write(sys.stderr.fileno(), b"cuDNN has lost its handle\n")
    os._exit(3)


def babble(connection):
    connection.send_bytes(b"no pickle")
    spin()


def hoard(connection):
    hoarded = bytearray(os.urandom(1 << 20) * 400)
    time.sleep(600)
    return hoarded


def plod(connection):
    """Pulse for longer than a worker may be silent, and go on."""
    for _ in range(6):
        time.sleep(0.4)
        connection.send(Pulse())


ACTIONS = {
    "stop": stop,
    "spin": spin,
    "deadlock": deadlock,
    "crash": crash,
    "leave": leave,
    "complain": complain,
    "babble": babble,
    "hoard": hoard,
    "plod": plod,
    "linger": lambda connection: time.sleep(600),
}
