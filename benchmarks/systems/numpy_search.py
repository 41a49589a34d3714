"""The command line of imgcls-automl with workers that train in NumPy: `numpy_search.py search --data digits ...`."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from imgcls_automl.cli.main import main
from imgcls_automl.executors import local

if __name__ == "__main__":
    local.LocalExecutor = partial(local.LocalExecutor, target="systems.numpy_worker:serve")  # type: ignore[misc,assignment]
    main()
