"""The table in README.md is that of the tests: each attack is in it, by its name and with its codes."""

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
ROW = re.compile(r"^\| `(test_\w+)` \| .* \| (.*) \|$", re.MULTILINE)
SAID_OF_THE_PAGE = "gateway-unreachable"


def attacks() -> dict[str, set[str]]:
    """The codes in each test's docstring; tests without an adversary are left out."""
    found = {}
    for file in sorted(set(HERE.glob("test_*.py")) - {Path(__file__)}):
        for node in ast.parse(file.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                words = " ".join((ast.get_docstring(node) or "").split())
                assert words.startswith("Adversary: "), f"{node.name} does not say who attacks"
                if not words.startswith("Adversary: none"):
                    found[node.name] = codes(words, "``")
    return found


def codes(words: str, quotes: str) -> set[str]:
    """The codes in ``words``."""
    return set(re.findall(f"{quotes}([a-z]+(?:-[a-z]+)+){quotes}", words)) - {SAID_OF_THE_PAGE}


def test_the_table_lists_each_attack_with_its_codes() -> None:
    table = {name: codes(refusal, "`") for name, refusal in ROW.findall((HERE / "README.md").read_text("utf-8"))}
    assert len(table) > 50
    assert table == attacks()
