"""What is served stands in memory, in the best coding, and nothing else is served."""

import gzip
import html
import re
from pathlib import Path

import pytest

from gateway.headers import VISION_POLICY
from gateway.site import ASK_AGAIN, FOR_EVER, Asset, pin_policy, read_site
from schemas.errors import SettingInvalid


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, body in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
    return folder


def test_a_page_with_its_models(tmp_path: Path) -> None:
    page = write(tmp_path / "web", {"index.html": b"<!doctype html>", "assets/app.js": b"1", "app.js.br": b"x"})
    models = write(tmp_path / "edge", {"manifest.json": b"{}", "detect.onnx": b"onnx"})
    site = read_site(page, models)
    assert site.is_built
    assert set(site.assets) == {"/index.html", "/assets/app.js", "/models/manifest.json", "/models/detect.onnx"}
    assert site.find("/") is site.find("/index.html")
    assert site.find("/models/detect.onnx") is not None


def test_what_is_not_for_browsers_is_not_served(tmp_path: Path) -> None:
    page = write(tmp_path, {".made": b"", ".secret/key.json": b"{}", "notes.md": b"", "index.html": b""})
    assert set(read_site(page, tmp_path / "none").assets) == {"/index.html"}


def test_a_page_that_was_not_built_is_empty(tmp_path: Path) -> None:
    site = read_site(tmp_path / "web", tmp_path / "edge")
    assert not site.is_built
    assert site.find("/") is None


@pytest.mark.parametrize(
    ("path", "caching"),
    [
        ("/app.js", ASK_AGAIN),
        ("/app-5f3a9c01.js", FOR_EVER),
        ("/app-ABCD2345.js", FOR_EVER),
        ("/app.0123456789abcdef.css", FOR_EVER),
        ("/index.html", ASK_AGAIN),
        ("/vision.js", ASK_AGAIN),
        ("/models/detect.onnx", ASK_AGAIN),
    ],
)
def test_only_a_name_with_a_digest_is_kept_for_ever(path: str, caching: str) -> None:
    assert Asset(path=path, media_type="text/plain", etag='"e"', bodies={"identity": b""}).caching == caching


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", "identity"),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("GZIP;q=0.5, br;q=0", "gzip"),
        ("br; q=0.000, gzip; q=0", "identity"),
        ("*", "identity"),
        ("brotli", "identity"),
    ],
)
def test_the_best_coding_that_the_browser_takes(accepted: str, coding: str) -> None:
    bodies = {"identity": b"plain", "br": b"b", "gzip": b"g"}
    asset = Asset(path="/app.js", media_type="text/javascript", etag='"e"', bodies=bodies)
    assert asset.best_coding(accepted) == coding


def test_the_vision_worker_has_its_own_policy() -> None:
    vision = Asset(path="/vision.js", media_type="text/javascript", etag='"e"', bodies={"identity": b""})
    other = Asset(path="/app.js", media_type="text/javascript", etag='"e"', bodies={"identity": b""})
    assert vision.headers["content-security-policy"] == VISION_POLICY
    assert "content-security-policy" not in other.headers


POLICY = 'log example+0a+"<&>"\nquorum none\n'


@pytest.mark.parametrize("end", ['"', '" />'])
def test_the_policy_is_pinned_in_the_page_in_every_coding(tmp_path: Path, end: str) -> None:
    body = f'<!doctype html><meta name="likeness-policy" content="{end}><title>x</title>'.encode()
    page = write(tmp_path, {"index.html": body, "index.html.br": b"stale", "index.html.gz": b"stale", "app.js": b"1"})
    site = read_site(page, tmp_path / "none")
    pinned = pin_policy(site, POLICY).find("/")
    assert pinned is not None
    plain = pinned.bodies["identity"]
    (said,) = re.findall(rb'content="([^"]*)"', plain)
    assert html.unescape(said.decode()) == POLICY
    assert b"\n" not in plain
    assert set(pinned.bodies) == {"identity", "gzip"}
    assert gzip.decompress(pinned.bodies["gzip"]) == plain
    before = site.find("/")
    assert before is not None
    assert pinned.etag != before.etag
    assert pin_policy(site, POLICY).find("/app.js") is site.find("/app.js")


@pytest.mark.parametrize("body", [b"", b'<meta name="likeness-policy" content="log x">'])
def test_a_page_without_a_place_for_the_policy_is_refused(tmp_path: Path, body: bytes) -> None:
    site = read_site(write(tmp_path, {"index.html": body}), tmp_path / "none")
    with pytest.raises(SettingInvalid, match="build it again"):
        pin_policy(site, POLICY)


def test_where_there_is_no_page_nothing_is_pinned(tmp_path: Path) -> None:
    site = read_site(tmp_path / "none", tmp_path / "none")
    assert pin_policy(site, POLICY) is site
