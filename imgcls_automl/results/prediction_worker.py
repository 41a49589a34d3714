"""The child process that predicts: lists the sources, decodes in threads while the model computes.

Runs in a child process only: it loads a framework and runs adapters.
"""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from imgcls_automl.data.dataset import IngestProgress
from imgcls_automl.data.messages import describe_failure
from imgcls_automl.data.spool import Spool
from imgcls_automl.results.decoded_batches import (
    AHEAD,
    StandstillWatch,
    decode_batches,
    run_ahead,
)
from imgcls_automl.results.predicting import Listed, Opened, PredictedBatch
from imgcls_automl.results.prediction_sources import list_pictures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from multiprocessing.connection import Connection

    from imgcls_automl.results.decoded_batches import DecodedBatch
    from imgcls_automl.results.picture_folders import LeftOut
    from imgcls_automl.results.predicting import SavedModel
    from imgcls_automl.results.prediction_sources import Source

logger = logging.getLogger(__name__)


def answer(
    connection: Connection[Any, Any],
    model: SavedModel,
    sources: Sequence[Source],
    options: Mapping[str, str],
    device: str,
    read_timeout: float | None,
) -> None:
    """What the child process runs.

    It sends `IngestProgress` and `Listed`, then `Opened`, each `PredictedBatch` and None; or a failure.
    """
    connection.send(IngestProgress(stage="reading", done=0, total=None))
    try:
        with Spool(Path(tempfile.gettempdir())) as spool:
            pictures, problems = list_pictures(
                sources, options, model.class_names, spool, connection.send
            )
            connection.send(Listed())
            # Loads a framework: what is wrong with the sources is told before.
            from imgcls_automl.results.saved_network import choose_batch_size, load_network

            size = choose_batch_size(model.image_shape, len(pictures))
            watch = StandstillWatch(read_timeout)
            # The first batches are decoded while the framework loads, which takes seconds.
            batches = run_ahead(decode_batches(pictures, spool, model, size, watch), AHEAD, watch)
            network, warning = load_network(model, device)
            labelled = any(picture.label is not None for picture in pictures)
            total = len(pictures) + len(problems)
            connection.send(Opened(total=total, labelled=labelled, warning=warning))
            connection.send(_empty_batch(problems, len(model.class_names)))
            for batch in batches:
                connection.send(_predict_batch(network, batch))
        connection.send(None)
    except Exception as error:
        logger.exception("The prediction failed")
        connection.send(describe_failure(error))


def _empty_batch(left_out: list[LeftOut], classes: int) -> PredictedBatch:
    return PredictedBatch([], [], np.zeros((0, classes), dtype=np.float32), left_out)


def _predict_batch(network: Any, batch: DecodedBatch) -> PredictedBatch:
    from imgcls_automl.results.saved_network import predict_pixels

    return PredictedBatch(
        ids=[picture.id for picture in batch.pictures],
        labels=[picture.label for picture in batch.pictures],
        probabilities=predict_pixels(network, batch.pixels, len(batch.pictures)),
        left_out=batch.left_out,
    )
