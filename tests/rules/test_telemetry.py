"""onnxruntime from 1.29 on reports its use to its maker; whatever imports it here has told it not to, before."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROBE = "import os, {module}; assert os.environ.get('ORT_DISABLE_TELEMETRY') == '1'"


@pytest.mark.parametrize("module", ["worker.diffusion.sessions", "edge_export.parity"])
def test_it_is_switched_off_before_the_import(module: str, tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    environ |= {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    top = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", PROBE.format(module=module)], cwd=top, env=environ, check=True)
    assert not list(tmp_path.iterdir()), "it left something behind"
