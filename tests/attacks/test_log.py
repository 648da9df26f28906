"""A log that lies: what a witness refuses to cosign, and what a person refuses to believe."""

import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.cli_witness import build_witness
from gateway.witness import Cosigned, Witness
from gateway.witness_request import AddCheckpoint, write_request
from gateway.witness_settings import WitnessSettings
from gateway.witness_state import Conflict
from schemas import canonical
from schemas.checkpoint import Checkpoint, cosign, write_checkpoint
from schemas.consent import Admitted, Revoked
from schemas.errors import CheckpointUnwitnessed, LikenessError, NoteMalformed, PolicyInvalid, ProofInvalid
from schemas.frames import Frame, FrameKind, encode_frame
from schemas.log_policy import read_policy
from schemas.log_proof import LogProof, read_proof, write_proof
from schemas.note import SignatureKind, VerifierKey, sign_note, signature_line
from tests.attacks.seam import Remade, Statements, raw, written
from tests.attacks.stage import Stage
from tests.log_world import ORIGIN, LogWorld
from tests.statements import signing_key

pytestmark = [pytest.mark.anyio, pytest.mark.system]
NAMES = ("witness.example/0", "witness.example/1")
AGES = {"too old": -601, "of the future": 90}


async def refusal_of(stage: Stage, lie: Callable[[bytes], str]) -> str:
    """How a person refuses the proof that ``lie`` makes for the roster entry of an honest worker."""

    async def forge(said: Statements, _number: int) -> bytes:
        return written(said | {FrameKind.PROOF: lie(said[FrameKind.ROSTER]).encode()})

    async with stage.visit() as visit:
        await visit.consent()
        stage.seam.edit = Remade(forge)
        return await visit.refused()


def signed_by(stage: Stage, entry: bytes, *lines: Callable[[str], str], key: Ed25519PrivateKey | None = None) -> str:
    """The proof of ``entry`` in a log of it alone, with these cosignatures."""
    log = stage.other_log(entry)
    text = write_checkpoint(Checkpoint(ORIGIN, 1, log.root()))
    signatures = [sign_note(text, ORIGIN, key or stage.log_key), *(line(text) for line in lines)]
    return write_proof(LogProof(0, (), text + "\n" + "".join(signatures)))


# --- what a person believes -------------------------------------------------------------------------------------------


async def test_whoever_holds_all_keys_is_believed(stage: Stage) -> None:
    """Adversary: none that could be refused. With the log's and both witnesses' keys a log of one's own is believed: a
    fork is signed, and seen when two checkpoints are compared (spec/transparency-log.md 6.3). So the rest can fail.
    """
    with pytest.raises(AssertionError, match="sealed bytes left"):
        await refusal_of(stage, lambda entry: stage.other_log(b"another world").prove(entry))


async def test_a_fork_has_one_witness_of_two(stage: Stage) -> None:
    """Adversary: gateway and one witness. Edit: another tree, cosigned by that one. ``checkpoint-unwitnessed``."""
    lie = stage.other_log(b"another world")
    assert await refusal_of(stage, lambda entry: lie.prove(entry, witnesses=1)) == "checkpoint-unwitnessed"


async def test_the_log_key_alone_proves_nothing(stage: Stage) -> None:
    """Adversary: a thief of the log's key. Edit: an unwitnessed checkpoint. ``checkpoint-unwitnessed``."""
    lie = stage.other_log()
    assert await refusal_of(stage, lambda entry: lie.prove(entry, witnesses=0)) == "checkpoint-unwitnessed"


@pytest.mark.parametrize("age", AGES)
async def test_a_checkpoint_is_not_of_now(stage: Stage, age: str) -> None:
    """Adversary: the gateway. Edit: an old tree, from before a worker was struck off. ``checkpoint-stale``."""
    lie = stage.other_log(now=int(time.time()) + AGES[age])
    assert await refusal_of(stage, lie.prove) == "checkpoint-stale"


async def test_a_log_of_another_key(stage: Stage) -> None:
    """Adversary: both witnesses, without the log's key. Edit: another key in its name. ``note-untrusted``."""
    lie = stage.other_log()
    lie.log = signing_key("another log")
    assert await refusal_of(stage, lie.prove) == "note-untrusted"


async def test_one_witness_twice_does_not_make_two(stage: Stage) -> None:
    """Adversary: gateway and one witness. Edit: it cosigns twice, at two times. ``checkpoint-unwitnessed``."""
    now, key = int(time.time()), stage.witness_key(0)
    twice = [lambda text, at=at: cosign(text, NAMES[0], key, at) for at in (now, now - 1)]
    assert await refusal_of(stage, lambda entry: signed_by(stage, entry, *twice)) == "checkpoint-unwitnessed"


