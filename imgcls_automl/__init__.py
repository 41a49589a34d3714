"""AutoML and hyperparameter search for image classification, open to plugins.

    from imgcls_automl import search
    result = search(space="cnn_small", data="digits", trials=3)
    result.leaderboard()
    result.best.predict(["a.jpg", "b.png"]).labels

Importing this package imports nothing heavy: a search loads its framework in a worker process of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike

    from imgcls_automl.run_result import RunResult

__all__ = ["__version__", "load", "search"]

__version__ = "0.1.0"


def search(
    *,
    space: str,
    data: str | Path | Sequence[str | Path] | tuple[ArrayLike, ArrayLike],
    progress: bool = True,
    **options: Any,
) -> RunResult:
    """Search a space on labelled pictures; the Python form of `imgcls-automl search`.

    Args:
        space: A search space's name, `path/to/file.py:Name` or `package.module:Name`.
        data: A folder, a file or a name that an adapter knows; a list of them to join; or arrays,
            `(images, labels)`: images uint8 or floats 0-1, (N, H, W) or (N, H, W, C); labels (N,) or (N, 1), whole
            numbers or texts. Arrays are kept in the cache folder, so that the run can be resumed while they are there.
        progress: Show on stderr what is being done, as the command line does: live on a terminal, as lines in a
            notebook or a log.
        **options: Any other field of `imgcls_automl.config.RunConfig`, as on the command line: `trials=20`,
            `timeout="30m"`, `data_option={"shape": "8x8"}`. `test_data` may be arrays too.

    Raises:
        ImgclsError: One of the tree in `imgcls_automl.errors`. A `GateNotMetError` where the test score is worse than
            `fail_under`: the run is complete nevertheless, and `load` reads it.
    """
    import os

    from imgcls_automl import run
    from imgcls_automl.array_sources import are_arrays, store_arrays
    from imgcls_automl.cli.screens import choose_screen
    from imgcls_automl.config_sources import resolve_config

    given = {"space": space, "data": data, **options}
    arrays = {name: given[name] for name in ("data", "test_data") if are_arrays(given.get(name))}
    # Named after their content once it is known where to keep them.
    named = {**given, **dict.fromkeys(arrays, "arrays")}
    config = store_arrays(resolve_config(named, environment=os.environ), arrays)
    with choose_screen(quiet=not progress) as screen:
        result = run.search(config, screen.observe)
    result.check_gate()
    return result


def load(folder: str | Path) -> RunResult:
    """Read the result of a finished, running or interrupted run from its folder.

    Raises:
        RunFolderError: It is no run folder, is damaged or was written by a newer version.
    """
    from pathlib import Path

    from imgcls_automl.run_result import load_result

    return load_result(Path(folder))
