"""What a worker remembers, and for how long."""

from worker.memory import ShortMemory


class Clock:
    """A clock that a test sets."""

    now = 100

    def __call__(self) -> int:
        """What it says."""
        return self.now


def test_what_was_kept_is_known_until_its_time() -> None:
    clock = Clock()
    memory = ShortMemory(clock)
    assert not memory.knows("a")
    memory.keep("a", 110)
    assert memory.knows("a")
    assert not memory.knows("b")
    clock.now = 109
    assert memory.knows("a")
    clock.now = 110
    assert not memory.knows("a")


def test_what_is_kept_twice_is_known_until_the_later_time() -> None:
    clock = Clock()
    memory = ShortMemory(clock)
    memory.keep("a", 110)
    memory.keep("a", 105)
    clock.now = 109
    assert memory.knows("a")


def test_a_full_memory_loses_what_is_over_and_then_what_is_over_first() -> None:
    clock = Clock()
    memory = ShortMemory(clock, most=3)
    for name, until in (("a", 101), ("b", 150), ("c", 130)):
        memory.keep(name, until)
    clock.now = 120
    memory.keep("d", 140)
    assert [memory.knows(name) for name in "abcd"] == [False, True, True, True]
    memory.keep("e", 160)
    assert [memory.knows(name) for name in "bcde"] == [True, False, True, True]


def test_a_full_memory_stays_small() -> None:
    memory = ShortMemory(Clock(), most=10)
    for i in range(1000):
        memory.keep(str(i), 200)
    assert len(memory) == 10
    assert memory.knows("999")
