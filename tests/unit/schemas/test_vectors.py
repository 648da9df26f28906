"""Every vector of schemas/vectors through the Python side; gateway/web/protocol runs the same files in Node."""

import math
import struct
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from schemas import attestation, canonical, embedding, erasure, frames, job, sealing, signing, worker_key
from schemas.consent import ConsentGrant, check_grant_of_token, open_grant, open_token
from schemas.errors import LikenessError
from schemas.job import Offer
from schemas.scalars import digest, from_b64u
from schemas.worker_key import Claim
from tests import vectors
from tests.make_vectors import FILES
from tests.vector_cases.sealed import image_bytes
from tests.vector_runners import LOG_RUNNERS

Case = dict[str, Any]
STRUCTS: dict[str, type[msgspec.Struct]] = {"Offer": Offer, "Claim": Claim, "ConsentGrant": ConsentGrant}


def key(text: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(from_b64u(text, 32))


def run_canonical(case: Case) -> None:
    raw = case["raw"].encode()
    assert canonical.encode(canonical.decode(STRUCTS[case["struct"]], raw)) == raw


def run_signing(case: Case) -> None:
    struct_ = STRUCTS[case["struct"]]
    if case["key"] is None:
        verified = signing.open_introduced(struct_, case["jws"])
        assert verified.kid == case["kid"]
    else:
        signing.open_signed(struct_, case["jws"], key(case["key"]))


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
    else:
        token = open_token(case["token"], gateway=key(case["gateway"]), now=case["now"])
        check_grant_of_token(token, case["grant"])


def run_claim(case: Case) -> None:
    checked = worker_key.check_claim(
        case["offer"].encode(), case["roster"], case["claim"], gateway=key(case["gateway"]), now=case["now"]
    )
    assert checked.claim_hash.hex() == digest(case["claim"].encode())


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
    erasure.check_receipt(
        case["jws"], worker=key(case["worker"]), offer=case["offer"], claim=case["claim"], result=case["result"]
    )


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
    "claim": run_claim,
    "attestation": run_attestation,
    "job": run_job,
    "erasure": run_erasure,
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