@pytest.mark.parametrize(("forged_id", "code"), [("no", "checkpoint-unwitnessed"), ("yes", "note-untrusted")])
async def test_one_witness_signs_in_the_name_of_the_other(stage: Stage, forged_id: str, code: str) -> None:
    """Adversary: gateway and one witness. Edit: it cosigns under its own name and under the other's, also with the
    other's key id. ``checkpoint-unwitnessed``, ``note-untrusted``.
    """
    now, key, other = int(time.time()), stage.witness_key(0), stage.witness_key(1).public_key()

    def own(text: str) -> str:
        return cosign(text, NAMES[0], key, now)

    def stolen(text: str) -> str:
        if forged_id == "no":
            return cosign(text, NAMES[1], key, now)
        return signature_line(
            VerifierKey(NAMES[1], SignatureKind.COSIGNATURE, other), text, now.to_bytes(8) + bytes(64)
        )

    assert await refusal_of(stage, lambda entry: signed_by(stage, entry, own, stolen)) == code


async def test_the_log_witnesses_itself(stage: Stage) -> None:
    """Adversary: a thief of the log's key. Edit: it signs in both witnesses' names. ``checkpoint-unwitnessed``."""
    now, key = int(time.time()), stage.log_key
    lines = [lambda text, name=name: cosign(text, name, key, now) for name in NAMES]
    assert await refusal_of(stage, lambda entry: signed_by(stage, entry, *lines)) == "checkpoint-unwitnessed"


@pytest.mark.parametrize("step", [-1, 1])
async def test_a_proof_says_another_index(stage: Stage, step: int) -> None:
    """Adversary: the gateway. Edit: an honest proof, but for the index. ``proof-invalid``."""
    lie = stage.other_log(*(f"entry {i}".encode() for i in range(5)))

    def moved(entry: bytes) -> str:
        proof = read_proof(lie.prove(entry))
        return write_proof(LogProof(proof.index + step, proof.hashes, proof.checkpoint))

    assert await refusal_of(stage, moved) == "proof-invalid"


async def test_a_proof_is_of_another_tree(stage: Stage) -> None:
    """Adversary: the gateway. Edit: hashes of one tree under the witnessed checkpoint of another. ``proof-invalid``."""
    real = stage.keeper.checkpoint()
    assert real is not None

    def grafted(entry: bytes) -> str:
        proof = read_proof(stage.other_log().prove(entry))
        return write_proof(LogProof(proof.index, proof.hashes, real))

    assert await refusal_of(stage, grafted) == "proof-invalid"


async def test_the_address_of_a_tile_is_no_proof(stage: Stage) -> None:
    """Adversary: the gateway. Edit: words where a proof should be. ``note-malformed``."""
    assert await refusal_of(stage, lambda _entry: "log/tile/0/000") == "note-malformed"


@pytest.mark.parametrize("path", ["/api/v1/consents", "/api/v1/revocations"])
async def test_a_consent_and_a_withdrawal_stand_in_a_fork(stage: Stage, path: str) -> None:
    """Adversary: gateway and one witness. Edit: they log what is about a person where nobody else looks.
    ``checkpoint-unwitnessed``: the person knows that it is not shown to be logged.
    """
    async with stage.visit() as visit:

        async def fork(body: bytes) -> bytes:
            answer = canonical.decode(Admitted if path.endswith("consents") else Revoked, body)
            leaf = bytes(32)  # which one it is does not matter: the checkpoint comes first
            return canonical.encode(msgspec.structs.replace(answer, proof=stage.other_log().prove(leaf, witnesses=1)))

        if path.endswith("revocations"):
            await visit.consent()
        stage.seam.answers[path] = fork
        with pytest.raises(CheckpointUnwitnessed):
            await (visit.person.revoke() if path.endswith("revocations") else visit.person.consent())


async def test_a_receipt_stands_in_a_fork(stage: Stage) -> None:
    """Adversary: gateway and one witness. Edit: the receipt is logged where nobody else looks.
    ``checkpoint-unwitnessed``.
    """
    is_receipted = False

    async def fork(frame: Frame) -> bytes:
        nonlocal is_receipted
        is_receipted = is_receipted or frame.kind is FrameKind.RECEIPT
        if frame.kind is not FrameKind.PROOF or not is_receipted:
            return raw(frame)
        return encode_frame(FrameKind.PROOF, stage.other_log().prove(bytes(32), witnesses=1).encode())

    async with stage.visit(is_open=True) as visit:
        await visit.consent()
        stage.seam.edit = fork
        assert await visit.spoiled() == "checkpoint-unwitnessed"


