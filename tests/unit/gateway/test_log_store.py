"""The log on disk: what is in it stays, as one tree, whatever becomes of the process that writes it."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.log_store import MAX_ENTRY_BYTES, LogStore
from schemas.checkpoint import Checkpoint, write_checkpoint
from schemas.errors import LogUnavailable, ProofInvalid, TooLarge
from schemas.merkle import EMPTY_ROOT, check_consistency, leaf_hash, root_from_inclusion
from schemas.note import sign_note
from tests.statements import signing_key
from tests.unit.gateway import naive_tree

ORIGIN = "log.example/1"


def entries(count: int, start: int = 0) -> list[bytes]:
    return [number.to_bytes(32, "big") for number in range(start, start + count)]


def note(size: int, root: bytes) -> str:
    text = write_checkpoint(Checkpoint(origin=ORIGIN, size=size, root=root))
    return f"{text}\n{sign_note(text, ORIGIN, signing_key('log'))}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "log"


def test_an_empty_log_is_one(folder: Path) -> None:
    with LogStore(folder) as log:
        assert (log.size, log.root(0), log.signed(), log.published()) == (0, EMPTY_ROOT, None, None)
        assert (log.tile(0, 0, 1), log.bundle(0, 1), log.index_of(bytes(32))) == (None, None, None)
        with pytest.raises(IndexError):
            log.entry(0)


@pytest.mark.parametrize("portions", [(1,) * 20, (255, 1, 1), (256, 1), (257,), (600, 1, 3)])
def test_portions_make_one_tree(folder: Path, portions: tuple[int, ...]) -> None:
    with LogStore(folder) as log:
        firsts = [log.append(entries(portion, log.size)) for portion in portions]
        size = sum(portions)
        assert firsts == [sum(portions[:n]) for n in range(len(portions))]
        assert log.size == size
        assert log.root(size) == naive_tree.root([leaf_hash(each) for each in entries(size)])
        for index in {0, size - 1, size // 2, *(b for b in (254, 255, 256) if b < size)}:
            leaf = leaf_hash(log.entry(index))
            assert log.index_of(leaf) == index
            assert root_from_inclusion(index, size, leaf, log.inclusion(index, size)) == log.root(size)
        for old in (1, portions[0], size - 1, size):
            check_consistency(old, size, log.root(old), log.root(size), log.consistency(old, size))


def test_the_past_stays_as_it_was(folder: Path) -> None:
    with LogStore(folder) as log:
        roots = []
        for _ in range(30):
            log.append(entries(20, log.size))
            roots.append(log.root(log.size))
        assert [log.root(20 * (n + 1)) for n in range(30)] == roots


def test_a_log_that_is_opened_again_goes_on(folder: Path) -> None:
    with LogStore(folder) as log:
        log.append(entries(300))
        root = log.root(300)
    with LogStore(folder) as log:
        assert (log.size, log.root(300)) == (300, root)
        assert log.append(entries(1, 300)) == 300
        check_consistency(300, 301, root, log.root(301), log.consistency(300, 301))


def test_tiles_and_bundles_are_served_up_to_where_the_tree_reaches(folder: Path) -> None:
    with LogStore(folder) as log:
        log.append([b"", b"ab", *entries(300)])
        leaves = [leaf_hash(log.entry(index)) for index in range(302)]
        assert log.tile(0, 0, 256) == b"".join(leaves[:256])
        assert log.tile(0, 1, 46) == b"".join(leaves[256:])
        assert log.tile(0, 1, 5) == b"".join(leaves[256:261])
        assert log.tile(1, 0, 1) == naive_tree.root(leaves[:256])
        assert [log.tile(*place) for place in ((0, 1, 47), (0, 2, 1), (1, 0, 2), (2, 0, 1), (63, 0, 1))] == [None] * 5
        assert log.bundle(0, 2) == b"\x00\x00\x00\x02ab"
        bundle = log.bundle(1, 46)
        assert bundle is not None
        assert bundle[:34] == b"\x00\x20" + entries(300)[254]
        assert [log.bundle(*place) for place in ((1, 47), (2, 1), (10**15, 256))] == [None] * 3


def test_of_equal_entries_the_first_is_found(folder: Path) -> None:
    with LogStore(folder) as log:
        log.append([b"a", b"b", b"a"])
        assert log.index_of(leaf_hash(b"a")) == 0
        assert log.size == 3


def test_an_entry_that_no_bundle_can_hold_is_refused_with_all_others(folder: Path) -> None:
    with LogStore(folder) as log:
        with pytest.raises(TooLarge):
            log.append([b"a", bytes(MAX_ENTRY_BYTES + 1)])
        assert log.size == 0
        log.append([bytes(MAX_ENTRY_BYTES)])
        assert log.bundle(0, 1) == b"\xff\xff" + bytes(MAX_ENTRY_BYTES)


def test_what_is_not_there_cannot_be_proved(folder: Path) -> None:
    with LogStore(folder) as log:
        log.append(entries(5))
        for call in (
            lambda: log.root(6),
            lambda: log.root(-1),
            lambda: log.inclusion(5, 5),
            lambda: log.inclusion(0, 6),
            lambda: log.consistency(5, 6),
            lambda: log.consistency(4, 3),
        ):
            with pytest.raises(IndexError):
                call()


def test_a_second_writer_is_refused_and_the_first_goes_on(folder: Path) -> None:
    with LogStore(folder) as log:
        with pytest.raises(LogUnavailable, match="another process"):
            LogStore(folder)
        log.append(entries(1))
    LogStore(folder).close()


def test_a_writer_in_another_process_is_refused_too(folder: Path) -> None:
    program = f"from pathlib import Path\nfrom gateway.log_store import LogStore\nLogStore(Path({str(folder)!r}))"
    with LogStore(folder):
        other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "LogUnavailable: another process" in other.stderr


def test_only_a_larger_tree_is_signed_after_a_restart(folder: Path) -> None:
    with LogStore(folder) as log:
        log.append(entries(10))
        log.keep_signed(note(10, log.root(10)))
    with LogStore(folder) as log:
        assert log.signed() == note(10, log.root(10))
        with pytest.raises(ProofInvalid):
            log.keep_signed(note(9, log.root(9)))
        with pytest.raises(ProofInvalid):
            log.keep_signed(note(10, bytes(32)))
        with pytest.raises(ProofInvalid):
            log.keep_signed(note(11, bytes(32)))
        log.keep_signed(note(10, log.root(10)))
        log.append(entries(1, 10))
        log.keep_signed(note(11, log.root(11)))
        assert log.published() is None


def test_what_was_published_is_kept(folder: Path) -> None:
    with LogStore(folder) as log:
        log.keep_published(note(0, EMPTY_ROOT))
    with LogStore(folder) as log:
        assert log.published() == note(0, EMPTY_ROOT)


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM entry WHERE idx >= 8",
        "UPDATE tile SET hashes = zeroblob(320) WHERE level = 0",
    ],
)
def test_a_log_that_lost_what_it_signed_does_not_open(folder: Path, damage: str) -> None:
    with LogStore(folder) as log:
        log.append(entries(10))
        log.keep_signed(note(10, log.root(10)))
    execute(folder, damage)
    with pytest.raises(ProofInvalid):
        LogStore(folder)


def test_a_file_of_another_layout_or_none_is_refused(folder: Path) -> None:
    LogStore(folder).close()
    execute(folder, "PRAGMA user_version = 2")
    with pytest.raises(LogUnavailable, match="layout"):
        LogStore(folder)
    (folder / "log.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(LogUnavailable, match="not a database"):
        LogStore(folder)


def execute(folder: Path, statement: str) -> None:
    database = sqlite3.connect(folder / "log.sqlite", isolation_level=None)
    database.execute(statement)
    database.close()


def test_a_folder_that_cannot_be_made_is_refused_without_its_name(tmp_path: Path) -> None:
    (tmp_path / "alice").touch()
    with pytest.raises(LogUnavailable) as refused:
        LogStore(tmp_path / "alice" / "log")
    assert "alice" not in str(refused.value)


def test_a_full_disk_refuses_the_append_and_leaves_the_tree_whole(folder: Path) -> None:
    with LogStore(folder) as log:
        log.append(entries(10))
        root = log.root(10)
        (pages,) = log._db.execute("PRAGMA page_count").fetchone()
        log._db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(LogUnavailable, match="full"):
            log.append(entries(5000, 10))
        assert (log.size, log.root(10)) == (10, root)
        log._db.execute("PRAGMA max_page_count = 1000000")
        assert log.append(entries(5000, 10)) == 10


KILLED = """
import os, random, signal, sys
from pathlib import Path
from gateway.log_store import LogStore
from schemas.checkpoint import Checkpoint, write_checkpoint
from schemas.note import sign_note
from tests.statements import signing_key
from tests.unit.gateway import naive_tree

