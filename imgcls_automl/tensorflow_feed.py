"""How TensorFlow is fed: a `tf.data` pipeline that ends as soon as it is dropped.

The one module that knows this backend: `training/` uses it where TensorFlow is what Keras runs on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from imgcls_automl.training.pictures import Pictures

BATCHES_AHEAD = 2  # of the one that is trained on


def feed_untuned(pictures: Pictures, batches: np.ndarray) -> Any:
    """A `tf.data` pipeline of batches without the thread that tunes pipelines.

    There is nothing to tune in it, and the thread may miss that the pipeline is dropped: `fit` then waits at its end,
    while nothing computes, for as long as the thread still sleeps, which after minutes of training is up to a minute.

    Args:
        pictures: The data set.
        batches: Indices of its pictures, int32 (steps, batch_size).
    """
    import tensorflow as tf

    if pictures.resident:
        fed = tf.data.Dataset.from_tensor_slices((batches,))
    else:
        signature = tf.nest.map_structure(_describe_array, (pictures.batch(batches[0]),))
        fed = tf.data.Dataset.from_generator(
            lambda: ((pictures.batch(indices),) for indices in batches), output_signature=signature
        )
    options = tf.data.Options()
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    return fed.prefetch(BATCHES_AHEAD).with_options(options)


def _describe_array(array: np.ndarray) -> Any:
    import tensorflow as tf

    return tf.TensorSpec(array.shape, array.dtype)
