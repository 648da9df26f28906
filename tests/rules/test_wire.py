"""The page's types of what is said are those of schemas/: made from them, and made again when they change."""

import subprocess
import sys

from tests.rules import tree


def test_wire_ts_is_fresh() -> None:
    check = subprocess.run([sys.executable, "-m", "schemas.typescript", "--check"], cwd=tree.ROOT, check=False)
    assert check.returncode == 0, "python -m schemas.typescript writes it anew"
