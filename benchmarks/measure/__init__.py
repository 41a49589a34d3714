"""What the benchmarks share: pictures, candidates, processes, memory, records. Loads no framework.

Importing it makes this checkout importable, so that benchmarks run where the package itself is not installed.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

sys.path += [str(ROOT), str(ROOT / "search_spaces")]
