"""A terminal that a live screen draws on, and what lies on it afterwards."""

from __future__ import annotations

import io

from rich.console import Console

from imgcls_automl.cli.live_screen import LiveScreen


class Terminal:
    """A terminal of so many columns: what lies on it after each event, and all it was ever sent."""

    def __init__(self, width, height=30):
        self.console = Console(
            file=io.StringIO(),
            force_terminal=True,
            width=width,
            height=height,
            highlight=False,
            markup=False,
            _environ={},
        )
        self.screen = LiveScreen(self.console)

    def play(self, events):
        """Show events; returns the panel after each, as plain text."""
        panels = []
        with self.screen:
            for event in events:
                self.screen.observe(event)
                paper = Console(
                    file=io.StringIO(),
                    width=self.console.width,
                    height=self.console.height,
                    color_system=None,
                    _environ={},
                )
                paper.print(self.screen)
                panels.append(paper.file.getvalue())
        return panels

    @property
    def sent(self):
        return self.console.file.getvalue()
