"""Who may draw, in the real page: volunteers' machines, and workers that a company must vouch for."""

import asyncio
import base64
import time
from pathlib import Path

import anyio
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.async_api import Browser

from gateway import keys
from gateway.cli_keys import endorsement
from schemas import signing
from tests import tiny_bundle
from tests.browser.conftest import EDGE, PAGE, Visit, visiting
from tests.whole import System, running

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


def link_of(root: Ed25519PrivateKey) -> str:
    """What the link of a company ends in."""
    public = root.public_key().public_bytes_raw()
    return "#company=" + base64.urlsafe_b64encode(public).decode("ascii").rstrip("=")


async def test_a_volunteers_machine_needs_a_choice_and_a_yes_of_its_own_and_is_picked_among_three(
    browser: Browser, astronaut: Path, tmp_path: Path
) -> None:
    async with (
        running(
            tmp_path, page=PAGE, edge=EDGE, steps=30, burden=700, workers=3, pools=("volunteer", "company")
        ) as system,
        visiting(browser, system) as visit,
    ):
        page = visit.page
        await visit.to_consent(astronaut)
        await visit.tick_statements()
        agree, yes = page.get_by_test_id("consent-agree"), page.get_by_test_id("consent-volunteer")
        for pool in ("volunteer", "company"):
            assert not await page.get_by_test_id(f"pool-{pool}").is_checked(), "no pool is chosen in advance"
        assert await agree.is_disabled()
        assert await yes.is_hidden()
        await page.get_by_test_id("pool-volunteer").check()
        assert not await yes.is_checked()
        assert await agree.is_disabled(), "the choice alone is not the yes"
        await yes.check()
        assert await agree.is_enabled()
        await page.get_by_test_id("pool-company").check()
        await page.get_by_test_id("pool-volunteer").check()
        assert not await yes.is_checked(), "a yes is for one choice"
        await yes.check()
        await visit.click("consent-agree")
        await visit.state("style")
        await visit.click(f"style-{tiny_bundle.STYLES[0]}")
        await visit.click("generate")
        await page.get_by_text("picked one of these 3 at random").wait_for()
        assert await page.locator(".worker").count() == 3
        assert await page.locator(".worker.picked").count() == 1
        await visit.state("result")
        assert visit.posted().count("disclosures") == 1


async def start_endorsed(system: System, root: Ed25519PrivateKey, folder: Path) -> None:
    """Start the system's worker with the word of ``root`` for it."""
    worker = signing.thumbprint((await asyncio.to_thread(keys.load, folder / "worker.key")).public_key())
    file = anyio.Path(folder / "endorsement.jws")
    await file.write_text(endorsement(root, worker, days=1, now=int(time.time())))
    system.worker.environ["LIKENESS_ENDORSEMENT"] = str(file)
    await system.worker.start()
    await system.wait_until_ready(workers=1)


async def begin(visit: Visit, photo: Path, fingerprint: str) -> None:
    """Up to the job, past what the page says of the company."""
    await visit.to_consent(photo)
    told = await visit.page.get_by_test_id("company").inner_text()
    assert fingerprint[:4] in told
    await visit.tick_statements()
    await visit.click("consent-agree")
    await visit.state("style")
    await visit.click(f"style-{tiny_bundle.STYLES[0]}")
    await visit.click("generate")


async def test_a_company_link_takes_its_own_workers_and_sends_nothing_to_others(
    browser: Browser, astronaut: Path, tmp_path: Path
) -> None:
    ours, others = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    async with running(tmp_path, page=PAGE, edge=EDGE, start_worker=False) as system:
        await start_endorsed(system, ours, tmp_path)
        async with visiting(browser, system, address=f"/{link_of(others)}") as visit:
            await begin(visit, astronaut, signing.thumbprint(others.public_key()))
            assert await visit.refusal() == "not-endorsed"
            assert visit.posted() == ["consents", "jobs"]
        async with visiting(browser, system, address=f"/{link_of(ours)}") as visit:
            await begin(visit, astronaut, signing.thumbprint(ours.public_key()))
            await visit.state("result")
            assert visit.page.url.endswith(link_of(ours)), "a reload keeps the company"
            everything = b"\0".join(sent.everything for sent in visit.sent)
            assert link_of(ours).removeprefix("#company=").encode() not in everything, "browsers do not send it"


async def test_a_worker_without_a_word_of_the_company_gets_nothing(visit: Visit, astronaut: Path) -> None:
    root = Ed25519PrivateKey.generate()
    # In the same tab: a page that does not know the company must not go on without it.
    async with visit.page.expect_navigation():
        await visit.page.evaluate("hash => { location.hash = hash }", link_of(root))
    await visit.state("photo")
    await begin(visit, astronaut, signing.thumbprint(root.public_key()))
    assert await visit.refusal() == "not-endorsed"
    assert visit.posted() == ["consents", "jobs"]


async def test_a_link_that_names_a_company_badly_stops_the_page(browser: Browser, system: System) -> None:
    for fragment in ("#company=", "#company=abc", "#step"):
        async with visiting(browser, system, address=f"/{fragment}", state="failed") as visit:
            assert await visit.refusal() == "setting-invalid"
            assert visit.posted() == []


async def test_skipping_to_the_step_keeps_the_company(browser: Browser, system: System) -> None:
    link = link_of(Ed25519PrivateKey.generate())
    async with visiting(browser, system, address=f"/{link}") as visit:
        await visit.page.locator(".skip").focus()
        await visit.page.keyboard.press("Enter")
        assert await visit.page.evaluate("document.activeElement.id") == "step"
        assert visit.page.url.endswith(link)
