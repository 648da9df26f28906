"""The one function that emits images. There is no other way out, so there is no unmarked image.

It writes PNG (RFC 2083) with an XMP packet that says, in IPTC's words, that a trained model made the image. The file
holds nothing about a person, a machine or a time. C2PA and a watermark join here.
"""

import struct
import zlib
from typing import Final

import numpy as np
import numpy.typing as npt

SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
XMP: Final = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    f'Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPE}"/>'
    '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
)
SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
PAETH: Final = 4
"""The row filter for smooth pictures (RFC 2083 section 6.6); one for all rows."""
COMPRESSION: Final = 6


def emit_image(pixels: npt.NDArray[np.uint8]) -> bytes:
    """``pixels`` (H, W, 3) sRGB as a marked PNG file. The same pixels give the same bytes.

    Raises:
        ValueError: another shape or type.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise ValueError("an image is (H, W, 3) uint8")
    height, width, _ = pixels.shape
    rows = _filtered(pixels)
    packed = zlib.compress(rows.data, COMPRESSION)
    rows.fill(0)
    return SIGNATURE + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),  # 8 bits, RGB
            _chunk(b"sRGB", b"\0"),
            _chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP.encode()),
            _chunk(b"IDAT", packed),
            _chunk(b"IEND", b""),
        )
    )


def _filtered(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Rows of ``filter type || pixel - Paeth prediction``, (H, 1 + 3 W) uint8."""
    height, width, _ = pixels.shape
    bordered = np.zeros((height + 1, width + 1, 3), np.int16)
    bordered[1:, 1:] = pixels
    left, up, corner = bordered[1:, :-1], bordered[:-1, 1:], bordered[:-1, :-1]
    guess = left + up - corner
    to_left, to_up, to_corner = abs(guess - left), abs(guess - up), abs(guess - corner)
    best = np.where((to_left <= to_up) & (to_left <= to_corner), left, np.where(to_up <= to_corner, up, corner))
    rows = np.empty((height, 1 + 3 * width), np.uint8)
    rows[:, 0] = PAETH
    rows[:, 1:] = (bordered[1:, 1:] - best).astype(np.uint8).reshape(height, -1)
    for scratch in (bordered, guess, best):
        scratch.fill(0)
    return rows


def _chunk(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))
