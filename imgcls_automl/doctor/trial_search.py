"""A real search, small and thrown away: pictures in, a tested model out."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from imgcls_automl.config import RunConfig
from imgcls_automl.doctor.checks import Check
from imgcls_automl.errors import ImgclsError, InterruptedRunError, NoTrialSucceededError
from imgcls_automl.events import WorkerReady

# A network of few layers: compiling a real one, for the trial and for the refit, takes most of such a search.
SPACE, DATA = "imgcls_automl.doctor.smallest_space:SmallestSpace", "digits"
EPOCHS = 10  # of a blink each; with half as many, chance may look like learning
GOOD_ENOUGH = 0.3  # accuracy; guessing gives 0.1


class _Clock:
    """Tells how long a search has taken, and how much of it until it had a worker to train with."""

    def __init__(self) -> None:
        self._begun = time.perf_counter()
        self.loading = 0.0

    def observe(self, event: object) -> None:
        if isinstance(event, WorkerReady):
            self.loading = self.read()

    def read(self) -> float:
        return time.perf_counter() - self._begun


def check_search() -> Check:
    """Search in a temporary folder: one trial of a few epochs on scikit-learn's digits, refit and test included.

    Raises:
        InterruptedRunError: The user has stopped it.
    """
    from imgcls_automl import run

    with tempfile.TemporaryDirectory(prefix="imgcls-automl-doctor-") as folder:
        config = RunConfig(
            space=SPACE,
            data=(DATA,),
            out=Path(folder, "run"),
            cache_dir=Path(folder, "cache"),
            trials=1,
            epochs=EPOCHS,
            preset="fast",
        )
        clock = _Clock()
        try:
            result = run.search(config, clock.observe)
        except InterruptedRunError:
            raise
        except ImgclsError as error:
            told = f"a search on {DATA} fails: {' '.join(str(error).split())}"
            advice = "mend what stands above first; else see imgcls-automl search --help"
            return Check(
                name="search", status="problem", told=told, advice=advice, error=type(error)
            )
        seconds = clock.read()
    accuracy = (result.test_metrics or {}).get("accuracy", {}).get("value", 0.0)
    told = (
        f"{DATA}: 1 trial, {EPOCHS} epochs, {accuracy:.1%} on test, in {seconds:.1f} s, "
        f"{clock.loading:.1f} s of them to read the pictures and load the framework"
    )
    if accuracy < GOOD_ENOUGH:
        return Check(
            name="search",
            status="problem",
            told=f"{told}: it learns nothing",
            advice="the framework computes wrongly here: reinstall it, or try --device cpu",
            error=NoTrialSucceededError,
        )
    return Check(name="search", status="ok", told=told)
