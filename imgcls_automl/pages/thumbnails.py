"""Pictures of a decoded set as data URIs, small enough that hundreds fit on a page."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

EXACT_SIDE = 48  # pixels; smaller pictures are kept pixel for pixel
_QUALITY = 85


def embed_picture(pixels: np.ndarray) -> str:
    """Encode uint8 (H, W, C), C 1 or 3: PNG where it is small, else JPEG."""
    from PIL import Image

    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    is_small = max(image.size) <= EXACT_SIDE
    buffer = io.BytesIO()
    if is_small:
        image.save(buffer, "PNG", optimize=True)
    else:
        image.save(buffer, "JPEG", quality=_QUALITY)
    kind = "png" if is_small else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
