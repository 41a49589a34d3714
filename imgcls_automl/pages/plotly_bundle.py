"""Plotly's script as a page carries it: once, compressed, run by the browser when a figure is first wanted."""

from __future__ import annotations

import base64
import gzip
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotlyBundle:
    """The script's text, for its hash, and the same as base64 of gzip."""

    script: str
    packed: str


@cache
def load_plotly() -> PlotlyBundle:
    """Read the script that the installed Plotly carries, so that it always fits the figures."""
    content = files("plotly").joinpath("package_data", "plotly.min.js").read_bytes()
    packed = gzip.compress(content, compresslevel=6, mtime=0)
    return PlotlyBundle(
        script=content.decode("utf-8"), packed=base64.b64encode(packed).decode("ascii")
    )
