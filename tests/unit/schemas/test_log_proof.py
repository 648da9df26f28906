"""Proofs of inclusion as a stranger checks them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import (
    CheckpointStale,
    CheckpointUnwitnessed,
    LikenessError,
    NoteMalformed,
    NoteUntrusted,
    ProofInvalid,
)
from schemas.log_policy import MAX_CHECKPOINT_AGE_SECONDS, Policy
from schemas.log_proof import MAGIC, Included, LogProof, check_inclusion, read_proof, write_proof
from tests.small_log import ENTRIES, SmallLog
from tests.statements import NOW, signing_key

LOG = SmallLog()
POLICY = LOG.policy
PROOF = LOG.proof(6)
ALONE = Policy(log=POLICY.log)


def test_every_entry_is_proved() -> None:
    for index, entry in enumerate(ENTRIES):
        found = check_inclusion(POLICY, LOG.proof(index), entry, now=NOW)
        assert found == Included(index=index, size=len(ENTRIES), at=NOW, witnesses=("north", "south"))


def test_a_log_of_one_entry_has_a_proof_without_hashes() -> None:
    small = SmallLog(entries=ENTRIES[:1])
    assert read_proof(small.proof(0)).hashes == ()
    assert check_inclusion(POLICY, small.proof(0), ENTRIES[0], now=NOW).size == 1


def test_another_entry_is_not_proved() -> None:
    for entry in (ENTRIES[5], b"", ENTRIES[6] + b"\0", ENTRIES[6][:-1]):
        with pytest.raises(ProofInvalid):
            check_inclusion(POLICY, PROOF, entry, now=NOW)


def test_an_old_proof_holds_and_is_not_fresh() -> None:
    later = NOW + MAX_CHECKPOINT_AGE_SECONDS + 1
    assert check_inclusion(POLICY, PROOF, ENTRIES[6], now=None).at == NOW
    with pytest.raises(CheckpointStale):
        check_inclusion(POLICY, PROOF, ENTRIES[6], now=later)


def test_without_its_witnesses_a_proof_is_refused() -> None:
    with pytest.raises(CheckpointUnwitnessed):
        check_inclusion(POLICY, LOG.proof(6, LOG.note()), ENTRIES[6], now=NOW)
    assert check_inclusion(ALONE, LOG.proof(6, LOG.note()), ENTRIES[6], now=NOW).at is None


def test_another_log_proves_nothing() -> None:
    other = SmallLog(key=signing_key("other"))
    with pytest.raises(NoteUntrusted):
        check_inclusion(POLICY, other.proof(6), ENTRIES[6], now=NOW)


def test_a_proof_under_another_checkpoint_of_the_log_is_refused() -> None:
    fork = SmallLog(entries=[*ENTRIES[:10], b"forked"])
    for size in (9, 10):
        older = SmallLog(entries=ENTRIES[:size])
        with pytest.raises(ProofInvalid):
            check_inclusion(POLICY, LOG.proof(6, older.note(older.cosigned("north", "south"))), ENTRIES[6], now=NOW)
    with pytest.raises(ProofInvalid):
        check_inclusion(POLICY, LOG.proof(6, fork.note(fork.cosigned("north", "south"))), ENTRIES[6], now=NOW)


def test_a_proof_is_read_as_written() -> None:
    assert write_proof(read_proof(PROOF)) == PROOF
    short = LogProof(index=0, hashes=(), checkpoint="anything")
    assert read_proof(write_proof(short)) == short


HEAD, NOTE = PROOF.split("\n\n", 1)
LINES = HEAD.split("\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        MAGIC,
        HEAD,
        f"{HEAD}\n",
        NOTE,
        f"{HEAD}\n\n{NOTE}\n",
        PROOF.replace("@v1", "@v2"),
        PROOF.replace("\n", "\r\n"),
        PROOF.replace(f"{MAGIC}\n", f"{MAGIC}\nextra AAAA\n"),
        PROOF.replace("index 6\n", ""),
        PROOF.replace("index 6", "index 06"),
        PROOF.replace("index 6", "index  6"),
        PROOF.replace("index 6", "index -6"),
        PROOF.replace("index 6", "index 6 "),
        PROOF.replace("index 6", "index 9007199254740992"),
        PROOF.replace(LINES[2], LINES[2][:-1]),
        PROOF.replace(LINES[2], "AAAA"),
        PROOF.replace(LINES[2], "\n".join([LINES[2]] * 54)),
        f"{PROOF}{'x' * 200_000}",
    ],
)
def test_what_is_not_a_proof_is_refused(text: str) -> None:
    with pytest.raises(NoteMalformed):
        check_inclusion(POLICY, text, ENTRIES[6], now=NOW)


@pytest.mark.parametrize("text", [f"{HEAD}\n\n\n{NOTE}", PROOF.replace(LINES[2], f"{LINES[2]}\n\n")])
def test_the_checkpoint_begins_behind_the_first_empty_line(text: str) -> None:
    with pytest.raises(NoteUntrusted):
        check_inclusion(POLICY, text, ENTRIES[6], now=NOW)


@pytest.mark.parametrize("index", [0, 5, 7, 10, 11, 2**53 - 1])
def test_another_index_is_refused(index: int) -> None:
    with pytest.raises(ProofInvalid):
        check_inclusion(POLICY, PROOF.replace("index 6", f"index {index}"), ENTRIES[6], now=NOW)


def test_every_hash_is_needed_and_no_other() -> None:
    for lines in (LINES[:-1], [*LINES[:2], *LINES[3:]], [*LINES, LINES[-1]], [*LINES[:2], *reversed(LINES[2:])]):
        with pytest.raises(ProofInvalid):
            check_inclusion(POLICY, "\n".join(lines) + f"\n\n{NOTE}", ENTRIES[6], now=NOW)


STRICT = LOG.strict_policy
RAW = PROOF.encode()


@settings(deadline=None, max_examples=400)
@given(st.integers(0, len(RAW) - 1), st.integers(1, 255))
def test_every_edit_of_a_byte_is_refused(at: int, change: int) -> None:
    """Under a policy that needs both witnesses, no byte of a proof can be another."""
    edited = bytearray(RAW)
    edited[at] ^= change
    try:
        text = edited.decode()
    except UnicodeDecodeError:
        return
    with pytest.raises(LikenessError):
        check_inclusion(STRICT, text, ENTRIES[6], now=NOW)


@settings(deadline=None, max_examples=200)
@given(st.integers(0, len(RAW) - 1), st.sampled_from(["", "A", "\n", " ", "="]))
def test_no_byte_can_be_left_out_or_put_in(at: int, instead: str) -> None:
    text = PROOF.encode()[:at].decode(errors="ignore") + instead + PROOF.encode()[at + 1 :].decode(errors="ignore")
    for edited in {text, PROOF[:at] + instead + PROOF[at:]} - {PROOF}:
        with pytest.raises(LikenessError):
            check_inclusion(STRICT, edited, ENTRIES[6], now=NOW)


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=300))
def test_no_text_is_taken_for_a_proof(text: str) -> None:
    for edited in (text, f"{MAGIC}\n{text}", f"{HEAD}\n\n{text}", PROOF + text):
        if edited != PROOF:
            with pytest.raises(LikenessError):
                check_inclusion(POLICY, edited, ENTRIES[6], now=NOW)


def test_the_unedited_proof_is_accepted_under_the_strict_policy() -> None:
    assert check_inclusion(STRICT, PROOF, ENTRIES[6], now=NOW).witnesses == ("north", "south")
