"""From one photo to one portrait in the real page; nothing of the photo or the plain record leaves."""

import io
import json
import re
import struct
from pathlib import Path

import anyio
import numpy as np
import pytest
from PIL import Image
from playwright.async_api import Browser

from schemas import canonical, embedding, sealing
from schemas.consent_file import ConsentFile, check_consent
from schemas.receipt_file import ReceiptFile, check_receipt_file
from tests import tiny_bundle
from tests.browser.conftest import EDGE, PAGE, Visit, visiting
from tests.whole import System, running

pytestmark = [pytest.mark.anyio, pytest.mark.browser]
WINDOW = 8


def windows(raw: bytes) -> set[bytes]:
    """All windows of eight bytes that are not nearly constant (a run of zeros is in every message)."""
    found = {raw[at : at + WINDOW] for at in range(len(raw) - WINDOW + 1)}
    return {window for window in found if len(set(window)) > 3}


def float_form(record: embedding.LikenessRecord) -> bytes:
    """The embedding as the float32 numbers it was made from, up to rounding."""
    assert record.embedding is not None
    numbers = np.frombuffer(record.embedding.values, np.int8).astype(np.float32) * np.float32(record.embedding.scale)
    return struct.pack("<128f", *numbers)


async def test_one_photo_gives_one_portrait_and_no_byte_of_it_leaves(visit: Visit, astronaut: Path) -> None:
    photo = await anyio.Path(astronaut).read_bytes()
    await visit.give(astronaut)
    await visit.state("checks")
    await visit.page.get_by_test_id("crop").wait_for()
    await visit.click("continue-leaves")
    await visit.state("leaves")
    raw = await visit.shown_record()
    record = embedding.decode(raw)
    assert f"{len(raw)} bytes" in await visit.page.get_by_test_id("leaves-total").inner_text()
    assert record.parts == {"geometry", "look", "embedding"}
    assert not [sent for sent in visit.sent if sent.method != "GET"], "nothing was sent before consent"
    await visit.consent()
    kept = canonical.decode(ConsentFile, await visit.download("download-consent"))
    assert check_consent(kept).grant.statement.volunteer_machine == "no"
    assert "2 witnesses have signed" in await visit.page.get_by_test_id("consent-card").inner_text()
    await visit.click(f"style-{tiny_bundle.STYLES[0]}")
    await visit.click("generate")
    await visit.state("result")
    picture = Image.open(io.BytesIO(await visit.download("download-portrait")))
    assert picture.size == (tiny_bundle.WIDTH, tiny_bundle.HEIGHT)
    assert "trainedAlgorithmicMedia" in picture.info["XML:com.adobe.xmp"]
    file = canonical.decode(ReceiptFile, await visit.download("download-receipt"))
    assert len(list(check_receipt_file(file))) > 5
    assert file.consent == kept
    assert "2 witnesses have signed" in await visit.page.get_by_test_id("receipt").inner_text()
    everything = b"\0".join(sent.everything for sent in visit.sent)
    private = windows(photo) | windows(raw[embedding.HEADER_BYTES :]) | windows(float_form(record))
    assert not [window for window in private if window in everything]
    assert raw.hex() not in everything.decode("latin-1")
    assert b"must stay" not in everything


async def test_every_request_is_to_our_own_origin_and_carries_no_cookie(visit: Visit, astronaut: Path) -> None:
    await visit.to_styles(astronaut)
    await visit.click(f"style-{tiny_bundle.STYLES[1]}")
    await visit.click("generate")
    await visit.state("result")
    assert {sent.origin for sent in visit.sent} == {visit.system.address}
    assert not [sent for sent in visit.sent if "cookie" in sent.headers]
    posts = [sent for sent in visit.sent if sent.method == "POST"]
    assert visit.posted() == ["consents", "jobs", "disclosures"]
    length = int.from_bytes(posts[2].body[:4], "big")
    assert len(posts[2].body) == 4 + length + sealing.SEALED_REQUEST_BYTES
    assert await visit.page.context.cookies() == []


async def test_the_search_for_bytes_is_not_blind(visit: Visit, astronaut: Path) -> None:
    photo = await anyio.Path(astronaut).read_bytes()
    await visit.page.evaluate(
        "body => fetch('/api/v1/consents', {method: 'POST', body: new Uint8Array(body)})", list(photo[1000:1400])
    )
    everything = b"\0".join(sent.everything for sent in visit.sent)
    assert [window for window in windows(photo) if window in everything]


