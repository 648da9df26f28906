"""The software digest."""

import shutil
import subprocess
from pathlib import Path

from worker.software import ROOMS, ROOT, software_digest

COMMAND = "find schemas worker -name '*.py' | LC_ALL=C sort | xargs sha256sum | sha256sum"


def test_two_ordinary_commands_give_the_same() -> None:
    printed = subprocess.run(COMMAND, shell=True, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert software_digest() == printed.split()[0]


def test_a_changed_byte_or_name_changes_it(tmp_path: Path) -> None:
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__", "bundles"))
    before = software_digest(tmp_path)
    file = tmp_path / "worker" / "marking.py"
    text = file.read_text()
    file.write_text(text + "\n")
    changed = software_digest(tmp_path)
    file.unlink()
    (tmp_path / "worker" / "marking2.py").write_text(text)
    assert len({before, changed, software_digest(tmp_path)}) == 3
