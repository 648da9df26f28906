"""The child, driven through its pipes: what it draws, what it refuses, and what it leaves."""

import io
import os
import signal
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from schemas import canonical, errors, sealing
from schemas.job import Progress
from schemas.scalars import digest, to_b64u
from tests import tiny_bundle
from tests.statements import signing_key
from tests.unit.worker.conftest import StartChild
from tests.unit.worker.person import Person, another_key
from tests.unit.worker.trying import lacking
from worker.child import REFUSED_STATUS
from worker.diffusion.portrait import draw, open_studio
from worker.erasure import of_child
from worker.models import Bundle, read_graphs
from worker.pipe import PIPES, Said, Task
from worker.process import Child

pytestmark = pytest.mark.anyio


async def serve(child: Child, task: Task) -> list[tuple[Said, bytes]]:
    await child.give(task)
    return [message async for message in child.messages()]


def chunks(said: list[tuple[Said, bytes]]) -> list[bytes]:
    return [payload for kind, payload in said if kind == Said.CHUNK]


async def test_a_portrait_is_drawn_marked_and_sealed(start: StartChild, bundle: Bundle, person: Person) -> None:
    child = await start(bundle, person)
    said = await serve(child, person.task(child.hpke_key))
    (image,) = person.open_images(chunks(said))
    picture = Image.open(io.BytesIO(image))
    assert b"trainedAlgorithmicMedia" in picture.info["xmp"]
    assert np.array_equal(np.asarray(picture), drawn_here(bundle, seed=7))
    assert said[0] == (Said.OPENED, b"")
    assert said[-1] == (Said.DONE, b"")
    ended = await child.end()
    assert (ended.status, ended.process_exists, ended.leftovers) == (0, False, 0)


def drawn_here(bundle: Bundle, seed: int) -> npt.NDArray[np.uint8]:
    studio = open_studio(bundle.manifest, read_graphs(bundle), provider="cpu", threads=1)
    drawing = draw(studio, tiny_bundle.public_record(), style=1, seed=seed)
    while True:
        try:
            next(drawing)
        except StopIteration as finished:
            return np.asarray(finished.value)


async def test_a_volunteers_machine_with_its_own_yes_draws(start: StartChild, bundle: Bundle, person: Person) -> None:
    volunteer(person, "yes")
    child = await start(bundle, person)
    assert (await serve(child, person.task(child.hpke_key)))[-1] == (Said.DONE, b"")


async def test_progress_says_how_far_and_nothing_else(start: StartChild, bundle: Bundle) -> None:
    person = Person(bundle=bundle.digest, images=2)
    child = await start(bundle, person)
    said = await serve(child, person.task(child.hpke_key))
    steps = [canonical.decode(Progress, payload) for kind, payload in said if kind == Said.PROGRESS]
    assert [(p.phase, p.image, p.step) for p in steps] == [
        ("opened", 0, 0),
        *(("drawing", 0, i) for i in (1, 2, 3)),
        ("finishing", 0, 4),
        *(("drawing", 1, i) for i in (0, 1, 2, 3)),
        ("finishing", 1, 4),
    ]
    first, second = person.open_images(chunks(said))
    assert first != second


async def test_the_same_seed_gives_the_same_image_in_another_child(start: StartChild, bundle: Bundle) -> None:
    images = []
    for seed in (5, 5, 6):
        person = Person(bundle=bundle.digest, request_edits={"seed": seed})
        child = await start(bundle, person)
        images += person.open_images(chunks(await serve(child, person.task(child.hpke_key))))
    assert images[0] == images[1] != images[2]


def record(person: Person, edit: Callable[[bytes], bytes]) -> None:
    person.record = edit(person.record)


def two_images(person: Person) -> None:
    person.images = 2
    person.token_edits["max_images"] = 1


def unknown_everywhere(person: Person) -> None:
    for edits in (person.grant_edits, person.token_edits):
        edits["styles"] = ["nowhere"]
    person.request_edits["style"] = "nowhere"


def volunteer(person: Person, yes: str) -> None:
    person.pool = "volunteer"
    person.grant_edits["volunteer_machine"] = yes


def company_consent_at_a_volunteer(person: Person) -> None:
    volunteer(person, "no")
    person.grant_edits["pool"] = person.token_edits["aud"] = "company"


def other_bundle(person: Person) -> None:
    for edits in (person.grant_edits, person.token_edits):
        edits["bundle"] = "ab" * 32


NOT_A_NUMBER = struct.pack("<f", float("nan"))
ONLY_LOOK = b"LK\1\2\1\0\0\0"

