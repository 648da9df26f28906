"""The page and the browser's models as they stand in memory: read once, so a path in a request never meets a disk."""

import gzip
import hashlib
import html
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.headers import VISION_POLICY
from schemas.errors import SettingInvalid

MEDIA_TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript",
    ".onnx": "application/octet-stream",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
"""Only files of these kinds are served."""

ENCODINGS: Final = {"br": ".br", "gzip": ".gz"}
"""Best first; a file beside the plain one, made when the page was built."""

WITH_DIGEST: Final = re.compile(r"[-.](?:[0-9a-f]{8,64}|[A-Z0-9]{8})\.[a-z0-9]+$")
FOR_EVER: Final = "public, max-age=31536000, immutable"
ASK_AGAIN: Final = "no-cache"
VISION: Final = "/vision.js"
INDEX: Final = "/index.html"
POLICY_PLACE: Final = re.compile(rb'(<meta\s+name="likeness-policy"\s+content=")(")')
"""Where the built page leaves room for the policy that it believes."""

NOT_BUILT: Final = b"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Likeness: the page is not built</title>
<h1>The page is not built yet</h1>
<p>This gateway runs, but it has no page to show. In a checkout, <code>make web edge</code> builds the page and the
models it needs; then start the gateway again. <code>make run</code> does all of it.</p>
</html>
"""


@dataclass(frozen=True, slots=True)
class Asset:
    """One thing that is served under one path."""

    path: str
    media_type: str
    etag: str
    bodies: dict[str, bytes] = field(repr=False)
    """By content coding; ``identity`` is always there."""

    @property
    def caching(self) -> str:
        """A name with a digest in it never means anything else."""
        return FOR_EVER if WITH_DIGEST.search(self.path) else ASK_AGAIN

    @property
    def headers(self) -> dict[str, str]:
        """What is said of it beside its type and coding."""
        own = {"etag": self.etag, "cache-control": self.caching, "vary": "accept-encoding"}
        return own | {"content-security-policy": VISION_POLICY} if self.path == VISION else own

    def best_coding(self, accepted: str) -> str:
        """The coding to send to somebody who says ``Accept-Encoding: <accepted>`` (RFC 9110 section 12.5.3)."""
        offers = {}
        for part in accepted.lower().split(","):
            name, _, weight = part.strip().partition(";")
            offers[name.strip()] = weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
        return next((coding for coding in ENCODINGS if coding in self.bodies and offers.get(coding)), "identity")


@dataclass(frozen=True, slots=True)
class Site:
    """Everything that is served, by path."""

    assets: dict[str, Asset] = field(repr=False)

    def find(self, path: str) -> Asset | None:
        """What stands under ``path``."""
        return self.assets.get(INDEX if path == "/" else path)

    @property
    def is_built(self) -> bool:
        """Whether there is a page at all."""
        return INDEX in self.assets


def read_site(page: Path, models: Path) -> Site:
    """The site of a built page, with the browser's models under ``/models``. Folders that are not there are empty."""
    assets = _read_folder(page, "")
    assets.update(_read_folder(models, "/models"))
    return Site(assets=assets)


def pin_policy(site: Site, policy: str) -> Site:
    """``site`` with the witness policy ``policy`` (C2SP tlog-policy text) written into its page, if it has one.

    Raises:
        SettingInvalid: the page leaves no room for it.
    """
    page = site.assets.get(INDEX)
    if page is None:
        return site
    value = html.escape(policy).replace("\n", "&#10;").encode()
    body, count = POLICY_PLACE.subn(rb"\g<1>" + value + rb"\g<2>", page.bodies["identity"])
    if count != 1:
        raise SettingInvalid("the page has no place for the log's policy: build it again (`make web`)")
    pinned = _asset(INDEX, page.media_type, {"identity": body, "gzip": gzip.compress(body, mtime=0)})
    return Site(assets=site.assets | {INDEX: pinned})


def _read_folder(folder: Path, prefix: str) -> dict[str, Asset]:
    found: dict[str, Asset] = {}
    for file in sorted(folder.rglob("*")):
        below = file.relative_to(folder)
        media_type = MEDIA_TYPES.get(file.suffix)
        if media_type and file.is_file() and not any(part.startswith(".") for part in below.parts):
            path = f"{prefix}/{below.as_posix()}"
            found[path] = _read_asset(file, path, media_type)
    return found


def _read_asset(file: Path, path: str, media_type: str) -> Asset:
    bodies = {"identity": file.read_bytes()}
    for coding, suffix in ENCODINGS.items():
        smaller = file.with_name(file.name + suffix)
        if smaller.is_file():
            bodies[coding] = smaller.read_bytes()
    return _asset(path, media_type, bodies)


def _asset(path: str, media_type: str, bodies: dict[str, bytes]) -> Asset:
    name = hashlib.sha256(bodies["identity"]).hexdigest()
    return Asset(path=path, media_type=media_type, etag=f'"{name[:32]}"', bodies=bodies)
