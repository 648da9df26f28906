"""Pictures of every step, at desktop and phone width, light and dark: ``python -m tests.browser.screenshots FOLDER``.

With ``--readme`` it remakes the one picture of the README instead, which shows no photo of anybody.
"""

import argparse
import asyncio
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

from PIL import Image
from playwright.async_api import Browser, async_playwright

from schemas.bundle_manifest import read_bundle
from tests.browser.conftest import EDGE, FLAGS, PAGE, Visit, chromium_program, visiting, write_astronaut
from tests.whole import TOP, System, running

BUNDLE: Final = TOP / "worker" / "bundles" / "embedded"
README_PICTURE: Final = TOP / "gateway" / "web" / "screenshot.png"
README_TAPS: Final = ("chip-hair-short", "chip-smile-soft", "chip-glasses-none", "chip-headwear-none")
README_WIDTH, README_HEIGHT = 1000, 960
THEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")


async def steps(visit: Visit, photo: Path, style: str) -> Iterator[tuple[str, bytes]]:
    """The name and the picture of each step of one visit."""
    taken: list[tuple[str, bytes]] = []

    async def take(name: str) -> None:
        taken.append((name, await visit.page.screenshot(full_page=True)))

    await take("1-photo")
    await visit.give(photo)
    await visit.state("checks")
    await take("2-checks")
    await visit.click("continue-leaves")
    await visit.state("leaves")
    for test_id in README_TAPS:
        await visit.page.get_by_test_id(test_id).evaluate("chip => chip.click()")
    await take("3-leaves")
    await visit.click("continue-consent")
    await visit.state("consent")
    await take("4-consent")
    await visit.tick_statements()
    await visit.click("consent-agree")
    await visit.state("style")
    await visit.click(f"style-{style}")
    await take("5-style")
    await visit.click("generate")
    await visit.page.get_by_test_id("key-fingerprint").first.wait_for(state="attached")
    await take("6-drawing")
    await visit.state("result")
    await take("7-portrait")
    await visit.click("withdraw")
    await visit.page.get_by_test_id("back-to-portrait").wait_for()
    await take("8-withdrawn")
    await visit.page.goto(f"{visit.system.address}/trust.html")
    await take("9-trust")
    return iter(taken)


async def every_step(browser: Browser, system: System, photo: Path, style: str, folder: Path) -> None:
    """Write a picture of each step, width and theme into ``folder``."""
    for width in (1280, 390):
        for theme in THEMES:
            async with visiting(browser, system, width) as visit:
                await visit.page.emulate_media(color_scheme=theme)
                for name, png in await steps(visit, photo, style):
                    (folder / f"{name}-{width}-{theme}.png").write_bytes(png)


async def readme_picture(browser: Browser, system: System, photo: Path, style: str) -> None:
    """What leaves, and what comes back, side by side."""
    async with visiting(browser, system, README_WIDTH) as visit:
        shown = dict(await steps(visit, photo, style))
    halves = [Image.open(io.BytesIO(shown[name])).convert("RGB") for name in ("3-leaves", "7-portrait")]
    both = Image.new("RGB", (2 * README_WIDTH, README_HEIGHT))
    for index, half in enumerate(halves):
        both.paste(half.crop((0, 0, README_WIDTH, README_HEIGHT)), (index * README_WIDTH, 0))
    both.resize((README_WIDTH * 8 // 5, README_HEIGHT * 4 // 5)).save(README_PICTURE, optimize=True)


async def main() -> None:
    """Read the arguments and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="where the pictures go")
    parser.add_argument("--readme", action="store_true", help=f"remake {README_PICTURE.relative_to(TOP)}")
    asked = parser.parse_args()
    if not asked.readme and asked.folder is None:
        parser.error("name a folder, or --readme")
    if asked.folder is not None:
        asked.folder.mkdir(parents=True, exist_ok=True)
    style = read_bundle((BUNDLE / "bundle.json").read_bytes())[0].styles[0].id
    with tempfile.TemporaryDirectory() as scratch:
        photo = write_astronaut(Path(scratch) / "portrait.jpg")
        async with (
            running(Path(scratch), bundle=BUNDLE, page=PAGE, edge=EDGE) as system,
            async_playwright() as playwright,
        ):
            browser = await playwright.chromium.launch(executable_path=chromium_program(), args=FLAGS)
            if asked.readme:
                await readme_picture(browser, system, photo, style)
            else:
                await every_step(browser, system, photo, style, asked.folder)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
