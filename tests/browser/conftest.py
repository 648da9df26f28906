"""The real page in headless Chromium, against a whole real system; every request of the page is recorded."""

import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import anyio
import pytest
from playwright.async_api import Browser, Page, Request, async_playwright

from tests import tiny_bundle
from tests.whole import TOP, System, running

PAGE: Final = TOP / ".build" / "web"
EDGE: Final = TOP / ".build" / "edge"
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)
PATIENCE_MS: Final = 60_000


@dataclass
class Sent:
    """One request as it left the page."""

    url: str
    method: str
    body: bytes = field(repr=False)
    headers: dict[str, str] = field(repr=False)

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def everything(self) -> bytes:
        """Address, headers and body, as bytes to search."""
        headers = "\n".join(f"{name}: {value}" for name, value in self.headers.items())
        return self.url.encode() + b"\n" + headers.encode() + b"\n" + self.body


@dataclass
class Visit:
    """One page, and everything it ever sent."""

    page: Page
    system: System
    sent: list[Sent] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def record(self, request: Request) -> None:
        """Keep what the page sends. Its own blobs never leave it."""
        if not request.url.startswith(("blob:", "data:")):
            self.sent.append(Sent(request.url, request.method, request.post_data_buffer or b"", dict(request.headers)))

    async def state(self, name: str) -> None:
        """Return when the page stands at that step."""
        await self.page.wait_for_selector(f'body[data-state="{name}"]', timeout=PATIENCE_MS)

    async def click(self, test_id: str) -> None:
        """Press a button."""
        await self.page.get_by_test_id(test_id).first.click(timeout=PATIENCE_MS)

    async def give(self, photo: Path) -> None:
        """Choose a file."""
        await self.page.get_by_test_id("photo-input").set_input_files(photo, timeout=PATIENCE_MS)

    async def download(self, test_id: str) -> bytes:
        """What a download button gives."""
        async with self.page.expect_download() as expected:
            await self.click(test_id)
        return await anyio.Path(await (await expected.value).path()).read_bytes()

    async def refused_photo(self, photo: Path) -> str:
        """The code with which the page refuses a file."""
        await self.give(photo)
        box = self.page.get_by_test_id("photo-error")
        await box.wait_for(timeout=PATIENCE_MS)
        return await box.get_attribute("data-code") or ""

    async def shown_record(self) -> bytes:
        """The record's bytes as the page shows them before anything leaves."""
        text = await self.page.get_by_test_id("leaves-hex").locator("pre").all_text_contents()
        return bytes.fromhex("".join(re.findall(r"\b[0-9a-f]{2}\b", "\n".join(text))))

    def posted(self) -> list[str]:
        """What was posted, in order, by the last part of its address."""
        return [sent.url.rsplit("/", 1)[1] for sent in self.sent if sent.method == "POST"]

    async def refusal(self) -> str:
        """The code of the failure that the page shows once it does."""
        box = self.page.get_by_test_id("error")
        await box.wait_for(timeout=PATIENCE_MS)
        return await box.get_attribute("data-code") or ""

    async def tick_statements(self) -> None:
        """Say the three things that everybody must say."""
        for statement in ("adult", "me", "rights"):
            await self.page.get_by_test_id(f"consent-{statement}").check()

    async def consent(self) -> None:
        """From the record to the styles."""
        await self.click("continue-consent")
        await self.state("consent")
        await self.tick_statements()
        await self.click("consent-agree")
        await self.state("style")

    async def to_consent(self, photo: Path) -> None:
        """From the start to the consent."""
        await self.give(photo)
        await self.state("checks")
        await self.click("continue-leaves")
        await self.state("leaves")
        await self.click("continue-consent")
        await self.state("consent")

    async def to_styles(self, photo: Path) -> None:
        """From the start to the styles."""
        await self.give(photo)
        await self.state("checks")
        await self.click("continue-leaves")
        await self.state("leaves")
        await self.consent()

    async def begin_drawing(self, photo: Path) -> None:
        """From the start to a job in the first style of a tiny bundle."""
        await self.to_styles(photo)
        await self.click(f"style-{tiny_bundle.STYLES[0]}")
        await self.click("generate")


def chromium_program() -> str:
    """Where Chromium is.

    Raises:
        RuntimeError: nowhere, or the page or the models are not built; a browser test must not pass without them.
    """
    found = os.environ.get("LIKENESS_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        raise RuntimeError("Chromium is not installed (see the Makefile)")
    if not (PAGE / "build.json").is_file() or not (EDGE / "manifest.json").is_file():
        raise RuntimeError("the page or the models are not built (see the Makefile)")
    return found


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One event loop for a whole module, so that browser and system are started once."""
    return "asyncio"


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """A headless Chromium."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=chromium_program(), args=FLAGS)
        yield started
        await started.close()


@pytest.fixture(scope="module")
async def system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    """A system that serves the real page and the real models."""
    async with running(tmp_path_factory.mktemp("system"), page=PAGE, edge=EDGE) as started:
        yield started


@asynccontextmanager
async def visiting(
    browser: Browser, system: System, width: int = 1280, *, address: str = "/", state: str = "photo"
) -> AsyncIterator[Visit]:
    """A fresh visit; a page that complained (an exception, a refused resource) fails the test.

    ``address`` is a path or a fragment of the gateway's; ``state`` is where the page then stands, or "" for a text.
    """
    context = await browser.new_context(viewport={"width": width, "height": 900}, accept_downloads=True)
    page = await context.new_page()
    visit = Visit(page, system)
    context.on("request", visit.record)
    page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    await page.goto(system.address + address)
    if state:
        await visit.state(state)
    yield visit
    await context.close()
    assert not visit.complaints


@pytest.fixture
async def visit(browser: Browser, system: System) -> AsyncIterator[Visit]:
    """A fresh visit at desktop width."""
    async with visiting(browser, system) as fresh:
        yield fresh


def write_astronaut(path: Path) -> Path:
    """The public-domain portrait that scikit-image ships, as a JPEG with metadata that must not leave."""
    from PIL import Image  # noqa: PLC0415 - only where a photo is needed
    from skimage import data  # noqa: PLC0415

    picture = Image.fromarray(data.astronaut())  # type: ignore[no-untyped-call]
    exif = picture.getexif()
    exif[0x010E] = "a description that must stay"
    picture.save(path, quality=95, exif=exif)
    return path


@pytest.fixture(scope="session")
def astronaut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """See ``write_astronaut``."""
    return write_astronaut(tmp_path_factory.mktemp("photo") / "portrait.jpg")