ATTACKS: dict[str, tuple[Callable[[Person], None], type[errors.LikenessError]]] = {
    "expired token": (
        lambda p: p.token_edits.update(iat=p.world.now - 900, exp=p.world.now - 1),
        errors.TokenExpired,
    ),
    "another bundle in the consent": (other_bundle, errors.UnknownBundle),
    "a token for more than the consent": (lambda p: p.token_edits.update(max_images=8), errors.GrantMismatch),
    "a consent by somebody else": (lambda p: p.token_edits.update(cnf=p.gateway), errors.WrongHolder),
    "a style outside the consent": (
        lambda p: p.token_edits.update(styles=[tiny_bundle.STYLES[0]]),
        errors.UnknownStyle,
    ),
    "a style outside the catalogue": (unknown_everywhere, errors.UnknownStyle),
    "more images than the consent": (two_images, errors.OverLimit),
    "other images than were disclosed": (lambda p: p.request_edits.update(images=2), errors.GrantMismatch),
    "one disclosure too many": (lambda p: p.disclosure_edits.update(n=2), errors.OverLimit),
    "a disclosure about another claim": (
        lambda p: p.disclosure_edits.update(claim=digest(b"another")),
        errors.GrantMismatch,
    ),
    "a stale disclosure": (lambda p: p.disclosure_edits.update(issued_at=p.world.now - 600), errors.JobStale),
    "a scale that is no number": (
        lambda p: record(p, lambda raw: raw[:68] + NOT_A_NUMBER + raw[72:]),
        errors.RecordNotFinite,
    ),
    "an oversized record": (lambda p: record(p, lambda raw: raw + bytes(100)), errors.RecordMalformed),
    "a cut-off record": (lambda p: record(p, lambda raw: raw[:-1]), errors.RecordMalformed),
    "a record without what is needed": (
        lambda p: record(p, lambda raw: ONLY_LOOK + raw[32:68]),
        errors.RecordPartMissing,
    ),
    "a short response secret": (
        lambda p: p.request_edits.update(response_secret=to_b64u(bytes(16))),
        errors.BadField,
    ),
    "a volunteer's machine without its own yes": (lambda p: volunteer(p, "no"), errors.GrantMismatch),
    "a yes to volunteers' machines in another pool": (
        lambda p: p.grant_edits.update(volunteer_machine="yes"),
        errors.GrantMismatch,
    ),
    "a consent to a company's machine at a volunteer": (company_consent_at_a_volunteer, errors.WrongPool),
    "a token for another purpose": (lambda p: p.token_edits.update(purpose="training"), errors.BadField),
    "a consent to another purpose": (lambda p: p.grant_edits.update(purpose="training"), errors.BadField),
    "a token about another notice": (
        lambda p: p.token_edits.update(notice=digest(b"another notice")),
        errors.GrantMismatch,
    ),
    "another region": (lambda p: p.token_edits.update(region="mars"), errors.GrantMismatch),
}
"""By what is wrong: the edit, and the one error that names it."""


@pytest.mark.parametrize("attack", ATTACKS)
async def test_what_the_consent_does_not_cover_is_refused(
    start: StartChild, bundle: Bundle, person: Person, attack: str
) -> None:
    edit, error = ATTACKS[attack]
    edit(person)
    child = await start(bundle, person)
    said = await serve(child, person.task(child.hpke_key))
    # It was opened, for only then can it be judged; and the code is all that is said of it.
    assert said == [(Said.OPENED, b""), (Said.REFUSED, error.code.encode())]
    assert (await child.end()).status == REFUSED_STATUS


ANOTHER = signing_key("another").public_key().public_bytes_raw()
TAMPERING: dict[str, tuple[Callable[[Task], Task], type[errors.LikenessError]]] = {
    "altered ciphertext": (lambda t: replace(t, sealed=t.sealed[:-1] + bytes([t.sealed[-1] ^ 1])), errors.CannotOpen),
    "a sealed request of another size": (lambda t: replace(t, sealed=t.sealed[:-1]), errors.SealedSize),
    "an altered disclosure": (
        lambda t: replace(t, disclosure=t.disclosure[:-4] + b"AAAA"),
        errors.CannotOpen,
    ),
    "an altered claim": (lambda t: replace(t, claim=t.claim[:-4] + b"AAAA"), errors.BadSignature),
    "another offer": (lambda t: replace(t, offer=t.offer.replace(b'"lots":1', b'"lots":2')), errors.ClaimMismatch),
    "another gateway": (lambda t: replace(t, gateway=ANOTHER), errors.UnknownKey),
    "another gateway beside ours": (lambda t: replace(t, gateway=t.gateway + ANOTHER), errors.UnknownKey),
    "no gateway": (lambda t: replace(t, gateway=b""), errors.UnknownKey),
    "half a gateway": (lambda t: replace(t, gateway=t.gateway[:16]), errors.UnknownKey),
}


