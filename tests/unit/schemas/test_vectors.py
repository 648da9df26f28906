"""Every vector of schemas/vectors through the Python side; gateway/web/protocol runs the same files in Node."""

import math
import struct
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from schemas import attestation, canonical, embedding, erasure, frames, job, sealing, signing, worker_key
from schemas.consent import (
    Admitted,
    ConsentGrant,
    Revocation,
    Revoked,
    check_grant_of_token,
    consent_leaf,
    open_grant,
    open_revocation,
    open_token,
    revocation_leaf,
)
from schemas.consent_file import check_consent, read_consent_file
from schemas.errors import ClaimMismatch, GrantMismatch, LikenessError, TooFewClaims
from schemas.job import Offer
from schemas.log_leaf import roster_entry
from schemas.log_policy import read_policy
from schemas.log_proof import Included, check_inclusion
from schemas.pools import LOTS
from schemas.receipt_file import check_receipt_file, read_receipt_file
from schemas.scalars import digest, from_b64u
from schemas.worker_key import CheckedClaim, Claim
from tests import vectors
from tests.make_vectors import FILES
from tests.vector_cases.sealed import image_bytes
from tests.vector_runners import LOG_RUNNERS

Case = dict[str, Any]
STRUCTS: dict[str, type[msgspec.Struct]] = {"Offer": Offer, "Claim": Claim, "ConsentGrant": ConsentGrant}


