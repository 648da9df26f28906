"""Withdrawing a consent in the real page: before a worker has the record, while it draws, and afterwards."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser

from schemas import canonical
from schemas.receipt_file import ReceiptFile, check_receipt_file
from tests.browser.conftest import EDGE, PAGE, PATIENCE_MS, Visit, visiting
from tests.whole import running

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


async def story(visit: Visit) -> str:
    """What the page says once the withdrawal is in force."""
    await visit.state("withdrawn")
    await visit.page.get_by_role("heading", name="Your consent is withdrawn").wait_for(timeout=PATIENCE_MS)
    return await visit.page.get_by_test_id("withdrawn").inner_text()


async def test_while_a_portrait_is_drawn_its_worker_is_stopped_and_says_so(
    browser: Browser, astronaut: Path, tmp_path: Path
) -> None:
    async with (
        running(tmp_path, page=PAGE, edge=EDGE, steps=200, burden=1500) as system,
        visiting(browser, system) as visit,
    ):
        await visit.begin_drawing(astronaut)
        await visit.page.get_by_text(re.compile(r"Drawing: step \d+ of 200")).first.wait_for(timeout=PATIENCE_MS)
        await visit.click("withdraw")
        told = await story(visit)
        assert "was stopped" in told
        assert "because you withdrew your consent" in told
        assert visit.posted() == ["consents", "jobs", "disclosures", "revocations"]
        file = canonical.decode(ReceiptFile, await visit.download("download-receipt"))
        assert len(list(check_receipt_file(file))) > 5
        assert not await visit.page.get_by_test_id("back-to-portrait").count()


async def test_while_the_job_waits_nothing_is_sent_to_anybody(
    browser: Browser, astronaut: Path, tmp_path: Path
) -> None:
    async with (
        running(tmp_path, page=PAGE, edge=EDGE, start_worker=False) as system,
        visiting(browser, system) as visit,
    ):
        await visit.begin_drawing(astronaut)
        await visit.page.get_by_text(re.compile(r"Waiting for a worker")).first.wait_for(timeout=PATIENCE_MS)
        await visit.click("withdraw")
        assert "had not been sent to anybody" in await story(visit)
        assert visit.posted() == ["consents", "jobs", "revocations"]


async def test_after_a_portrait_it_stays_and_another_needs_a_new_consent(visit: Visit, astronaut: Path) -> None:
    await visit.begin_drawing(astronaut)
    await visit.state("result")
    await visit.click("withdraw")
    assert "had already finished" in await story(visit)
    await visit.click("back-to-portrait")
    await visit.state("result")
    assert not await visit.page.get_by_test_id("withdraw").count(), "there is nothing left to withdraw"
    await visit.click("another")
    await visit.state("style")
    await visit.click("generate")
    await visit.state("consent")


async def test_before_anything_is_drawn(visit: Visit, astronaut: Path) -> None:
    await visit.to_styles(astronaut)
    await visit.click("withdraw")
    assert "had not been sent to anybody" in await story(visit)


async def test_a_withdrawal_that_does_not_arrive_is_posted_again_as_it_was(visit: Visit, astronaut: Path) -> None:
    await visit.to_styles(astronaut)
    await visit.page.route("**/api/v1/revocations", lambda route: route.abort())
    await visit.click("withdraw")
    assert await visit.refusal() == "gateway-unreachable"
    await visit.page.unroute("**/api/v1/revocations")
    await visit.click("withdraw-again")
    assert "nobody can use it" in await story(visit)
    first, second = (sent.body for sent in visit.sent if sent.url.endswith("/revocations"))
    assert first == second
