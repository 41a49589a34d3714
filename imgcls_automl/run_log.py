"""The run's log.txt: what this package and Optuna log while a run lasts."""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from imgcls_automl.files import tells_no_room
from imgcls_automl.text import plain_block

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

logger = logging.getLogger(__name__)


class _LogFile(logging.FileHandler):
    """A log that loses lines, not the run, where the disk is full: results that cannot be written tell of that."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        if not tells_no_room(sys.exc_info()[1] or OSError()):
            super().handleError(record)

    def close(self) -> None:
        try:
            super().close()
        except OSError as error:
            if not tells_no_room(error):
                raise


class _PlainFormatter(logging.Formatter):
    """Whoever shows a log on a terminal shows it names from data, too."""

    def format(self, record: logging.LogRecord) -> str:
        return plain_block(super().format(record))


@contextmanager
def logging_to(file: Path) -> Iterator[None]:
    """Send what this package and Optuna log to a file, appended, for as long as the block runs."""
    import optuna

    ours, theirs = logging.getLogger("imgcls_automl"), logging.getLogger("optuna")
    optuna.logging.get_verbosity()  # has Optuna set its logger up, if nothing has so far
    before = [(one, one.level, one.propagate, list(one.handlers)) for one in (ours, theirs)]
    optuna.logging.disable_default_handler()
    optuna.logging.enable_propagation()
    handler = _LogFile(file, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(_PlainFormatter("%(asctime)s %(name)s %(message)s"))
    for one in (ours, theirs):
        one.addHandler(handler)
        one.setLevel(logging.INFO)
    try:
        yield
    except Exception:
        logger.exception("The run ended with an error.")
        raise
    finally:
        for one, level, propagate, handlers in before:  # a caller's Python has settings of its own
            one.setLevel(level)
            one.propagate, one.handlers = propagate, handlers
        handler.close()
