"""What a gateway says of itself in its log: once, and with digests that a stranger can compute again."""

import asyncio
import json
from pathlib import Path

import pytest

from gateway import public_facts as module
from gateway.public_facts import log_facts, public_facts, released
from gateway.site import read_site
from schemas import canonical
from schemas.errors import LogUnavailable
from schemas.log_leaf import COMMITMENT_BYTES, PublicFact, public_entry
from schemas.scalars import digest
from tests.statements import BUNDLE
from tests.unit.gateway.doors import Scene
from tests.unit.gateway.memory_log import MemoryLog

pytestmark = pytest.mark.anyio


def facts(page: Path) -> list[PublicFact]:
    return list(public_facts(Scene().door().catalogue, read_site(page, page / "none")))


def test_each_digest_can_be_computed_from_what_the_gateway_serves(tmp_path: Path) -> None:
    (tmp_path / "build.json").write_bytes(b'{"files":{}}')
    bundle, styles, page = facts(tmp_path)
    served = canonical.encode(Scene().door().facts({}))
    (listed,) = json.loads(served)["bundles"]
    again = json.dumps(listed["styles"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert (bundle.what, bundle.digest) == ("bundle", BUNDLE)
    assert (styles.what, styles.digest) == ("styles", digest(again.encode()))
    assert (page.what, page.digest) == ("page", digest(b'{"files":{}}'))


def test_no_fact_is_as_long_as_a_commitment(tmp_path: Path) -> None:
    assert all(len(public_entry(fact)) > COMMITMENT_BYTES for fact in facts(tmp_path))


def test_a_page_that_is_not_built_is_no_fact(tmp_path: Path) -> None:
    assert {fact.what for fact in facts(tmp_path)} == {"bundle", "styles"}


def test_a_checkout_is_not_a_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert released("no-such-package") is None
    assert released() is None
    info = tmp_path / "likeness_test-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: likeness-test\nVersion: 1\n")
    (info / "RECORD").write_text("gateway/app.py,sha256=x,1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert released("likeness-test") == "gateway/app.py,sha256=x,1\n"


async def test_facts_are_logged_once_and_wait_for_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = _Moody()
    monkeypatch.setattr(module, "RETRY_SECONDS", 0)
    async with asyncio.timeout(5):
        await log_facts(iter(facts(tmp_path)), log)
        await log_facts(iter(facts(tmp_path)), log)
    assert log.refused == 1
    assert len(log.entries) == 2


class _Moody(MemoryLog):
    refused = 0

    async def append(self, entry: bytes) -> str:
        if not self.refused:
            self.refused = 1
            raise LogUnavailable("not now")
        return await super().append(entry)
