"""The one way out for an image."""

import ast
import io
import struct
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis.extra import numpy as arrays
from PIL import Image

from worker.marking import SOURCE_TYPE, emit_image
from worker.software import ROOT

PICTURE = np.random.default_rng(1).integers(0, 256, (20, 30, 3), np.uint8)


@given(arrays.arrays(np.uint8, arrays.array_shapes(min_dims=2, max_dims=2, max_side=12).map(lambda s: (*s, 3))))
def test_any_picture_comes_back_as_it_was(pixels: npt.NDArray[np.uint8]) -> None:
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(emit_image(pixels)))), pixels)


def test_every_picture_says_what_made_it() -> None:
    picture = Image.open(io.BytesIO(emit_image(PICTURE)))
    picture.verify()
    assert SOURCE_TYPE == "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    assert f'DigitalSourceType="{SOURCE_TYPE}"'.encode() in picture.info["xmp"]


def test_a_picture_holds_nothing_but_pixels_and_the_mark() -> None:
    raw, at, kinds = emit_image(PICTURE), 8, []
    while at < len(raw):
        (length,) = struct.unpack_from(">I", raw, at)
        kinds.append(raw[at + 4 : at + 8])
        at += 12 + length
    assert kinds == [b"IHDR", b"sRGB", b"iTXt", b"IDAT", b"IEND"]


def test_the_same_picture_gives_the_same_file() -> None:
    assert emit_image(PICTURE) == emit_image(PICTURE.copy())


@pytest.mark.parametrize("wrong", [PICTURE[..., 0], PICTURE[..., :2], PICTURE.astype(np.float32)])
def test_anything_else_is_no_picture(wrong: npt.NDArray[Any]) -> None:
    with pytest.raises(ValueError, match="image"):
        emit_image(wrong)


def test_no_other_file_of_the_room_can_encode_an_image() -> None:
    files = [file for file in (ROOT / "worker").rglob("*.py") if file.name != "marking.py"]
    assert len(files) > 20
    for file in files:
        text = file.read_text("utf-8")
        names = {
            alias.name.split(".")[0]
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in ([ast.alias(node.module or "")] if isinstance(node, ast.ImportFrom) else node.names)
        }
        assert not names & {"zlib", "PIL", "imageio", "cv2", "png", "binascii"}, file
        assert not any(sign in text for sign in ("IHDR", "IDAT", "JFIF", "WEBP", "IEND")), file
