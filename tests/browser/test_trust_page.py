"""The trust page says what the specification says, and nothing of it is lost on a phone."""

import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Browser

from schemas.pools import PROMISES
from tests.browser.conftest import Visit, visiting
from tests.whole import TOP, System

pytestmark = [pytest.mark.anyio, pytest.mark.browser]
SPEC = TOP / "schemas" / "spec" / "threat-model.md"
LINK = re.compile(r"\[([^]]*)]\([^)]*\)")
MARKS = re.compile(r"^(?:#+|[-*]|\d+\.) |\*\*|`|(?<!\w)[*_]|[*_](?!\w)")
RULE = re.compile(r"\|[-| :]+\|")


def sentences(text: str) -> Iterator[str]:
    """Every sentence, heading and table cell of a Markdown text, in order, without its marks."""
    blocks = re.split(r"\n{2,}|\n(?=[-*|#]|\d+\. )", text)
    for block in blocks:
        if RULE.fullmatch(block.strip()):
            continue
        for piece in block.strip().strip("|").split("|") if block.startswith("|") else [block]:
            plain = " ".join(MARKS.sub("", LINK.sub(r"\1", piece.strip())).split())
            yield from (part for part in re.split(r"(?<=[.:;]) ", plain) if part)


async def shown(visit: Visit) -> str:
    """The text of the page, with single spaces."""
    return " ".join((await visit.page.locator("main").text_content() or "").split())


async def test_it_says_what_the_specification_says_sentence_by_sentence(browser: Browser, system: System) -> None:
    said = list(sentences(SPEC.read_text("utf-8")))
    assert len(said) > 20
    async with visiting(browser, system, address="/trust.html", state="") as visit:
        text = await shown(visit)
        at = 0
        for sentence in said:
            found = text.find(sentence, at)
            assert found >= 0, sentence
            at = found + len(sentence)
        for promise in PROMISES.values():
            assert promise in text[at:]
        assert await visit.page.locator("script").count() == 0
        assert {sent.origin for sent in visit.sent} == {system.address}


async def test_a_sentence_that_is_left_out_is_seen(browser: Browser, system: System) -> None:
    async with visiting(browser, system, address="/trust.html", state="") as visit:
        assert list(sentences("Nobody can do anything to you.")) == ["Nobody can do anything to you."]
        assert "Nobody can do anything to you." not in await shown(visit)


async def test_it_can_be_read_on_a_phone(browser: Browser, system: System) -> None:
    async with visiting(browser, system, width=360, address="/trust.html", state="") as visit:
        assert not await visit.page.evaluate("document.documentElement.scrollWidth > innerWidth + 1")
        cells = visit.page.locator("td")
        assert await cells.count() > 20
        widths = await cells.evaluate_all("all => all.map(cell => cell.getBoundingClientRect().right)")
        assert max(widths) <= 360, "no cell is cut off"


async def test_the_page_leads_there_without_losing_what_it_knows(visit: Visit) -> None:
    async with visit.page.expect_popup() as opened:
        await visit.page.get_by_role("link", name="Who can do what").click()
    trust = await opened.value
    await trust.wait_for_load_state()
    assert trust.url.endswith("/trust.html")
    assert await visit.page.evaluate("document.body.dataset.state") == "photo"
