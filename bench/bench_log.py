"""What does it cost to log an entry, to prove it and to check the proof, in a log of a million?

The peer of an append is SQLite alone: the same bytes into one table, flushed the same way. The peers of the proofs are
what cannot be saved: one row read by its key, and the three signatures of the log and its two witnesses. The last
figures are of a log at work, with two witnesses as processes of their own on loopback.
"""

import asyncio
import itertools
import random
import sqlite3
import time
from pathlib import Path
from typing import Final

from pytest_benchmark.fixture import BenchmarkFixture

from bench import machine
from bench.log_witnesses import witnesses
from bench.notebook import Notebook
from bench.rounds import Contender, race
from gateway.log_keeper import Beat, LogKeeper
from gateway.log_monitor import look
from gateway.log_store import LogStore
from gateway.tiles import read_tile_path
from schemas.checkpoint import cosign
from schemas.log_policy import Policy
from schemas.log_proof import LogProof, check_inclusion, write_proof
from schemas.merkle import check_consistency, leaf_hash
from schemas.note import read_note
from tests.statements import NOW, signing_key
from tests.unit.gateway.log_world import LOG, LOG_KEY, policy, signed

LEAVES: Final = 1_000_000
PORTION: Final = 20_000
EARLIER: Final = 900_001
"""The size of an earlier visit."""
ROUNDS: Final = 40
CALLS: Final = 5
AT_WORK_ROUNDS: Final = 20
AT_ONCE: Final = 100
NAMES: Final = ("north", "south")
BOTH: Final = policy(*NAMES, quorum=2)


def bench_log(benchmark: BenchmarkFixture, notebook: Notebook, tmp_path: Path) -> None:
    with LogStore(tmp_path / "log") as log:
        filled = fill(log)
        proofs = Proofs(log)
        samples = race(benchmark, appends(log, tmp_path) | proofs.contenders(), rounds=ROUNDS, calls=CALLS)
        read = proofs.read_all()
    at_work = asyncio.run(working(tmp_path))
    notebook.versions = machine.versions("cryptography", "litestar", "uvicorn") | {"sqlite": sqlite3.sqlite_version}
    for count in (1, 100):
        against = samples[f"bare {count}"]
        notebook.row(f"append {count}, flushed", "ms", samples[f"append {count}"], peer="SQLite alone", against=against)
    notebook.row("prove one entry", "µs", samples["prove"], peer="one row by its key", against=samples["row"])
    notebook.row("prove that the log has grown", "µs", samples["grow"])
    peer = "three Ed25519 signatures"
    notebook.row("check a proof with two witnesses", "µs", samples["check"], peer=peer, against=samples["verify"])
    notebook.row("check that the log has grown", "µs", samples["check growth"])
    notebook.row("bytes of a proof with two witnesses", "", [float(len(proofs.text.encode()))])
    notebook.row("all of it read and checked as a stranger, but for the line", "s", [read])
    notebook.row("filled, 20 000 at a time", "s", [filled])
    notebook.row("on disk", "MB", [float(sum(file.stat().st_size for file in (tmp_path / "log").iterdir()))])
    for what, values in at_work.items():
        notebook.row(what, "ms", values)
    notebook.note(f"{LEAVES:,} entries of 32 bytes; a proof has {len(proofs.hashes)} hashes.")
    notebook.note(
        "The beat is a tenth of a second. Asked right after an answer, as here, nearly all of it is waited for."
    )
    notebook.note("Not measured: a network between a log and its witnesses, a disk that is slow to flush.")


def entry(number: int) -> bytes:
    """A commitment to nothing: 32 bytes that look random."""
    return leaf_hash(number.to_bytes(8, "big"))


def fill(log: LogStore) -> float:
    """Seconds that it took to log ``LEAVES`` entries."""
    started = time.perf_counter()
    for start in range(0, LEAVES, PORTION):
        log.append([entry(number) for number in range(start, start + PORTION)])
    return time.perf_counter() - started


