"""What a figure was measured on: the machine and the versions of what ran there."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = (
    "imgcls-automl",
    "numpy",
    "keras",
    "tensorflow",
    "jax",
    "torch",
    "optuna",
    "keras-tuner",
    "autokeras",
)


def find_version(package: str) -> str | None:
    """The installed version of a distribution; None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def describe_versions() -> dict[str, str]:
    """Versions by distribution, `"not installed"` where one is missing."""
    found = {package: find_version(package) or "not installed" for package in PACKAGES}
    return {"python": platform.python_version(), **found}


def describe_machine() -> dict[str, Any]:
    """Processor, usable cores, memory (bytes), GPUs, and the load (1 minute) before anything was measured."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _name_processor(),
        "cores": usable_cores(),
        "memory_bytes": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        "gpus": list_gpus(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def list_gpus() -> list[str]:
    """The names of the NVIDIA GPUs that the driver tells of."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    query = [program, "--query-gpu=name", "--format=csv,noheader"]
    answer = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
    return [line.strip() for line in answer.stdout.splitlines() if answer.returncode == 0]


def _name_processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
