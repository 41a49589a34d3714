"""Pictures in a memory map, looked at so that memory does not grow with their number."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

RELEASE_BYTES = 1 << 24  # of pictures, after which their pages are let go


def release_pages(images: np.ndarray) -> None:
    """Let go of the pages that were read of a memory map: they stay in the system's cache, but count as ours no more.

    Nothing happens to an array in memory, or where the system cannot do it.
    """
    mapped: object = images.base
    if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
