"""Photos that cannot become a record: each is refused in the browser with its own code, and nothing is sent."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.browser.conftest import Visit

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


def two_faces(photo: Path, to: Path) -> None:
    picture = Image.open(photo)
    wide = Image.new("RGB", (picture.width * 2, picture.height))
    wide.paste(picture, (0, 0))
    wide.paste(picture, (picture.width, 0))
    wide.save(to, "JPEG", quality=92)


def no_face(_photo: Path, to: Path) -> None:
    noise = np.random.default_rng(3).integers(0, 255, (600, 600, 3), np.uint8)
    Image.fromarray(noise).save(to, "PNG")


def tiny(photo: Path, to: Path) -> None:
    Image.open(photo).resize((64, 64)).save(to, "PNG")


def far_away(photo: Path, to: Path) -> None:
    canvas = Image.new("RGB", (1600, 1600), (120, 130, 140))
    canvas.paste(Image.open(photo).resize((150, 150)), (700, 700))
    canvas.save(to, "JPEG", quality=95)


def corrupt(photo: Path, to: Path) -> None:
    to.write_bytes(photo.read_bytes()[:1500])


def sixty_megabytes(photo: Path, to: Path) -> None:
    to.write_bytes(photo.read_bytes().ljust(60 * 1000 * 1000, b"\0"))


def animated_gif(photo: Path, to: Path) -> None:
    frames = [Image.open(photo).resize((300, 300)).rotate(angle) for angle in (0, 5, 10)]
    frames[0].save(to, "GIF", save_all=True, append_images=frames[1:])


def animated_png(photo: Path, to: Path) -> None:
    frames = [Image.open(photo).resize((300, 300)).rotate(angle) for angle in (0, 5, 10)]
    frames[0].save(to, "PNG", save_all=True, append_images=frames[1:])


def heic(_photo: Path, to: Path) -> None:
    to.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(4000))


def text(_photo: Path, to: Path) -> None:
    to.write_bytes(b"this is not a photo " * 100)


def dark(photo: Path, to: Path) -> None:
    Image.open(photo).point(lambda value: value // 12).save(to, "JPEG", quality=95)


def blurred(photo: Path, to: Path) -> None:
    picture = Image.open(photo)
    picture.resize((40, 40), Image.Resampling.BOX).resize(picture.size, Image.Resampling.BICUBIC).save(to, "PNG")


def cut_off(photo: Path, to: Path) -> None:
    Image.open(photo).crop((196, 60, 512, 376)).save(to, "PNG")


@pytest.mark.parametrize(
    ("make", "codes"),
    [
        (no_face, {"no-face"}),
        (two_faces, {"many-faces"}),
        (tiny, {"photo-too-small"}),
        (far_away, {"face-too-small", "no-face"}),
        (corrupt, {"photo-corrupt"}),
        (sixty_megabytes, {"photo-too-large"}),
        (animated_gif, {"photo-animated"}),
        (animated_png, {"photo-animated"}),
        (heic, {"photo-heic"}),
        (text, {"photo-type"}),
        (dark, {"face-dark", "no-face"}),
        (blurred, {"face-blurred", "no-face"}),
        (cut_off, {"face-cut-off"}),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
async def test_a_photo_that_is_refused(
    visit: Visit, astronaut: Path, tmp_path: Path, make: Callable[[Path, Path], None], codes: set[str]
) -> None:
    bad = tmp_path / "photo.jpg"
    make(astronaut, bad)
    assert await visit.refused_photo(bad) in codes
    assert not [sent for sent in visit.sent if sent.method != "GET"]
    await visit.give(astronaut)
    await visit.state("checks")


@pytest.mark.parametrize("orientation", [3, 6, 8])
async def test_a_photo_turned_by_its_metadata_works(
    visit: Visit, astronaut: Path, tmp_path: Path, orientation: int
) -> None:
    turned = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}[orientation]
    picture = Image.open(astronaut).convert("RGB").transpose(turned)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "turned.jpg"
    picture.save(path, quality=95, exif=exif)
    await visit.give(path)
    await visit.state("checks")
