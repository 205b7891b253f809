"""Time and memory of one piece of work, in a process of its own, so that nothing before it counts."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import psutil


@dataclass(frozen=True)
class Cost:
    """What it took.

    Attributes:
        seconds: best of the repetitions.
        gigabytes: peak above what the process occupied before the work.
    """

    seconds: float
    gigabytes: float


def cost(prepare: Callable[..., Callable[[], object]], *arguments: Any, repeats: int = 2) -> Cost:
    """Run ``prepare(*arguments)`` in a fresh process, then measure ``repeats`` calls of the function it returns."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (prepare, arguments, repeats))


Prepare = Callable[..., Callable[[], object]]


def compare(prepare: Prepare, variants: dict[str, tuple[Any, ...]], rounds: int) -> list[Cost]:
    """Costs of several variants, measured in turns, so that a busy minute of the machine hits all of them alike."""
    found: dict[str, list[Cost]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, arguments in variants.items():
            found[name].append(cost(prepare, *arguments))
    best = [Cost(min(c.seconds for c in costs), max(c.gigabytes for c in costs)) for costs in found.values()]
    for name, spent in zip(found, best, strict=True):
        print(f"{name:8} {spent.seconds:7.3f} s  {spent.gigabytes:6.3f} GB")
    print(f"memory: 1/{best[0].gigabytes / best[1].gigabytes:.1f}, time: {best[1].seconds / best[0].seconds:.2f} times")
    return best


def _measured(prepare: Callable[..., Callable[[], object]], arguments: tuple[Any, ...], repeats: int) -> Cost:
    work, seconds = prepare(*arguments), []
    with _Watch() as watch:
        for _ in range(repeats):
            start = perf_counter()
            work()
            seconds.append(perf_counter() - start)
    return Cost(min(seconds), watch.peak / 1000**3)


class _Watch:
    """Looks at the memory of this process every millisecond, in a thread beside the work."""

    def __enter__(self) -> _Watch:
        self._process, self._over = psutil.Process(), threading.Event()
        self._before = self._process.memory_info().rss
        self.peak = 0
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def _look(self) -> None:
        while not self._over.wait(0.001):
            self.peak = max(self.peak, self._process.memory_info().rss - self._before)

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
