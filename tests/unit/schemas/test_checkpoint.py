"""Checkpoints and cosignatures."""

import pytest

from schemas.checkpoint import Checkpoint, cosign, cosigned_at, read_checkpoint, write_checkpoint
from schemas.errors import NoteMalformed, NoteUntrusted
from schemas.merkle import EMPTY_ROOT
from schemas.note import read_note, signature_line, to_base64
from tests.small_log import SmallLog, witness_key, witness_name
from tests.statements import NOW, signing_key

LOG = SmallLog()


def test_a_checkpoint_is_read_as_written() -> None:
    for checkpoint in (
        Checkpoint("example.com/log", 7, bytes(range(32))),
        Checkpoint("a log with spaces", 2**53 - 1, bytes(32)),
        Checkpoint("\u00e8", 0, EMPTY_ROOT),
    ):
        assert read_checkpoint(write_checkpoint(checkpoint)) == checkpoint


ROOT = to_base64(bytes(32))


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"a\n1\n{ROOT}",
        f"a\n1\n{ROOT}\n\n",
        f"a\n1\n{ROOT}\nextension\n",
        f"\n1\n{ROOT}\n",
        f"a\n\n{ROOT}\n",
        f"a\n01\n{ROOT}\n",
        f"a\n-1\n{ROOT}\n",
        f"a\n 1\n{ROOT}\n",
        f"a\n9007199254740992\n{ROOT}\n",
        f"a\n1\n{ROOT[:-1]}\n",
        f"a\n1\n{to_base64(bytes(31))}\n",
        f"a\n1\n{to_base64(bytes(33))}\n",
        f"a\n0\n{ROOT}\n",
    ],
)
def test_what_is_not_a_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteMalformed):
        read_checkpoint(text)


def test_a_cosignature_says_when() -> None:
    note = read_note(LOG.note(LOG.cosigned("north", at=NOW), LOG.cosigned("north", at=NOW + 5)))
    assert cosigned_at(note, witness_key("north")) == (NOW, NOW + 5)
    assert cosigned_at(note, witness_key("south")) == ()


def test_a_cosignature_is_over_its_time_and_its_checkpoint() -> None:
    north = witness_key("north")
    good = signing_key("north").sign(f"cosignature/v1\ntime {NOW}\n{LOG.text}".encode())
    assert cosigned_at(read_note(LOG.note(signature_line(north, LOG.text, NOW.to_bytes(8, "big") + good))), north)
    for value in (
        (NOW + 1).to_bytes(8, "big") + good,
        NOW.to_bytes(8, "big") + good[:-1],
        NOW.to_bytes(8, "big") + good + b"\0",
        good,
        NOW.to_bytes(8, "big") + signing_key("north").sign(LOG.text.encode()),
        (2**53).to_bytes(8, "big") + signing_key("north").sign(f"cosignature/v1\ntime {2**53}\n{LOG.text}".encode()),
    ):
        with pytest.raises(NoteUntrusted):
            cosigned_at(read_note(LOG.note(signature_line(north, LOG.text, value))), north)


def test_the_last_second_that_counts_counts() -> None:
    note = read_note(LOG.note(LOG.cosigned("north", at=2**53 - 1)))
    assert cosigned_at(note, witness_key("north")) == (2**53 - 1,)


def test_a_witness_cosigns_checkpoints_only() -> None:
    with pytest.raises(NoteMalformed):
        cosign("any text\n", witness_name("north"), signing_key("north"), NOW)