def appends(log: LogStore, folder: Path) -> dict[str, Contender]:
    """Ours, and the same bytes into one table."""
    fresh = (entry(number) for number in itertools.count(LEAVES))
    bare = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    bare.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON")
    bare.execute("CREATE TABLE entry (id INTEGER PRIMARY KEY, body BLOB NOT NULL)")

    def insert(count: int) -> None:
        bare.execute("BEGIN IMMEDIATE")
        bare.executemany("INSERT INTO entry (body) VALUES (?)", [(body,) for body in itertools.islice(fresh, count)])
        bare.execute("COMMIT")

    return {
        "append 1": lambda: log.append(list(itertools.islice(fresh, 1))),
        "bare 1": lambda: insert(1),
        "append 100": lambda: log.append(list(itertools.islice(fresh, 100))),
        "bare 100": lambda: insert(100),
    }


class Proofs:
    """The log of ``LEAVES`` entries under a checkpoint that two witnesses cosigned."""

    def __init__(self, log: LogStore) -> None:
        self.log = log
        self.dice = random.Random(1)
        root = log.root(LEAVES)
        self.note = signed(LEAVES, root)
        text = read_note(self.note).text
        for name in NAMES:
            self.note += cosign(text, f"witness.example/{name}", signing_key(name), NOW)
        index = LEAVES // 3
        self.entry = entry(index)
        self.hashes = tuple(log.inclusion(index, LEAVES))
        self.text = write_proof(LogProof(index=index, hashes=self.hashes, checkpoint=self.note))
        self.roots = log.root(EARLIER), root
        self.growth = log.consistency(EARLIER, LEAVES)

    def contenders(self) -> dict[str, Contender]:
        """Making and checking proofs, and what they are measured against."""
        log, some = self.log, self.dice.randrange
        message = bytes(150)
        signatures = [(key.public_key(), key.sign(message)) for key in map(signing_key, ("log", *NAMES))]
        return {
            "prove": lambda: log.inclusion(some(LEAVES), LEAVES),
            "row": lambda: log.entry(some(LEAVES)),
            "grow": lambda: log.consistency(some(LEAVES) + 1, LEAVES),
            "check": lambda: check_inclusion(BOTH, self.text, self.entry, now=NOW),
            "verify": lambda: [public.verify(signature, message) for public, signature in signatures],
            "check growth": lambda: check_consistency(EARLIER, LEAVES, *self.roots, self.growth),
        }

    def read_all(self) -> float:
        """Seconds for a stranger's look at all of it."""

        def fetch(name: str) -> bytes:
            path = read_tile_path(name.removeprefix("tile/"))
            if path is None:
                return self.note.encode()
            if path.level is None:
                return self.log.bundle(path.index, path.width) or b""
            return self.log.tile(path.level, path.index, path.width) or b""

        started = time.perf_counter()
        assert look(fetch, BOTH, now=NOW).commitment_count == LEAVES
        return time.perf_counter() - started


async def working(folder: Path) -> dict[str, list[float]]:
    """Seconds from an entry to its proof, in a log at work."""
    fresh = map(entry, itertools.count())
    answers: dict[str, list[float]] = {}
    with witnesses(folder, NAMES, LOG) as believed:
        both = Policy(log=LOG, witnesses=believed, groups=BOTH.groups, quorum=BOTH.quorum)
        for title, policy_, beat in (
            ("an entry to its proof, two witnesses", both, Beat()),
            ("an entry to its proof, two witnesses, no beat", both, Beat(tick_seconds=1e-6)),
            ("an entry to its proof, no witness, no beat", Policy(log=LOG), Beat(tick_seconds=1e-6)),
        ):
            # One log for all: the witnesses would take a second one of this name for a fork.
            store = LogStore(folder / "at work")
            keeper = LogKeeper(store, policy_, LOG_KEY, clock=lambda: int(time.time()), beat=beat)
            await keeper.start()
            await keeper.append(next(fresh))
            answers[title] = [await timed(keeper, [next(fresh)]) for _ in range(AT_WORK_ROUNDS)]
            if beat == Beat():
                batches = [await timed(keeper, [next(fresh) for _ in range(AT_ONCE)]) for _ in range(AT_WORK_ROUNDS)]
                answers[f"{AT_ONCE} entries that come together, to the last proof"] = batches
            await keeper.stop()
    return answers


async def timed(keeper: LogKeeper, entries: list[bytes]) -> float:
    """Seconds until all of ``entries`` are proved."""
    started = time.perf_counter()
    await asyncio.gather(*(keeper.append(each) for each in entries))
    return time.perf_counter() - started
