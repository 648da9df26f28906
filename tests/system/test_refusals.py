"""Bad input over the real system: each has its own error, and nothing is left behind."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas import embedding, sealing, signing
from schemas.errors import LikenessError
from schemas.job import SealedRequest
from schemas.scalars import digest, to_b64u
from tests import tiny_bundle
from tests.client import Claimed, Job, Person
from tests.whole import System, running

pytestmark = [pytest.mark.anyio, pytest.mark.system]
RECORD = embedding.encode(tiny_bundle.public_record())
STYLE = tiny_bundle.STYLES[0]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One system for the whole module."""
    return "asyncio"


@pytest.fixture(scope="module")
async def system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    async with running(tmp_path_factory.mktemp("system")) as system_:
        yield system_


@pytest.fixture
async def person(system: System) -> AsyncIterator[Person]:
    async with system.http() as http:
        person_ = Person(http)
        assert (await person_.consent()).status_code == 201
        yield person_


async def code_of_draw(person: Person, **arguments: Any) -> str:
    """The code with which a draw is refused."""
    with pytest.raises(LikenessError) as refused:
        await person.draw(RECORD, STYLE, **arguments)
    return refused.value.code


async def test_an_altered_token(person: Person) -> None:
    head, _, tail = person.token.rpartition(".")
    person.token = f"{head}.{'B' if tail[0] == 'A' else 'A'}{tail[1:]}"
    assert await code_of_draw(person) == "bad-signature"


async def test_a_token_signed_by_somebody_else(person: Person) -> None:
    forged = Ed25519PrivateKey.generate()
    payload = person.token.split(".")[1]
    header = to_b64u(
        b'{"alg":"Ed25519","kid":"%s","typ":"likeness-consent+jwt"}' % signing.thumbprint(forged.public_key()).encode()
    )
    person.token = f"{header}.{payload}.{to_b64u(forged.sign(f'{header}.{payload}'.encode()))}"
    assert await code_of_draw(person) == "unknown-key"


async def test_somebody_elses_key(person: Person) -> None:
    person.key = Ed25519PrivateKey.generate()
    assert await code_of_draw(person) == "wrong-holder"


async def test_a_request_used_twice(person: Person) -> None:
    body = person.job_body()
    async with person.http.stream("POST", "/api/v1/jobs", content=body) as first:
        assert first.status_code == 200
    again = await person.http.post("/api/v1/jobs", content=body)
    assert again.json()["code"] == "job-replayed"


async def test_a_request_of_yesterday(person: Person) -> None:
    answer = await person.http.post("/api/v1/jobs", content=person.job_body(issued_at=int(time.time()) - 86400))
    assert answer.json()["code"] == "job-stale"


async def test_a_consent_used_twice(person: Person) -> None:
    again = await person.http.post("/api/v1/consents", content=person.grant)
    assert again.json()["code"] == "grant-replayed"


@pytest.mark.parametrize(
    ("edits", "code"),
    [
        ({"notice": digest(b"another")}, "notice-outdated"),
        ({"bundle": digest(b"another")}, "unknown-bundle"),
        ({"styles": ["a-free-prompt"]}, "unknown-style"),
        ({"styles": [STYLE, STYLE]}, "unknown-style"),
        ({"pool": "volunteer"}, "wrong-pool"),
        ({"region": "elsewhere"}, "wrong-pool"),
        ({"max_images": 8}, "over-limit"),
        ({"max_disclosures": 8}, "over-limit"),
        ({"issued_at": 1}, "grant-expired"),
        ({"adult": "no"}, "bad-field"),
        ({"purpose": "training"}, "bad-field"),
    ],
)
async def test_a_consent_that_is_not_one(person: Person, edits: dict[str, Any], code: str) -> None:
    assert (await person.consent(**edits)).json()["code"] == code


async def test_more_portraits_than_the_consent_allows(person: Person) -> None:
    assert await code_of_draw(person, images=3) in {"over-limit", "token-exhausted"}


async def test_the_budget_is_spent_by_disclosures(person: Person) -> None:
    await person.consent(max_images=1)
    assert (await person.draw(RECORD, STYLE)).images
    with pytest.raises(LikenessError) as refused:
        await person.draw(RECORD, STYLE)
    assert refused.value.code == "token-exhausted"


async def test_a_body_over_the_limit_is_refused_before_it_is_read(person: Person) -> None:
    for path in ("/api/v1/consents", "/api/v1/jobs", f"/api/v1/jobs/{'0' * 32}/disclosures"):
        answer = await person.http.post(path, content=b"x" * (11 << 20))
        assert answer.status_code == 413
        assert answer.json()["code"] == "too-large"


async def test_a_disclosure_for_no_job(person: Person) -> None:
    body = (4).to_bytes(4, "big") + b"a.b." + bytes(sealing.SEALED_REQUEST_BYTES)
    answer = await person.http.post(f"/api/v1/jobs/{'0' * 32}/disclosures", content=body)
    assert answer.json()["code"] in {"unknown-job", "bad-header"}


@dataclass
class Edited(Job):
    """A client that seals something else than it should."""

    edits: dict[str, Any] | None = None
    other_key: bool = False

    def request(self, secret: bytes) -> SealedRequest:
        """The request, edited."""
        return msgspec.structs.replace(super().request(secret), **(self.edits or {}))

    def seal(self, to: Claimed) -> bytes:
        """The envelope, perhaps to a key that is not the worker's."""
        sealed = super().seal(to)
        if not self.other_key:
            return sealed
        return sealing.seal_request(b"{}", sealing.worker_key(bytes(32)).public, bytes(32))


def patched(at: int, value: bytes) -> str:
    """The record with some bytes replaced."""
    return to_b64u(RECORD[:at] + value + RECORD[at + len(value) :])


SCALE = len(RECORD) - embedding.EMBEDDING_BYTES


@pytest.mark.parametrize(
    ("edits", "code"),
    [
        ({"record": patched(SCALE, b"\0\0\xc0\x7f")}, "record-not-finite"),
        ({"record": patched(SCALE, b"\0\0\x80\x7f")}, "record-not-finite"),
        ({"record": to_b64u(RECORD + bytes(100))}, "record-malformed"),
        ({"record": to_b64u(RECORD[:-1])}, "record-malformed"),
        (
            {"record": to_b64u(embedding.encode(embedding.LikenessRecord(look=tiny_bundle.public_record().look)))},
            "record-part-missing",
        ),
        ({"style": "a-free-prompt"}, "unknown-style"),
        ({"images": 2}, "grant-mismatch"),
        ({"grant": "a.b." + "A" * 86}, "bad-header"),
    ],
)
async def test_a_sealed_request_that_is_not_one(person: Person, edits: dict[str, Any], code: str) -> None:
    facts = await person.facts()
    outcome = await Edited(person, tuple(map(signing.key_of, facts.keys)), RECORD, STYLE, 1, 1, edits=edits).run()
    assert outcome.problem is not None
    assert outcome.problem.code == code
    assert not outcome.images
    assert outcome.receipt is not None
    assert (outcome.receipt.exit_kind, outcome.receipt.result) == ("refused", None)


async def test_sealed_to_another_key(person: Person) -> None:
    facts = await person.facts()
    outcome = await Edited(person, tuple(map(signing.key_of, facts.keys)), RECORD, STYLE, 1, 1, other_key=True).run()
    assert outcome.problem is not None
    assert outcome.problem.code == "cannot-open"
    assert outcome.receipt is not None
    assert outcome.receipt.opened_at is None
