"""What importing a plugin's module loads, seen in a fresh Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from imgcls_automl.testing.promises import BrokenPromiseError, require

FRAMEWORKS = ("jax", "keras", "keras_tuner", "tensorflow", "torch")
IMPORT_SECONDS = 60.0

_IMPORT = "import sys; sys.path[:] = {path!r}; {load}; sys.stdout.write(' '.join(sys.modules))"


def require_light_import(plugin: Any) -> None:
    """Require that importing a plugin's module loads no deep-learning framework."""
    __tracebackhide__ = True
    name = type(plugin).__module__
    loaded = _list_loaded(name)
    heavy = [library for library in FRAMEWORKS if library in loaded]
    require(
        not heavy,
        f"Importing {name} imports {', '.join(heavy)} too, which takes seconds.",
        "Import it inside the function that needs it (build, read), not at the top of the module.",
    )


def _list_loaded(name: str) -> set[str]:
    code = _IMPORT.format(path=sys.path, load=_write_import(name))
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            timeout=IMPORT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BrokenPromiseError(
            f"Importing {name} in a fresh Python does not end: stopped after {IMPORT_SECONDS:g} s.\n"
            "Do at import nothing but define: no network, no files, no waiting."
        ) from error
    cause = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    require(
        done.returncode == 0,
        f"Importing {name} in a fresh Python fails: {cause}",
        "Let the module import by itself, in whatever order it is imported.",
    )
    return set(done.stdout.split())


def _write_import(name: str) -> str:
    """The statement that imports a module, by its file where no path leads to it."""
    file = Path(getattr(sys.modules.get(name), "__file__", None) or "")
    if file.suffix == ".py" and name.startswith(("imgcls_plugin_file_", "__main__")):
        return f"import runpy; runpy.run_path({str(file)!r})"
    return f"import importlib; importlib.import_module({name!r})"
