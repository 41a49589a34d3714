"""AutoML and hyperparameter search for image classification, open to plugins.

    from imgcls_automl import search
    result = search(space="cnn_small", data="digits", trials=3)

Importing this package imports nothing heavy: a search loads its framework in a worker process of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from imgcls_automl.run_result import RunResult

__all__ = ["__version__", "load", "search"]

__version__ = "0.1.0"


def search(*, space: str, data: str, **options: Any) -> RunResult:
    """Search a space on labelled pictures; the Python form of `imgcls-automl search`.

    Args:
        space: A search space's name, `path/to/file.py:Name` or `package.module:Name`.
        data: A folder, a file or a name that an adapter knows.
        **options: Any other field of `imgcls_automl.config.RunConfig`, as on the command line: `trials=20`,
            `timeout="30m"`, `data_option={"shape": "8x8"}`.

    Raises:
        ImgclsError: One of the tree in `imgcls_automl.errors`.
    """
    import os

    from imgcls_automl import run
    from imgcls_automl.config import resolve_config

    return run.search(
        resolve_config({"space": space, "data": data, **options}, environment=os.environ)
    )


def load(folder: str | Path) -> RunResult:
    """Read the result of a finished, running or interrupted run from its folder.

    Raises:
        RunFolderError: It is no run folder, is damaged or was written by a newer version.
    """
    from pathlib import Path

    from imgcls_automl.run_result import load_result

    return load_result(Path(folder))
