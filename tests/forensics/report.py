"""What was looked for, where, and what was found, as tables."""

import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from tests.forensics.scanner import Seen
from tests.forensics.windows import PUBLIC
from worker import host

CONTROL: Final = "the child, while it drew"
"""The target in which everything must be found."""
KNOWN_BY_RIGHT: Final = {"gateway": ("token ", "grant ")}
"""By target, beginnings of names: the gateway issues tokens and is given grants."""
HEAD: Final = ("windows", "in the child", "elsewhere", "known by right", "looks", "not readable", "GB", "s")


@dataclass(frozen=True)
class Row:
    """One scan of one target."""

    ending: str
    target: str
    windows: int
    """Different windows that were looked for."""
    seen: Seen
    unread: list[str] = field(repr=False)
    """Mappings or files that could not be read."""

    @property
    def leftovers(self) -> dict[str, int]:
        """Windows that should not have been there, by form."""
        allowed = (PUBLIC, *KNOWN_BY_RIGHT.get(self.target, ()))
        return {name: hits for name, hits in self.seen.hits.items() if not name.startswith(allowed)}

    @property
    def by_right(self) -> int:
        """Windows that were there and may be."""
        return sum(self.seen.hits.values()) - sum(self.leftovers.values())

    @property
    def public(self) -> int:
        """Windows of what may lie anywhere that were there."""
        return sum(hits for name, hits in self.seen.hits.items() if name.startswith(PUBLIC))


@dataclass
class Report:
    """All rows of a run."""

    rows: list[Row] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Note one scan."""
        self.rows.append(row)

    def text(self) -> str:
        """A table by ending, one by target, and the machine, as Markdown."""
        tables = [_table("ending", self.rows, lambda row: row.ending), _table("target", self.rows, _group)]
        machine = f"{platform.system()} {platform.release()}, init_on_free {host.init_on_free()}"
        return "\n".join([*tables, machine, ""])


def _group(row: Row) -> str:
    return "the other children" if row.target.startswith("child ") else row.target


def _table(title: str, rows: Iterable[Row], key: Callable[[Row], str]) -> str:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    lines = [
        (title, *HEAD),
        ("---", *("--:" for _ in HEAD)),
        *((name, *_cells(group)) for name, group in groups.items()),
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cells(rows: list[Row]) -> tuple[str, ...]:
    """One line for scans that belong together."""
    control = [row for row in rows if row.target == CONTROL]
    others = [row for row in rows if row.target != CONTROL]
    return (
        str(max(row.windows for row in rows)),
        str(sum(sum(row.leftovers.values()) for row in control)) if control else "",
        str(sum(sum(row.leftovers.values()) for row in others)) if others else "",
        str(sum(row.by_right for row in others)) if others else "",
        str(len(rows)),
        str(sum(len(row.unread) for row in rows)),
        f"{sum(row.seen.scanned_bytes for row in rows) / 1e9:.2f}",
        f"{sum(row.seen.seconds for row in rows):.1f}",
    )
