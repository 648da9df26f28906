"""Every way in which a child ends, as a table; and what was seen of a child in the middle of its job."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from tests.forensics import process
from tests.forensics.face import Derived, Face, derive
from tests.forensics.house import HURRIED, LONG, PICTURE, House, Kind
from tests.forensics.process import Death
from tests.forensics.scanner import Scanner, Seen
from tests.forensics.single_use_key import SingleUseKey, fish
from tests.forensics.targets import Memory
from tests.forensics.visitor import Visitor
from tests.forensics.windows import Windows, joined

SLICE_TICKS: Final = 2
"""Processor time between two looks at a child, in 10 ms: less than anything to be seen lives."""
NEEDED: Final = (
    *("embedding f32", "geometry f32", "look f32", "identity tokens f32", "latents f32", "reply key raw"),
    *(f"single-use key, {part} raw" for part in ("x25519", "ml-kem d")),
)
"""What a child must be seen to hold while it draws; a scan that does not find it is blind."""
RECORD: Final = ("record raw", "embedding int8 raw", "geometry int8 raw")
"""As ``NEEDED``, unless the child keeps the record in memory that not even root can read (memfd_secret)."""
SECRET_MAPPING: Final = "secretmem"
MADE_LATE: Final = ("image rows f32", "image rows rgb", "png raw")
"""What a child has only at the end of its job."""


@dataclass
class Scene:
    """One job, and the child that has it."""

    house: House
    kind: Kind
    visitor: Visitor
    derived: Derived = field(repr=False)
    child: int = 0
    held: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the child stands still, warm, before its task has reached it."""
    key: SingleUseKey | None = None
    seen: Seen = field(default_factory=Seen)
    """All that was found in the child while it drew."""
    unread: set[str] = field(default_factory=set)
    """Mappings of the child that cannot be read."""
    visit: asyncio.Task[None] | None = field(default=None, repr=False)
    death: Death | None = None
    """How the child ended, where the test sent it to its end."""

    @classmethod
    def of(cls, house: House, kind: Kind, number: int) -> "Scene":
        """The job of the face of that number."""
        face = Face.of_nobody(number)
        return cls(house, kind, Visitor(face), derive(face, house.twin_of(kind)))

    def hold(self) -> None:
        """Hold the child still. Its key is the one that the request was sealed to, so it is in there."""
        self.child = self.house.child_of(self.kind)
        process.stop(self.child)
        self.key = fish(Memory(self.child, writable=True), self.visitor.claimed_key)
        self.seen.add(Scanner(self.key.windows()).scan(Memory(self.child, writable=True)))
        self.held.set()

    def windows(self) -> Windows:
        """All to look for after this job."""
        assert self.key is not None
        secrets = (self.visitor.face.windows(), self.derived.windows(), self.visitor.windows(), self.key.windows())
        return joined((*secrets, self.visitor.ciphertext(), self.house.windows()))

    def watch(self, names: Collection[str]) -> None:
        """Let the child draw a little and look into it, until all in ``names`` was seen or the child has ended."""
        windows = self.windows()
        scanner = Scanner({name: windows[name] for name in (*names, *RECORD)})
        while not self.seen.found.keys() >= set(names) and process.run_for(self.child, SLICE_TICKS):
            memory = Memory(self.child, writable=True)
            with suppress(FileNotFoundError, ProcessLookupError):
                self.seen.add(scanner.scan(memory))
            self.unread |= set(memory.unread)

    @property
    def missed(self) -> list[str]:
        """What should have been seen in the child and was not."""
        secret = any(SECRET_MAPPING in name for name in self.unread)
        return [name for name in (NEEDED if secret else (*NEEDED, *RECORD)) if name not in self.seen.found]


Strike = Callable[[Scene], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Ending:
    """One way to end. A new one is an entry in ``ENDINGS``."""

    name: str
    kind: Kind
    """The bundle that is drawn with."""
    strike: Strike
    """What happens to a child that was held still in the middle of its drawing."""
    receipt: str | None
    """Exit kind that the receipt must name; None where nobody is left to take one."""


async def go_on(scene: Scene) -> None:
    """Nothing happens from outside: the job ends as its bundle ends it."""
    process.go_on(scene.child)


async def look_on(scene: Scene) -> None:
    """Nothing happens, but the child is looked at until all that is made late was seen."""
    await asyncio.to_thread(scene.watch, MADE_LATE)
    process.go_on(scene.child)


async def wait(_scene: Scene) -> None:
    """The child goes on standing still, until its time is over."""


async def leave(scene: Scene) -> None:
    """The person closes the page."""
    process.go_on(scene.child)
    assert scene.visit is not None
    scene.visit.cancel()


async def withdraw(scene: Scene) -> None:
    """The person withdraws the consent."""
    process.go_on(scene.child)
    await scene.visitor.withdraw()


def send(number: signal.Signals) -> Strike:
    """The child gets a signal."""

    async def strike(scene: Scene) -> None:
        with process.still(scene.house.supervisor_of(scene.kind)):
            scene.death = await asyncio.to_thread(process.end_by, scene.child, number)

    return strike


ENDINGS: Final = (
    Ending(name="normal", kind=PICTURE, strike=look_on, receipt="normal"),
    Ending(name="exception in a graph", kind="index", strike=go_on, receipt="refused"),
    Ending(name="exception in Python", kind="not-a-number", strike=go_on, receipt="exception"),
    Ending(name="out of memory", kind="memory", strike=go_on, receipt="refused"),
    Ending(name="abort", kind=LONG, strike=send(signal.SIGABRT), receipt="killed"),
    Ending(name="segmentation fault", kind=LONG, strike=send(signal.SIGSEGV), receipt="killed"),
    Ending(name="kill -9", kind=LONG, strike=send(signal.SIGKILL), receipt="killed"),
    Ending(name="timeout", kind=HURRIED, strike=wait, receipt="timeout"),
    Ending(name="revoked", kind=LONG, strike=withdraw, receipt="revoked"),
    Ending(name="cancelled", kind=LONG, strike=leave, receipt=None),
)
