"""What training runs on, and why a GPU is not seen: asked in a child process, which loads the framework."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imgcls_automl.doctor.checks import Check
from imgcls_automl.errors import ConfigError
from imgcls_automl.processes import Child, ChildDiedError
from imgcls_automl.text import describe_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

START_SECONDS = 120.0  # to load a framework on a busy machine


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendAnswer:
    """What a child process saw of the backend, in texts.

    `fault` says why it could not be loaded, `driver_fault` why the NVIDIA driver does not tell of its GPUs.
    """

    name: str = ""
    versions: tuple[tuple[str, str], ...] = ()
    device: str = ""
    on_gpu: bool = False
    precisions: tuple[str, ...] = ()
    warning: str = ""
    seconds: float = 0.0
    fault: str = ""
    driver_fault: str = ""


def check_backend() -> Iterator[Check]:
    """The framework, then the device that it computes on."""
    from imgcls_automl.training.backend import worker_environment

    environment = worker_environment(device="auto", threads=2)
    chosen = environment["KERAS_BACKEND"]
    child = Child("imgcls_automl.doctor.backend:answer_backend", environment=environment)
    try:
        answer: BackendAnswer = child.receive(START_SECONDS)
    except TimeoutError:
        answer = BackendAnswer(fault=f"it did not load within {START_SECONDS:.0f} s")
    except ChildDiedError as error:
        answer = BackendAnswer(fault=f"loading it ended the process, which {error}")
    finally:
        child.stop()
    if answer.fault:
        yield Check(
            name="backend",
            status="problem",
            told=f"Keras cannot be loaded with {chosen}: {answer.fault}",
            advice="install that backend, or set KERAS_BACKEND to tensorflow, jax or torch",
            error=ConfigError,
        )
        return
    versions = ", ".join(f"{name} {version}" for name, version in answer.versions)
    told = f"{answer.name}, loaded in {answer.seconds:.1f} s ({versions})"
    yield Check(name="backend", status="ok", told=told)
    yield judge_device(answer)


def judge_device(answer: BackendAnswer) -> Check:
    """What training computes on, and why a GPU that is there is not seen."""
    told = f"{answer.device}; computes in {' or '.join(answer.precisions)}"
    if answer.warning:
        seen, _, mend = answer.warning.partition(". ")
        return Check(name="device", status="warning", told=f"{told}. {seen}", advice=mend)
    if answer.driver_fault and not answer.on_gpu:
        return Check(
            name="device",
            status="warning",
            told=f"{told}; no GPU: {answer.driver_fault}",
            advice="where there is a GPU, install or mend its driver until nvidia-smi lists it",
        )
    if not answer.on_gpu:
        told += "; no GPU: this machine has no NVIDIA driver (nvidia-smi)"
    return Check(name="device", status="ok", told=told)


def answer_backend(connection: Connection[Any, Any]) -> None:
    """What the child process runs."""
    from imgcls_automl.training.backend import load_backend

    begun = time.perf_counter()
    try:
        backend = load_backend("auto")
    except Exception as error:
        connection.send(BackendAnswer(fault=describe_error(error)))
        return
    connection.send(
        BackendAnswer(
            name=backend.name,
            versions=tuple(backend.versions.items()),
            device=backend.device,
            on_gpu=backend.on_gpu,
            precisions=backend.precisions,
            warning=backend.warning or "",
            driver_fault=backend.driver_fault,
            seconds=time.perf_counter() - begun,
        )
    )