async def test_the_vision_worker_has_no_way_out(visit: Visit, astronaut: Path) -> None:
    await visit.give(astronaut)
    await visit.state("checks")
    (vision,) = [worker for worker in visit.page.workers if worker.url.endswith("/vision.js")]
    attempts = {
        "fetch": "fetch('/leak-fetch').then(() => 'out', () => 'refused')",
        "xhr": """new Promise(r => { const x = new XMLHttpRequest(); x.onload = () => r('out');
                  x.onerror = () => r('refused'); x.open('GET', '/leak-xhr'); x.send(); })""",
        "websocket": """new Promise(r => { try { const s = new WebSocket(`ws://${location.host}/leak-ws`);
                  s.onopen = () => r('out'); s.onerror = () => r('refused'); } catch { r('refused'); } })""",
        "eventsource": """new Promise(r => { const s = new EventSource('/leak-es');
                  s.onopen = () => r('out'); s.onerror = () => { s.close(); r('refused'); }; })""",
        "import": "import('/leak-import.js').then(() => 'out', () => 'refused')",
        "worker": """new Promise(r => { try { const w = new Worker('/leak-worker.js');
                  w.onerror = () => r('refused'); w.onmessage = () => r('out'); } catch { r('refused'); } })""",
        "webtransport": """(async () => { try { await new WebTransport(`https://${location.host}/leak-wt`).ready;
                  return 'out'; } catch { return 'refused'; } })()""",
    }
    results = {name: await vision.evaluate(script) for name, script in attempts.items()}
    assert results == dict.fromkeys(attempts, "refused")
    assert not [path for path in visit.system.reached if "leak" in path]
    await visit.page.evaluate("fetch('/leak-control')")
    assert "/leak-control" in visit.system.reached, "the same call reaches the gateway where it may"


async def test_the_page_is_isolated_and_its_headers_are_strict(visit: Visit) -> None:
    assert await visit.page.evaluate("crossOriginIsolated") is True
    async with visit.system.http() as http:
        page, vision = await http.get("/"), await http.get("/vision.js")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe-inline" not in page.headers["content-security-policy"]
    assert vision.headers["content-security-policy"] == "default-src 'none'; script-src 'wasm-unsafe-eval'"


async def test_declining_sends_nothing(visit: Visit, astronaut: Path) -> None:
    await visit.give(astronaut)
    await visit.state("checks")
    await visit.click("continue-leaves")
    await visit.click("continue-consent")
    await visit.state("consent")
    for statement in ("adult", "me", "rights"):
        assert not await visit.page.get_by_test_id(f"consent-{statement}").is_checked(), "nothing is ticked in advance"
    await visit.click("consent-decline")
    await visit.state("declined")
    assert not [sent for sent in visit.sent if sent.method != "GET"]


async def test_an_optional_part_that_is_switched_off_is_not_in_the_record(visit: Visit, astronaut: Path) -> None:
    await visit.give(astronaut)
    await visit.state("checks")
    await visit.click("continue-leaves")
    before = await visit.shown_record()
    await visit.page.get_by_test_id("switch-embedding").uncheck(force=True)
    after = await visit.shown_record()
    assert embedding.decode(after).parts == {"geometry", "look"}
    assert len(before) - len(after) == embedding.EMBEDDING_BYTES


async def test_the_journey_works_on_a_phone(browser: Browser, system: System, astronaut: Path) -> None:
    async with visiting(browser, system, width=390) as visit:
        await visit.begin_drawing(astronaut)
        await visit.state("result")
        wide = await visit.page.evaluate("document.documentElement.scrollWidth > innerWidth + 1")
        assert not wide, "no sideways scrolling"


async def test_facts_and_statements_hold_no_surprise(visit: Visit) -> None:
    async with visit.system.http() as http:
        facts = (await http.get("/api/v1/facts")).json()
    assert facts["kind"] == "likeness/facts/v1"
    assert json.dumps(facts).count("http") == 0, "no address of anybody else"


async def test_without_a_worker_the_person_is_told_how_long_it_waits_and_that_nothing_left(
    browser: Browser, astronaut: Path, tmp_path: Path
) -> None:
    async with (
        running(tmp_path, page=PAGE, edge=EDGE, start_worker=False, claim_seconds=3) as system,
        visiting(browser, system) as visit,
    ):
        await visit.begin_drawing(astronaut)
        await visit.page.get_by_text(re.compile(r"\d s of at most 3 s")).first.wait_for()
        assert await visit.refusal() == "no-worker"
        assert "disclosures" not in visit.posted()
