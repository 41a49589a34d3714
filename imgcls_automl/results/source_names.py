"""What a run's sources are called for readers elsewhere: their names, without the folders they lie in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imgcls_automl.results.records import RunRecord

NO_NAME = "pictures"


def name_data(run: RunRecord) -> str:
    """`"fashion-mnist_train.csv.gz"`; `"pictures"` where the record names no source."""
    return _name_all(run.config.get("data")) or NO_NAME


def name_test_data(run: RunRecord) -> str:
    """What `--test-data` named, if anything: the test pictures then come from there alone."""
    return _name_all(run.config.get("test_data"))


def make_slug(name: str) -> str:
    """A name as an identifier, without endings: `"fashion-mnist_test.csv.gz"` becomes `"fashion-mnist-test"`."""
    stem = name.split(".")[0] or name
    return re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:80] or NO_NAME


def _name_all(named: Any) -> str:
    sources = named if isinstance(named, list) else [named] if named else []
    return ", ".join(Path(str(source)).name or str(source) for source in sources)
