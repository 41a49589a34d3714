"""A page's content security policy: nothing is loaded, and of styles and scripts only what we wrote is obeyed."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files


def read_asset(package: str, name: str) -> str:
    """A style sheet or script in a package's templates, as text."""
    return files(package).joinpath("templates", name).read_text(encoding="utf-8")


def make_policy(*, styles: tuple[str, ...], scripts: tuple[str, ...] = ()) -> str:
    """The policy of a page with these inline elements, each allowed by its hash.

    Attributes may set styles: bars have their widths there, Plotly writes them too, and none can load or run anything
    under this policy. Plotly also adds an empty style element of its own.
    """
    parts = [
        "default-src 'none'",
        "img-src data:",
        f"style-src-elem {_list_hashes(styles)}",
        "style-src-attr 'unsafe-inline'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    if scripts:
        parts.insert(1, f"script-src {_list_hashes(scripts)}")
    return "; ".join(parts)


def _list_hashes(texts: tuple[str, ...]) -> str:
    digests = (hashlib.sha256(text.encode()).digest() for text in texts)
    return " ".join(f"'sha256-{base64.b64encode(it).decode('ascii')}'" for it in digests)