@pytest.mark.parametrize("tampering", TAMPERING)
async def test_what_was_tampered_with_is_not_opened(
    start: StartChild, bundle: Bundle, person: Person, tampering: str
) -> None:
    edit, error = TAMPERING[tampering]
    child = await start(bundle, person)
    said = await serve(child, edit(person.task(child.hpke_key)))
    assert said == [(Said.REFUSED, error.code.encode())]
    assert (await child.end()).status == REFUSED_STATUS


async def test_a_request_sealed_to_another_key_is_not_opened(start: StartChild, bundle: Bundle, person: Person) -> None:
    child = await start(bundle, person)
    task = person.task(child.hpke_key)
    _, sealed = person.disclose(task.offer, task.claim.decode(), another_key().public)
    said = await serve(child, replace(task, sealed=sealed))
    assert said == [(Said.REFUSED, errors.CannotOpen.code.encode())]


async def test_a_claim_with_another_key_is_refused(start: StartChild, bundle: Bundle, person: Person) -> None:
    child = await start(bundle, person)
    said = await serve(child, person.task(another_key().public))
    assert said == [(Said.REFUSED, errors.ClaimMismatch.code.encode())]


async def test_a_child_serves_one_task_only(start: StartChild, bundle: Bundle, person: Person) -> None:
    child = await start(bundle, person)
    task = person.task(child.hpke_key)
    await child.give(task)
    await child.give(task)
    said = [message async for message in child.messages()]
    assert [kind for kind, _ in said].count(Said.DONE) == 1
    assert (await child.end()).status == 0


async def test_every_child_has_its_own_key(start: StartChild, bundle: Bundle, person: Person) -> None:
    first, second = await start(bundle, person), await start(bundle, person)
    assert first.hpke_key != second.hpke_key
    assert len(first.hpke_key) == sealing.PUBLIC_KEY_BYTES


async def test_a_warm_child_has_forbidden_itself_every_trace(start: StartChild, bundle: Bundle, person: Person) -> None:
    child = await start(bundle, person)
    outside = child.outside
    assert (outside.core_limit_bytes, outside.file_limit_bytes, outside.descriptor_limit) == (0, 0, PIPES)
    assert outside.filters == 2
    failed = [check.name for check in of_child(outside, child.warm.held) if check.outcome != "passed"]
    assert set(failed) <= lacking()
    assert child.warm.provider == "CPUExecutionProvider"


async def test_a_warm_child_has_no_older_thread(start: StartChild, bundle: Bundle, person: Person) -> None:
    # The narrow view holds for the thread that asked for it and for those it started later.
    child = await start(bundle, person)
    assert threads(child.pid) == 1


def threads(pid: int) -> int:
    """How many threads a process has."""
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


async def test_nothing_can_be_heard_from_a_warm_child_but_its_messages(
    start: StartChild, bundle: Bundle, person: Person
) -> None:
    child = await start(bundle, person)
    assert await child.words() == "without a word"  # its error stream has ended, and it lives on
    assert child.is_fit


async def test_a_child_without_work_ends_quietly(start: StartChild, bundle: Bundle, person: Person) -> None:
    child = await start(bundle, person)
    child.dismiss()
    assert [message async for message in child.messages()] == []
    assert (await child.end()).status == 0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGABRT, signal.SIGSEGV])
async def test_a_child_that_is_struck_down_leaves_nothing(
    start: StartChild, slow_bundle: Bundle, number: signal.Signals
) -> None:
    person = Person(bundle=slow_bundle.digest)
    child = await start(slow_bundle, person)
    await child.give(person.task(child.hpke_key))
    async for kind, _ in child.messages():
        if kind == Said.PROGRESS:
            os.kill(child.pid, number)
            break
    rest = [kind async for kind, _ in child.messages()]
    assert Said.CHUNK not in rest
    ended = await child.end()
    assert (ended.status, ended.process_exists, ended.leftovers) == (-number, False, 0)


async def test_a_bundle_that_changed_since_is_not_loaded(start: StartChild, bundle: Bundle, person: Person) -> None:
    with pytest.raises(errors.BundleRefused):
        await start(replace(bundle, digest=digest(b"older")), person)
