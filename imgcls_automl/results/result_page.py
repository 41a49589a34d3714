"""The pages of results, report, evaluation and leaderboard: one style, one script, the same filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgcls_automl.pages.content_policy import make_policy, read_asset
from imgcls_automl.pages.opening import open_templates
from imgcls_automl.results.figures import format_known, format_share
from imgcls_automl.text import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_NAME = 60  # letters of a class, a run, a space or a plugin
MAX_TEXT = 400  # letters of a source, a reason, a setting or a cause

_PAGES, _RESULTS = "imgcls_automl.pages", "imgcls_automl.results"


def render_page(
    template: str, values: Mapping[str, Any], *, style: str = "", plotly: str = ""
) -> str:
    """Fill a template of `results/templates`; the page loads nothing, and runs nothing but the script given here.

    Args:
        template: `"report.html.jinja"`.
        values: What the template names.
        style: A further style sheet of `results`, `"evaluation.css"`; empty for none.
        plotly: The script that draws figures; empty where there are none.
    """
    from markupsafe import Markup

    sheets = read_asset(_PAGES, "page.css") + read_asset(_RESULTS, "report.css")
    if style:
        sheets += read_asset(_RESULTS, style)
    script = read_asset(_RESULTS, "report.js")
    environment = open_templates(_RESULTS)
    environment.filters |= {
        "share": format_share,
        "known": format_known,
        "per_cent": lambda value: f"{100 * value:.2f}",
        "short": lambda name: shorten(name, MAX_NAME),
        "long": lambda text: shorten(text, MAX_TEXT),
    }
    return environment.get_template(template).render(
        values,
        # Plotly adds an empty style element of its own.
        policy=make_policy(
            styles=(sheets, "") if plotly else (sheets,),
            scripts=(script, plotly) if plotly else (script,),
        ),
        style=Markup(sheets),
        script=Markup(script),
    )
