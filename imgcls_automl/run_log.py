"""The run's log.txt: what this package and Optuna log while a run lasts."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

logger = logging.getLogger(__name__)


@contextmanager
def logging_to(file: Path) -> Iterator[None]:
    """Send what this package and Optuna log to a file, appended, for as long as the block runs."""
    import optuna

    optuna.logging.disable_default_handler()
    optuna.logging.enable_propagation()
    handler = logging.FileHandler(file, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s"))
    loggers = [logging.getLogger("imgcls_automl"), logging.getLogger("optuna")]
    for one in loggers:
        one.addHandler(handler)
        one.setLevel(logging.INFO)
    try:
        yield
    except Exception:
        logger.exception("The run ended with an error.")
        raise
    finally:
        for one in loggers:
            one.removeHandler(handler)
        handler.close()
