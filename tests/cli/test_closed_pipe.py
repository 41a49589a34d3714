"""Output into a pipe that nobody reads to its end, as `| head` makes them."""

from __future__ import annotations

import os
import subprocess

import pytest


@pytest.mark.parametrize(
    "arguments", [("--help",), ("spaces", "list"), ("search", "--help"), ("plugins", "list")]
)
def test_a_command_whose_reader_has_gone_ends_quietly(command, environment, arguments):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [command, *arguments], env=environment, stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")
