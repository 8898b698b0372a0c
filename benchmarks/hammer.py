"""Does a verifier bear many threads, event loops, forks and bombs at once?

    python benchmarks/hammer.py [--verifications 20000] [--threads 16] [--forks 40] [--deadline 0.5] [--json]

One verifier is used by --threads threads, half of which run an event loop with eight verifications at a time, while the
main thread forks again and again, and each child verifies a few answers. The answers are of six tasks and never repeat.
One in a hundred is a bomb: it needs more time or memory than a worker has, or its program does not end.

wrong: verdicts other than expected. hung: forks whose child did not end in a minute; if a verification hangs, there is
no end. growth: memory (PSS) of the process and its workers in the last quarter over that in the second quarter. Exits
with status 1 if anything is wrong or hung, or the growth is over 1.15.

2 CPU cores: about 4 minutes.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from statistics import mean

from astro.verify import Exercise, Outcome, Verifier, VerifyConfig

BOMBS = (
    "+".join(rf"\binom{{30000}}{{{15000 - n}}}" for n in range(18)),
    "+".join(f"(1.6565471165654711{n})^{{{800 + n}}}" for n in range(18)),
    "+".join(rf"\sqrt{{{2000 - n}!}}" for n in range(40)),
    "<".join(f"(x+{n})^{{19}}" for n in range(40)),
    "9^{9^{9^{9}}}",
    r"\sqrt" * 200 + "2",
)
ENDLESS = "def f(x):\n    while True:\n        x += 1"
_NEVER_RIGHT = frozenset(set(Outcome) - {Outcome.CORRECT})


def asked(number: int) -> tuple[Exercise, str, frozenset[Outcome]]:
    """Verification number so-and-so: an exercise, a response, and the outcomes it may have."""
    right = number % 3 != 0
    if number % 100 == 7:
        program = number % 300 == 7
        exercise = Exercise(f"b{number}", "write f", "assert f(1) == 1", "code") if program else Exercise(
            f"b{number}", "how much?", str(number), "math"
        )  # fmt: skip
        text = f"```python\n{ENDLESS}\n```" if program else rf"\boxed{{{BOMBS[number // 100 % len(BOMBS)]}}}"
        return exercise, text, _NEVER_RIGHT
    value = number if right else number + 1
    exercise, text = (
        (Exercise(f"m{number}", "how much?", str(number), "math"), rf"\boxed{{{2 * value}/2}}"),
        (Exercise(f"s{number}", "simplify", rf"\sqrt{{{number}}}+x", "math"), rf"\boxed{{x+\sqrt{{{value}}}}}"),
        (
            Exercise(
                f"c{number}", "make it", f"{number}+3", "countdown", {"numbers": [number, 3], "target": number + 3}
            ),
            rf"\boxed{{{value}+3}}",
        ),
        (Exercise(f"q{number}", "which?", f"Paris {number}", "qa"), rf"\boxed{{Paris {value}}}"),
        (Exercise(f"x{number}", "A) 1 B) 2", "AB"[number % 2], "mcq"), rf"\boxed{{{'AB'[value % 2]}}}"),
    )[number % 5]
    return exercise, text, frozenset({Outcome.CORRECT}) if right else _NEVER_RIGHT


class Hammer:
    """Verifies from all sides. wrong: numbers whose verdict was another than expected."""

    def __init__(self, verifier: Verifier, count: int) -> None:
        self.verifier, self.wrong = verifier, list[int]()
        self.done = Counter[Outcome]()
        self._numbers = iter(range(1, count + 1))
        self._lock = threading.Lock()

    def numbers(self) -> Iterator[int]:
        """The next numbers, for any thread."""
        while True:
            with self._lock:
                number = next(self._numbers, None)
            if number is None:
                return
            yield number

    def note(self, number: int, outcome: Outcome, allowed: frozenset[Outcome]) -> None:
        """Count a verdict."""
        with self._lock:
            self.done[outcome] += 1
            if outcome not in allowed:
                self.wrong.append(number)

    def in_thread(self) -> None:
        """One verification after another."""
        for number in self.numbers():
            exercise, text, allowed = asked(number)
            self.note(number, self.verifier.verify(exercise, text).outcome, allowed)

    def in_loop(self) -> None:
        """Eight at a time."""

        async def one() -> None:
            for number in self.numbers():
                exercise, text, allowed = asked(number)
                self.note(number, (await self.verifier.averify(exercise, text)).outcome, allowed)

        async def eight() -> None:
            await asyncio.gather(*(one() for _ in range(8)))

        asyncio.run(eight())


def fork_once(verifier: Verifier, rng: random.Random) -> bool:
    """Whether the child of a fork verifies five answers and ends within a minute."""
    first = rng.randrange(10**6, 10**7) * 100
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        good = all(verifier.verify(*asked(first + n)[:2]).outcome in asked(first + n)[2] for n in range(5))
        os._exit(0 if good else 3)
    return os.waitpid(child, 0)[1] == 0


def hammer(count: int, threads: int, forks: int, deadline: float) -> dict[str, object]:
    """The figures."""
    rng, memory = random.Random(0), list[float]()
    with closing(Verifier(VerifyConfig(workers=2, deadline=deadline, cache_size=2000))) as verifier:
        work = Hammer(verifier, count)
        begun = time.monotonic()
        sides = [threading.Thread(target=work.in_loop if n % 2 else work.in_thread) for n in range(threads)]
        for side in sides:
            side.start()
        hung = forked = 0
        while any(side.is_alive() for side in sides):
            if forked < forks and work.done.total() * forks >= forked * count:
                forked += 1
                hung += not fork_once(verifier, rng)
            memory.append(_pss_mib())
            time.sleep(0.25)
        seconds = time.monotonic() - begun
    quarter = max(len(memory) // 4, 1)
    return {
        "verifications": work.done.total(),
        "seconds": round(seconds, 1),
        "outcomes": {outcome.value: number for outcome, number in sorted(work.done.items())},
        "wrong": len(work.wrong),
        "first_wrong": work.wrong[:5],
        "forks": forked,
        "hung": hung,
        "memory_mib": round(mean(memory[-quarter:])),
        "growth": round(mean(memory[-quarter:]) / mean(memory[quarter : 2 * quarter] or memory), 3),
    }


def _pss_mib() -> float:
    """The proportional memory of this process and those below it."""
    return sum(map(_pss_kib, _below(os.getpid()))) / 1024


def _below(root: int) -> Sequence[int]:
    found, level = [], [root]
    while level:
        pid = level.pop()
        found.append(pid)
        try:
            for task in Path(f"/proc/{pid}/task").iterdir():
                level += map(int, (task / "children").read_text().split())
        except OSError:
            continue
    return found


def _pss_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def main() -> None:
    """Read the arguments, hammer and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--verifications", type=int, default=20_000)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--forks", type=int, default=40)
    parser.add_argument("--deadline", type=float, default=0.5, help="seconds of a verification (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    figures = hammer(arguments.verifications, arguments.threads, arguments.forks, arguments.deadline)
    if arguments.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:<16}{value}")
    sys.exit(bool(figures["wrong"] or figures["hung"]) or float(str(figures["growth"])) > 1.15)


if __name__ == "__main__":
    main()
