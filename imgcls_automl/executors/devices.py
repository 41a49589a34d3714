"""What workers run on: a GPU each where there are some, else the processor's cores shared out."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.errors import ConfigError
from imgcls_automl.machine import usable_cores
from imgcls_automl.training.backend import worker_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

logger = logging.getLogger(__name__)

DRIVER = Path("/dev/nvidiactl")
_ASKING_SECONDS = 10.0  # a driver in trouble may never answer
_UUID = re.compile(r"^\s*(GPU|MIG) .*\(UUID: ([\w/-]+)\)")


def share_devices(device: str, workers: int | None) -> list[dict[str, str]]:
    """The environment of each worker: its GPU, its threads.

    Args:
        device: `"auto"`, `"cpu"` or `"gpu"`.
        workers: How many; None for one a GPU, and one on the processor.

    Raises:
        ConfigError: There are more workers than GPUs, or than cores.
    """
    gpus = [] if device == "cpu" else list_gpus()
    cores = usable_cores()
    count = workers or max(1, len(gpus))
    _refuse_too_many(count, gpus, cores)
    shared = worker_environment(device=device, threads=max(1, cores // count))
    if len(gpus) < 2:  # whatever is visible is the one
        return [shared] * count
    return [shared | {"CUDA_VISIBLE_DEVICES": gpu} for gpu in gpus[:count]]


def count_own_devices(environments: Sequence[Mapping[str, str]]) -> int:
    """How many devices workers of these environments have to themselves; 1 where they share what there is."""
    return len({environment.get("CUDA_VISIBLE_DEVICES") for environment in environments})


def name_workers(environments: Sequence[Mapping[str, str]]) -> list[str]:
    """What users know workers by: the GPU that each has for itself, else a number; nothing where there is only one."""
    if len(environments) < 2:
        return [""] * len(environments)
    gpus = [it.get("CUDA_VISIBLE_DEVICES", "") for it in environments]
    if len(set(gpus)) < len(gpus):
        return [f"worker {number}" for number in range(len(environments))]
    # A driver's long names say less than a GPU's place among those it lists.
    return [f"GPU {name if name.isdecimal() else place}" for place, name in enumerate(gpus)]


def list_gpus() -> list[str]:
    """The NVIDIA GPUs this process may use, as CUDA_VISIBLE_DEVICES names them; no framework is loaded for it."""
    program = shutil.which("nvidia-smi")
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        names = [name.strip() for name in visible.split(",")]
        known = next((at for at, name in enumerate(names) if name in ("", "-1")), len(names))
        return names[:known] if program or DRIVER.exists() else []
    return _ask_driver(program) if program else []


def _ask_driver(program: str) -> list[str]:
    try:
        answer = subprocess.run(
            [program, "-L"], capture_output=True, text=True, timeout=_ASKING_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        logger.warning("nvidia-smi does not tell which GPUs there are: %s", error)
        return []
    listed = [match.groups() for line in answer.stdout.splitlines() if (match := _UUID.match(line))]
    # A GPU that is split is used through its parts, which are listed after it.
    parts = [uuid for kind, uuid in listed if kind == "MIG"]
    return parts or [uuid for _, uuid in listed]


def _refuse_too_many(workers: int, gpus: list[str], cores: int) -> None:
    if gpus and workers > len(gpus):
        raise ConfigError(
            f"--workers must be at most {len(gpus)}, one a GPU, but got {workers}.\n"
            f"The GPUs here are {', '.join(gpus)}. Give fewer workers, or train on the processor with --device cpu."
        )
    if not gpus and workers > cores:
        raise ConfigError(
            f"--workers must be at most {cores}, one a processor core that may be used here, but got {workers}.\n"
            f"Give fewer: --workers {cores}."
        )