def key(text: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(from_b64u(text, 32))


def keys(texts: list[str]) -> signing.Keys:
    return tuple(key(text) for text in texts)


def included(case: Case, proof: str, entry: bytes) -> Included:
    return check_inclusion(read_policy(case["policy"]), proof, entry, now=case["now"])


def run_canonical(case: Case) -> None:
    raw = case["raw"].encode()
    assert canonical.encode(canonical.decode(STRUCTS[case["struct"]], raw)) == raw


def run_signing(case: Case) -> None:
    struct_ = STRUCTS[case["struct"]]
    if case["keys"] is None:
        verified = signing.open_introduced(struct_, case["jws"])
        assert verified.kid == case["kid"]
    else:
        signing.open_signed(struct_, case["jws"], *keys(case["keys"]))


def run_sealing(case: Case) -> None:
    mine = sealing.worker_key(bytes.fromhex(case["seed"]))
    opened = sealing.open_request(from_b64u(case["sealed"]), mine, bytes.fromhex(case["info"]))
    assert opened.hex() == case["plaintext"]
    assert mine.public == from_b64u(case["public"])


def edited(chunks: list[bytes], edit: str | None) -> list[bytes]:
    first, second, third, *rest = chunks if len(chunks) > 2 else [*chunks, b"", b""]
    table: dict[str | None, list[bytes]] = {
        "flip a bit": [bytes([first[0] ^ 1]) + first[1:], second, third, *rest],
        "drop the last": chunks[:-1],
        "drop the first": chunks[1:],
        "swap two": [second, first, third, *rest],
        "repeat one": [first, first, *chunks[1:]],
        "cut one short": [first[:-1], second, third, *rest],
        "none at all": [],
    }
    return table.get(edit, chunks)


def run_image(case: Case) -> None:
    request = image_bytes(sealing.SEALED_REQUEST_BYTES)
    secret, claim_hash = bytes.fromhex(case["response_secret"]), bytes.fromhex(case["claim_hash"])
    reply = sealing.reply_key(secret, request, claim_hash)
    assert reply.hex() == case["reply_key"]
    image = image_bytes(case["length"])
    chunks = sealing.seal_image(image, reply, case["image_index"])
    index = case["image_index"] + (case["edit"] == "another index")
    assert sealing.open_image(edited(chunks, case["edit"]), reply, index) == image
    assert [digest(chunk) for chunk in chunks] == case["chunks"]


def run_record(case: Case) -> None:
    raw = bytes.fromhex(case["raw"])
    record = embedding.decode(raw)
    assert sorted(record.parts) == case["parts"]
    assert embedding.encode(record) == raw


def run_quantise(case: Case) -> None:
    got = embedding.quantise([math.nan if value is None else value for value in case["vector"]])
    assert struct.pack("<f", got.scale) == from_b64u(case["scale"])
    assert got.values.hex() == case["values"]


def run_consent(case: Case) -> None:
    if case["op"] == "open_grant":
        open_grant(case["grant"], notice=case["notice"], now=case["now"])
        return
    admitted = canonical.decode(Admitted, case["raw"].encode()) if case["op"] == "admitted" else None
    jws = admitted.token if admitted else case["token"]
    token = open_token(jws, gateway=keys(case["gateway"]), now=case["now"])
    grant = check_grant_of_token(token, case["grant"])
    if admitted:
        included(case, admitted.proof, consent_leaf(grant, jws))


def run_revocation(case: Case) -> None:
    if case["op"] == "revocation":
        open_revocation(case["jws"], now=case["now"])
        return
    revoked = canonical.decode(Revoked, case["raw"].encode())
    if revoked.token != digest(case["token"].encode()):
        raise GrantMismatch
    statement = signing.open_introduced(Revocation, case["statement"]).statement
    included(case, revoked.proof, revocation_leaf(statement, case["statement"]))


def run_claim(case: Case) -> None:
    checked = checked_claim(case, case)
    if case["company"]:
        worker_key.check_endorsement(checked.roster, key(case["company"]), now=case["now"])
    assert checked.claim_hash.hex() == digest(case["claim"].encode())


def checked_claim(said: Case, case: Case) -> CheckedClaim:
    gateway, now = keys(case["gateway"]), case["now"]
    checked = worker_key.check_claim(said["offer"].encode(), said["roster"], said["claim"], gateway=gateway, now=now)
    included(case, said["proof"], roster_entry(said["roster"]))
    return checked


def run_choose(case: Case) -> None:
    """spec/sealed-job.md 2.5 as it is written there; the program that chooses is the browser's."""
    lots = case["lots"]
    checked = [checked_claim(said, case) for said in case["claims"]]
    offers = [canonical.decode(Offer, said["offer"].encode()) for said in case["claims"]]
    if len({each.roster.worker for each in checked}) < lots:
        raise TooFewClaims
    jobs = {(offer.offer_id, offer.token) for offer in offers}
    hpke_keys = {each.hpke_key for each in checked}
    if len(jobs) != 1 or {LOTS[offer.pool] for offer in offers} != {lots}:
        raise ClaimMismatch
    if not len(checked) == len(hpke_keys) == lots:
        raise ClaimMismatch


def run_attestation(case: Case) -> None:
    hpke_key = bytes([case["hpke_fill"]]) * sealing.PUBLIC_KEY_BYTES
    binding = attestation.quote_binding(hpke_key, bytes.fromhex(case["offer_hash"]))
    assert binding.hex() == case["binding"]
    assert attestation.expected_pcr(case["software"]).hex() == case["pcr"]
    quote = attestation.Quote(message=case["message"], signature=case["signature"])
    under = attestation.AttestationKey(key=case["key"], root="test-tpm")
    attestation.check_quote(quote, under, binding=binding, software=case["software"])


def run_job(case: Case) -> None:
    if case["op"] == "job":
        job.open_job_request(case["jws"], holder=case["holder"], token=case["token"], now=case["now"])
    else:
        job.open_disclosure(case["jws"], holder=case["holder"], now=case["now"])


def run_erasure(case: Case) -> None:
    receipt = erasure.check_receipt(
        case["jws"], worker=key(case["worker"]), offer=case["offer"], claim=case["claim"], result=case["result"]
    )
    included(case, case["proof"], erasure.erasure_leaf(receipt, case["jws"]))


def run_consent_file(case: Case) -> None:
    check_consent(read_consent_file(case["file"].encode()))


def run_receipt_file(case: Case) -> None:
    for sentence in check_receipt_file(read_receipt_file(case["file"].encode())):
        assert sentence.endswith(".")


def run_frames(case: Case) -> None:
    stream = bytes.fromhex(case["stream"])
    for size in (1, 3, len(stream) or 1):
        reader = frames.FrameReader()
        got = [frame for at in range(0, len(stream), size) for frame in reader.feed(stream[at : at + size])]
        reader.finish()
        assert [[int(frame.kind), frame.payload.hex()] for frame in got] == case["frames"]


RUNNERS: dict[str, Callable[[Case], None]] = {
    "canonical": run_canonical,
    "signing": run_signing,
    "sealing": run_sealing,
    "image": run_image,
    "record": run_record,
    "quantise": run_quantise,
    "consent": run_consent,
    "revocation": run_revocation,
    "claim": run_claim,
    "choose": run_choose,
    "attestation": run_attestation,
    "job": run_job,
    "erasure": run_erasure,
    "consent_file": run_consent_file,
    "receipt_file": run_receipt_file,
    "frames": run_frames,
    **LOG_RUNNERS,
}
FOREIGN = sorted(name for name in vectors.names() if name.startswith("foreign_"))


def test_every_vector_file_has_a_maker_and_a_runner() -> None:
    from_elsewhere = {name for name in vectors.names() if name.startswith(("foreign_", "from_"))}
    liked = {case["like"] for name in from_elsewhere for case in vectors.cases(name)}
    assert set(FILES) == vectors.names() - from_elsewhere
    assert set(RUNNERS) == set(FILES) | liked


@pytest.mark.parametrize("case", [pytest.param(c, id=c["name"]) for c in vectors.cases("from_typescript")])
def test_what_the_browsers_side_made_is_accepted(case: Case) -> None:
    RUNNERS[case["like"]](case)


@pytest.mark.parametrize(
    ("name", "case"),
    [pytest.param(n, c, id=f"{n}: {c['name']}") for n in [*sorted(FILES), *FOREIGN] for c in vectors.cases(n)],
)
def test_vector(name: str, case: Case) -> None:
    # A file of values that others published says for each case which runner it is for.
    name = case.get("like", name)
    if case["expect"] == "accept":
        RUNNERS[name](case)
    else:
        with pytest.raises(LikenessError) as refused:
            RUNNERS[name](case)
        assert refused.value.code == case["expect"]
