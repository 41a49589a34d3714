"""Real pictures to audit: pieces of scikit-learn's two photos."""

from __future__ import annotations

import numpy as np
import pytest

SIDE = 64


@pytest.fixture(scope="session")
def photos():
    """60 pieces of two photos, uint8 (60, 64, 64, 3), all different."""
    from sklearn.datasets import load_sample_images

    pieces = [
        photo[top : top + SIDE, left : left + SIDE]
        for photo in load_sample_images().images
        for top in range(0, 5 * SIDE, SIDE)
        for left in range(0, 6 * SIDE, SIDE)
    ]
    return np.stack(pieces)
