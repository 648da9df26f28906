"""The gateway over HTTP, with the bus in memory."""

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from gateway.app import create_app
from gateway.headers import EVERYWHERE, PAGE_POLICY, VISION_POLICY
from gateway.problems import MEDIA_TYPE
from gateway.routes.consents import MAX_BODY_BYTES
from gateway.routes.jobs import MAX_DISCLOSURE_BODY_BYTES, MAX_JOB_BYTES
from gateway.routes.revocations import MAX_REVOCATION_BYTES
from gateway.site import read_site
from schemas import canonical, signing
from schemas.consent import Admitted, ConsentToken, Revocation, Revoked, consent_leaf, revocation_leaf
from schemas.errors import BusUnsuitable
from schemas.facts import Facts
from schemas.job import JobBody
from schemas.log_proof import check_inclusion
from schemas.scalars import digest
from tests.statements import NOW
from tests.unit.gateway.doors import Scene

pytestmark = pytest.mark.anyio
PAGE = {
    "index.html": b"<!doctype html><title>Likeness</title>",
    "app.js": b"plain script",
    "app.js.gz": gzip.compress(b"plain script", mtime=0),
    "app-0123abcd.css": b"body{}",
    "vision.js": b"onmessage=0",
}


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
async def http(scene: Scene, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    for name, body in PAGE.items():
        (tmp_path / name).write_bytes(body)
    async with client_of(scene, tmp_path) as client:
        yield client


def client_of(scene: Scene, page: Path, **edits: Any) -> httpx.AsyncClient:
    app = create_app(scene.door(**edits), read_site(page, page / "edge"))
    # Two libraries spell the same ASGI types differently.
    transport = httpx.ASGITransport(cast("Any", app))
    return httpx.AsyncClient(transport=transport, base_url="http://gateway.test")


def code(answer: httpx.Response) -> str:
    assert answer.headers["content-type"].startswith(MEDIA_TYPE)
    assert answer.json()["status"] == answer.status_code
    return str(answer.json()["code"])


@pytest.mark.parametrize("path", ["/", "/app.js", "/nowhere", "/api/v1/facts", "/api/v1/jobs", "/healthz"])
async def test_every_answer_carries_the_headers_that_bind_a_browser(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    for name, value in EVERYWHERE.items():
        if name != "cache-control":
            assert answer.headers[name] == value
    assert "set-cookie" not in answer.headers
    assert "server" not in answer.headers


async def test_the_vision_worker_may_reach_nobody(http: httpx.AsyncClient) -> None:
    assert (await http.get("/vision.js")).headers["content-security-policy"] == VISION_POLICY
    assert (await http.get("/app.js")).headers["content-security-policy"] == PAGE_POLICY
    assert "connect-src" not in VISION_POLICY


async def test_the_page_is_sent_small_and_once(http: httpx.AsyncClient) -> None:
    first = await http.get("/app.js", headers={"accept-encoding": "gzip"})
    assert (first.headers["content-encoding"], first.text) == ("gzip", "plain script")
    assert first.headers["vary"] == "accept-encoding"
    again = await http.get("/app.js", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = await http.get("/app.js", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert "immutable" in (await http.get("/app-0123abcd.css")).headers["cache-control"]


@pytest.mark.parametrize(
    "path",
    ["/../pyproject.toml", "/%2e%2e/pyproject.toml", "/..%2fpyproject.toml", "//etc/passwd", "/app.js/", "/app.js.gz"],
)
async def test_nothing_beside_the_page_can_be_named(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert answer.status_code == 404 or answer.content == PAGE["app.js"]


async def test_a_head_request_is_answered_without_a_body(http: httpx.AsyncClient) -> None:
    answer = await http.head("/")
    assert (answer.status_code, answer.content) == (200, b"")


async def test_an_unbuilt_page_says_so(scene: Scene, tmp_path: Path) -> None:
    async with client_of(scene, tmp_path / "none") as client:
        answer = await client.get("/")
    assert answer.status_code == 503
    assert "make web" in answer.text


async def test_facts_are_canonical_and_there_without_a_bus(http: httpx.AsyncClient, scene: Scene) -> None:
    scene.bus.worker_count = 3
    facts = canonical.decode(Facts, (await http.get("/api/v1/facts")).content)
    assert [signing.key_of(jwk) for jwk in facts.keys] == [scene.world.gateway.public_key()]
    assert [(pool.workers, pool.lots) for pool in facts.pools] == [(3, 1)]
    scene.bus.break_off()
    facts = canonical.decode(Facts, (await http.get("/api/v1/facts")).content)
    assert [pool.workers for pool in facts.pools] == [0]


async def test_health_says_what_is_wrong(http: httpx.AsyncClient, scene: Scene) -> None:
    well = await http.get("/healthz")
    assert (well.status_code, well.json()["status"], well.json()["nats"]) == (200, "ok", "2.12.6")
    scene.bus.break_off()
    ill = await http.get("/healthz")
    assert (ill.status_code, ill.json()["status"]) == (503, "bus-unavailable")
    scene.bus.problem = BusUnsuitable.code
    assert (await http.get("/healthz")).json()["status"] == "bus-unsuitable"


async def test_a_consent_is_answered_with_a_token_and_a_proof_once(http: httpx.AsyncClient, scene: Scene) -> None:
    grant = scene.world.grant_jws()
    answer = await http.post("/api/v1/consents", content=grant)
    assert (answer.status_code, answer.headers["content-type"]) == (201, "application/json")
    admitted = canonical.decode(Admitted, answer.content)
    leaf = consent_leaf(scene.world.grant(), admitted.token)
    check_inclusion(scene.log.world.policy, admitted.proof, leaf, now=NOW)
    again = await http.post("/api/v1/consents", content=grant)
    assert (again.status_code, code(again)) == (409, "grant-replayed")


async def consented(http: httpx.AsyncClient, scene: Scene) -> str:
    answer = await http.post("/api/v1/consents", content=scene.world.grant_jws())
    return canonical.decode(Admitted, answer.content).token


def revocation(scene: Scene, token: str) -> str:
    jti = signing.open_signed(ConsentToken, token, scene.world.gateway.public_key()).statement.jti
    return scene.world.revocation_jws(jti=jti, token=digest(token.encode()))


async def test_a_withdrawal_is_answered_the_same_however_often(http: httpx.AsyncClient, scene: Scene) -> None:
    jws = revocation(scene, await consented(http, scene))
    answers = [await http.post("/api/v1/revocations", content=jws) for _ in "ab"]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    revoked = canonical.decode(Revoked, answers[0].content)
    leaf = revocation_leaf(signing.open_introduced(Revocation, jws).statement, jws)
    check_inclusion(scene.log.world.policy, revoked.proof, leaf, now=NOW)


async def test_too_many_consents_are_asked_to_come_back(tmp_path: Path) -> None:
    scene = Scene()
    async with client_of(scene, tmp_path, consents_per_minute=1) as client:
        await consented(client, scene)
        answer = await client.post("/api/v1/consents", content=scene.world.grant_jws(nonce="09" * 16))
    assert (answer.status_code, code(answer), answer.headers["retry-after"]) == (429, "over-limit", "60")


async def test_what_is_never_allowed_is_not_asked_to_come_back(http: httpx.AsyncClient, scene: Scene) -> None:
    answer = await http.post("/api/v1/consents", content=scene.world.grant_jws(max_images=5))
    assert (answer.status_code, code(answer)) == (422, "over-limit")
    assert "retry-after" not in answer.headers


@pytest.mark.parametrize("path", ["/api/v1/consents", "/api/v1/revocations"])
async def test_without_the_log_there_is_no_answer(http: httpx.AsyncClient, scene: Scene, path: str) -> None:
    token = await consented(http, scene)
    scene.log.break_off()
    bodies = {
        "/api/v1/consents": scene.world.grant_jws(nonce="09" * 16),
        "/api/v1/revocations": revocation(scene, token),
    }
    answer = await http.post(path, content=bodies[path])
    assert (answer.status_code, code(answer)) == (503, "log-unavailable")


@pytest.mark.parametrize(
    "path",
    ["/api/v1/consents", "/api/v1/revocations", "/api/v1/jobs", f"/api/v1/jobs/{'33' * 16}/disclosures"],
)
async def test_without_a_bus_nothing_is_taken(http: httpx.AsyncClient, scene: Scene, path: str) -> None:
    token = await consented(http, scene)
    request = scene.world.job_request_jws(token=digest(token.encode()))
    scene.bus.break_off()
    bodies = {
        "/api/v1/consents": scene.world.grant_jws(nonce="09" * 16).encode(),
        "/api/v1/revocations": revocation(scene, token).encode(),
        "/api/v1/jobs": canonical.encode(JobBody(token=token, request=request)),
    }
    answer = await http.post(path, content=bodies.get(path, sealed()))
    assert (answer.status_code, code(answer)) == (503, "bus-unavailable")


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/api/v1/consents", MAX_BODY_BYTES),
        ("/api/v1/revocations", MAX_REVOCATION_BYTES),
        ("/api/v1/jobs", MAX_JOB_BYTES),
        (f"/api/v1/jobs/{'33' * 16}/disclosures", MAX_DISCLOSURE_BODY_BYTES),
    ],
)
async def test_a_body_over_its_limit_is_refused_unread(http: httpx.AsyncClient, path: str, limit: int) -> None:
    async def trickle() -> AsyncIterator[bytes]:
        for _ in range(limit // 1024 + 2):
            yield bytes(1024)

    announced = await http.post(path, content=bytes(limit + 1))
    assert (announced.status_code, code(announced)) == (413, "too-large")
    unannounced = await http.post(path, content=trickle())
    assert (unannounced.status_code, code(unannounced)) == (413, "too-large")


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/api/v1/consents", b"", "bad-header"),
        ("/api/v1/consents", b"a.b.c", "bad-header"),
        ("/api/v1/consents", "á".encode(), "bad-header"),
        ("/api/v1/revocations", b"a.b.c", "bad-header"),
        ("/api/v1/revocations", "á".encode(), "bad-header"),
        ("/api/v1/jobs", b"", "not-json"),
        ("/api/v1/jobs", b"{}", "bad-field"),
        ("/api/v1/jobs", b"\xff", "not-json"),
        (f"/api/v1/jobs/{'33' * 16}/disclosures", b"", "sealed-size"),
        (f"/api/v1/jobs/{'33' * 16}/disclosures", bytes(100), "sealed-size"),
    ],
)
async def test_a_body_that_is_none_is_refused(http: httpx.AsyncClient, path: str, body: bytes, expected: str) -> None:
    answer = await http.post(path, content=body)
    assert (answer.status_code, code(answer)) == (400, expected)


@pytest.mark.parametrize("offer_id", ["33" * 16, "x", "a.b", "33" * 15, "33" * 16 + "%0a", "*", ">"])
async def test_a_job_that_is_not_open_is_unknown(http: httpx.AsyncClient, offer_id: str) -> None:
    answer = await http.post(f"/api/v1/jobs/{offer_id}/disclosures", content=sealed())
    assert (answer.status_code, code(answer)) == (404, "unknown-job")


async def test_a_statement_in_other_than_its_one_spelling_is_refused(http: httpx.AsyncClient, scene: Scene) -> None:
    body = json.dumps({"kind": "likeness/job-body/v1", "token": scene.world.token_jws(), "request": "x"}).encode()
    assert code(await http.post("/api/v1/jobs", content=body)) in {"not-canonical", "bad-field"}


async def test_a_defect_is_logged_without_what_was_sent(
    http: httpx.AsyncClient, scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_: object) -> bool:
        raise ZeroDivisionError(str(12345 * 6789))

    monkeypatch.setattr(scene.bus, "create", fail)
    answer = await http.post("/api/v1/consents", content=scene.world.grant_jws())
    assert (answer.status_code, code(answer)) == (500, "internal-server-error")
    assert str(12345 * 6789) not in answer.text + caplog.text
    assert "ZeroDivisionError" in caplog.text


async def test_an_unknown_path_or_method_is_a_problem_too(http: httpx.AsyncClient) -> None:
    assert code(await http.get("/nowhere")) == "not-found"
    assert code(await http.delete("/api/v1/jobs")) == "method-not-allowed"


def sealed() -> bytes:
    return (3).to_bytes(4, "big") + b"a.b" + bytes(8192)
