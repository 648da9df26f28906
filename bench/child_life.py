"""One real child from its start to its end, with the time of every station."""

import os
import tempfile
import time
from typing import Any, Final

from schemas import embedding
from tests.unit.worker.person import Person
from worker import models
from worker.models import Bundle
from worker.pipe import Said
from worker.process import start_child
from worker.settings import Settings, read

THREADS: Final = 2


async def one_life(bundle: Bundle) -> dict[str, float]:
    """Seconds between the stations of one child, from its start to its end."""
    person = _person(bundle)
    with tempfile.TemporaryDirectory() as home:
        settings = _settings(bundle, person, home)
        started = time.perf_counter()
        child = await start_child(settings, bundle, os.environ)
        warm = time.perf_counter()
        try:
            await child.give(person.task(child.hpke_key))
            given = time.perf_counter()
            heard = [(kind, time.perf_counter()) async for kind, _ in child.messages()]
        finally:
            await child.end()
    ended = time.perf_counter()
    assert any(kind is Said.DONE for kind, _ in heard)
    opened, chunks, progress = (
        [at - given for kind, at in heard if kind is wanted] for wanted in (Said.OPENED, Said.CHUNK, Said.PROGRESS)
    )
    return {
        "warm": warm - started,
        "opened": opened[0],
        "first step": progress[1],  # the one before it says that nothing is drawn yet
        "sealed": chunks[-1],
        "ended": ended - given - chunks[-1],
    }


def _person(bundle: Bundle) -> Person:
    """Somebody who wants one portrait of nobody in the bundle's first style."""
    styles = [style.id for style in bundle.manifest.styles]
    allowed: dict[str, Any] = {"styles": sorted(styles)}
    record = embedding.encode(models.decoy_record(bundle.manifest))
    return Person(
        bundle=bundle.digest,
        grant_edits=allowed,
        token_edits=allowed,
        request_edits={"style": styles[0]},
        record=record,
    )


def _settings(bundle: Bundle, person: Person, home: str) -> Settings:
    return read(
        {
            "HOME": home,
            "LIKENESS_BUNDLES": str(bundle.folder),
            "LIKENESS_GATEWAY_KEY": person.gateway,
            "LIKENESS_THREADS": str(THREADS),
            "LIKENESS_ACCEPT_SWAP": "yes",
        }
    )
