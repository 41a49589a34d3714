"""A fresh virtual environment with the built wheel in it: what a user has after `pip install imgcls-automl`."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Everything is on this machine: nothing is asked of an index, and build tools are those of this environment.
OFFLINE = ("--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "-q")


class FreshEnvironment:
    """Packages are installed into it; those that imgcls-automl depends on are seen through a path file.

    Args:
        folder: Where it is made; must not exist yet.
        variables: The environment that its commands run in.
    """

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        venv.create(folder, symlinks=True)
        self.bin = folder / "bin"
        # A folder for temporary files of its own: pytest clears away what other sessions left in the common one.
        (folder / "tmp").mkdir()
        self._variables = {
            **variables,
            "PATH": f"{self.bin}{os.pathsep}{variables['PATH']}",
            "TMPDIR": str(folder / "tmp"),
        }
        (self.packages / "dependencies.pth").write_text(
            "\n".join(path for path in sys.path if path.endswith("-packages"))
        )

    @property
    def packages(self) -> Path:
        (found,) = self.bin.parent.glob("lib/python*/site-packages")
        return found

    def install(self, *what: Path) -> None:
        # The development install of this repository shines through; it must not count.
        self.run("python", "-m", "pip", "install", "--ignore-installed", *OFFLINE, *map(str, what))

    def run(self, *command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command of the environment; what it prints is in the error where it fails."""
        done = subprocess.run(
            [
                self.bin / command[0] if (self.bin / command[0]).exists() else command[0],
                *command[1:],
            ],
            cwd=cwd or self.bin.parent,
            env=self._variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done


def build_wheel(folder: Path) -> Path:
    """Build this project's wheel into a folder."""
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *OFFLINE, "-w", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("imgcls_automl-*.whl")
    return wheel