folder, rounds = Path(sys.argv[1]), int(sys.argv[2])

def write(seed, told):
    # One writer: appends and signs until it is killed, in the middle of some statement.
    dice = random.Random(seed)
    log = LogStore(folder)
    steps = dice.randrange(1, 60)
    def tick():
        nonlocal steps
        steps -= 1
        if steps == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    log._db.set_progress_handler(tick, 100)
    while True:
        count = dice.choice([1, 3, 100, 300])
        first = log.append([number.to_bytes(32, "big") for number in range(log.size, log.size + count)])
        text = write_checkpoint(Checkpoint(origin="log.example/1", size=first + count, root=log.root(first + count)))
        log.keep_signed(f"{text}\\n{sign_note(text, 'log.example/1', signing_key('log'))}")
        os.write(told, (first + count).to_bytes(8, "big"))

for seed in range(rounds):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        write(seed, writer)
    os.close(writer)
    if seed % 2:
        # The other way to die: from outside, at whatever moment that is.
        os.read(reader, 8)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL, status
    told = os.read(reader, 1 << 16)
    os.close(reader)
    with LogStore(folder) as log:
        size = log.size
        assert size >= int.from_bytes(told[-8:], "big"), "what was said to be on disk is not"
        leaves = [naive_tree.leaf(number.to_bytes(32, "big")) for number in range(size)]
        assert log.root(size) == naive_tree.root(leaves), "half of an append is there"
        assert all(log.index_of(leaf) == index for index, leaf in enumerate(leaves[-400:], max(size - 400, 0)))
        assert log.entry(size - 1) == (size - 1).to_bytes(32, "big") if size else True
        (found,) = log._db.execute("PRAGMA integrity_check").fetchone()
        assert found == "ok", found
        print(size)
"""


def test_a_writer_that_is_killed_leaves_a_whole_tree(folder: Path) -> None:
    rounds = 30
    top = Path(__file__).parents[3]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder), str(rounds)],
        cwd=top,
        env=os.environ | {"PYTHONPATH": str(top)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == 0, killed.stderr
    sizes = [int(line) for line in killed.stdout.split()]
    assert len(sizes) == rounds
    assert sizes == sorted(sizes)
    assert sizes[-1] > 256, "nothing was ever written"