@pytest.mark.parametrize("edit", ["witness twice", "log as witness", "name twice"])
def test_a_policy_counts_nobody_twice(edit: str) -> None:
    """Adversary: whoever writes the policy. Edit: one key in two roles, or one name twice. ``policy-invalid``."""
    log = LogWorld()
    lines = log.policy_text.splitlines()
    key = {"witness twice": lines[1].split()[2], "log as witness": as_witness(log)}.get(edit)
    if key:
        lines[2] = f"witness w1 {key}"
    else:
        lines[3] = "group all-of-them 2 w0 w0"
    read_policy(log.policy_text)  # without the edit it is one
    with pytest.raises(PolicyInvalid):
        read_policy("\n".join([*lines, ""]))


def as_witness(log: LogWorld) -> str:
    """The log's own key, written as that of a witness."""
    return VerifierKey("witness.example/zero", SignatureKind.COSIGNATURE, log.log.public_key()).text


# --- what a witness cosigns -------------------------------------------------------------------------------------------


def witness_of(log: LogWorld, folder: Path) -> Witness:
    """An honest witness of that log; one that starts again in its folder remembers."""
    folder.mkdir(exist_ok=True, mode=0o700)
    vkey = VerifierKey(ORIGIN, SignatureKind.ED25519, log.log.public_key())
    (folder / "logs.txt").write_text(vkey.text, "utf-8")
    return build_witness(WitnessSettings(state=folder, logs=folder / "logs.txt", name=folder.name))


def asked(witness: Witness, log: LogWorld, *proof: bytes, old: int) -> object:
    """What that witness says to the log's tree, claimed to continue one of size ``old``."""
    note = log.checkpoint(witnesses=0)
    try:
        return witness.add_checkpoint(write_request(AddCheckpoint(old, proof, note)))
    except LikenessError as error:
        return type(error)


@pytest.fixture
def log() -> LogWorld:
    return LogWorld([b"one", b"two", b"three"])


def test_an_honest_witness_refuses_a_fork_and_keeps_it(log: LogWorld, tmp_path: Path) -> None:
    """Adversary: the log's key. Edit: two trees of one size, one to each of two witnesses, of whom one is honest and
    one cosigns all. The honest one refuses the second and keeps both checkpoints, signed; one cosignature is no
    quorum.
    """
    other = LogWorld([b"one", b"two", b"for one person"])
    witness = witness_of(log, tmp_path / "honest")
    assert isinstance(asked(witness, log, old=0), Cosigned)
    assert asked(witness, other, old=3) == Conflict(3, is_fork=True)
    kept = witness.state.fork(ORIGIN)
    assert kept == (log.checkpoint(witnesses=0), other.checkpoint(witnesses=0))
    witness.state.close()
    again = witness_of(log, tmp_path / "honest")
    assert again.state.fork(ORIGIN) == kept, "what it kept outlives it"
    again.state.close()


def test_a_log_does_not_shrink_when_its_witness_restarts(log: LogWorld, tmp_path: Path) -> None:
    """Adversary: the log's key. Edit: an older copy of the log, while its witness restarts. The witness remembers: it
    refuses what says that it shrinks (``note-malformed``), and what says that there was nothing before (a conflict).
    """
    witness = witness_of(log, tmp_path / "w")
    assert isinstance(asked(witness, log, old=0), Cosigned)
    witness.state.close()
    witness = witness_of(log, tmp_path / "w")
    shrunken = LogWorld(log.entries[:2])
    assert asked(witness, shrunken, old=3) is NoteMalformed
    for old in (0, 1, 2):
        assert asked(witness, shrunken, old=old) == Conflict(3)
    witness.state.close()


@pytest.mark.parametrize("shown", [[], [bytes(32)], [bytes(32)] * 3])
def test_a_rewritten_past_is_not_cosigned(log: LogWorld, tmp_path: Path, shown: list[bytes]) -> None:
    """Adversary: the log's key. Edit: it grows and changes an old entry. ``proof-invalid``: nothing leads there."""
    witness = witness_of(log, tmp_path / "w")
    assert isinstance(asked(witness, log, old=0), Cosigned)
    rewritten = LogWorld([b"one", b"TWO", b"three", b"four"])
    assert asked(witness, rewritten, *shown, old=3) is ProofInvalid
    witness.state.close()
