"""Interleaved rounds: contenders take turns, so that whatever else the machine does meets all of them alike."""

import statistics
import time
from collections.abc import Callable, Mapping

from pytest_benchmark.fixture import BenchmarkFixture

Contender = Callable[[], object]
Samples = dict[str, list[float]]
"""By contender, one value a round."""


def race(benchmark: BenchmarkFixture, contenders: Mapping[str, Contender], *, rounds: int, calls: int = 1) -> Samples:
    """Seconds per call of each contender in each round; a first round that warms them is not counted.

    Who comes first changes from round to round. What ``benchmark`` itself shows is a whole round of all of them.
    """
    samples: Samples = {name: [] for name in contenders}
    order = list(contenders)

    def one_round() -> None:
        for name in order:
            call = contenders[name]
            started = time.perf_counter()
            for _ in range(calls):
                call()
            samples[name].append((time.perf_counter() - started) / calls)
        order.append(order.pop(0))

    benchmark.pedantic(one_round, rounds=rounds, warmup_rounds=1)  # type: ignore[no-untyped-call]
    return {name: values[1:] for name, values in samples.items()}


def gather(benchmark: BenchmarkFixture, one_round: Callable[[], Mapping[str, float]], *, rounds: int) -> Samples:
    """The values that each round gives by name; a first round that warms is not counted.

    For contenders that take their own time, or several values in one go.
    """
    seen: list[Mapping[str, float]] = []
    benchmark.pedantic(lambda: seen.append(one_round()), rounds=rounds, warmup_rounds=1)  # type: ignore[no-untyped-call]
    return {name: [values[name] for values in seen[1:]] for name in seen[-1]}


def ratio(ours: list[float], theirs: list[float]) -> float:
    """The median over rounds of ours / theirs: both sides of each quotient met the same moment."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
