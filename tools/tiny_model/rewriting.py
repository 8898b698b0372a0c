"""Measure how well the embedded model rewrites solutions: each thought of a trace, checked at the first try."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from itertools import takewhile

from astro.models.asking import Message
from astro.models.seeds import derive_seed
from astro.records.problem import Problem
from astro.tasks.countdown.claims import misquotes_target, shows_success
from astro.tasks.countdown.luck import right_by_luck
from astro.traces.fidelity import Around, Fault, Finding, Role, backtrack_fault, essence, step_fault
from astro.traces.prompting import load_prompts
from astro.verify import Outcome
from tools.tiny_model.measure import Attempt, Shares, Subject


class Task(StrEnum):
    """The kinds of rewriting requests."""

    REWRITE = "rewrite"  # a step, or a conclusion
    BACKTRACK = "backtrack"  # the way back to an earlier step
    RESTART = "restart"  # the way back to the beginning


Faults = Counter[tuple[Task, Fault | None]]  # None: passed at the first try


async def rewrite_solutions(subject: Subject, groups: Iterable[Sequence[Attempt]], pairs: int) -> Faults:
    """Rewrite up to pairs of a wrong and a right solution of each problem, with the way back between them.

    Solutions that a trace would not use are skipped. After each wrong one the model is asked for the way back to every
    state it went through; the trace then continues from the last state that the right one shares.
    """
    rewritings = []
    for group in groups:
        right = [attempt for attempt in _different(group) if _usable_right(attempt)]
        wrong = [attempt for attempt in _different(group) if _usable_wrong(attempt)]
        if right:
            problem = group[0].problem
            rng = random.Random(derive_seed(subject.seed, problem.id, "pairs"))  # noqa: S311 - reproducible draws
            rewritings += [
                _Rewriting(subject, problem, index).rewrite_both(one, rng.choice(right))
                for index, one in enumerate(wrong[:pairs])
            ]
    return sum(await asyncio.gather(*rewritings), Faults())


def rewrite_shares(faults: Faults, task: Task) -> Shares:
    """One kind of request: the number of thoughts, the share that passed at once, and the faults of the rest."""
    counts = {fault: count for (asked, fault), count in faults.items() if asked is task}
    total = sum(counts.values())
    named = {str(fault): count for fault, count in sorted(counts.items(), key=str) if fault is not None}
    return {"asked": total, "first_try": counts.get(None, 0) / total if total else None, **named}


def _different(group: Iterable[Attempt]) -> list[Attempt]:
    return list({attempt.text: attempt for attempt in group}.values())


def _usable_right(attempt: Attempt) -> bool:
    return attempt.correct and not right_by_luck(attempt.problem, attempt.steps)


def _usable_wrong(attempt: Attempt) -> bool:
    problem, steps = attempt.problem, attempt.steps
    beyond_use = attempt.claims or shows_success(problem, steps) or misquotes_target(problem, steps[-1])
    return attempt.outcome is Outcome.INCORRECT and not beyond_use


@dataclass(slots=True)
class _Rewriting:
    """Rewrites one pair of solutions; number distinguishes the pairs of a problem."""

    subject: Subject
    problem: Problem
    number: int
    thoughts: list[str] = field(default_factory=list)
    faults: Faults = field(default_factory=Counter)
    asked: int = 0

    async def rewrite_both(self, wrong: Attempt, right: Attempt) -> Faults:
        """Rewrite wrong, go back, and rewrite the rest of right."""
        await self._rewrite(wrong, 0)
        traces = self.subject.traces
        self.thoughts.append(f"{traces.doubt} {traces.negative}")
        both = zip(wrong.steps[:-1], right.steps[:-1], strict=False)
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], both))
        ways = [await self._go_back(wrong.steps, kept) for kept in range(max(shared + 1, len(wrong.steps) - 1))]
        self.thoughts.append(ways[shared])
        await self._rewrite(right, shared)
        return self.faults

    async def _rewrite(self, attempt: Attempt, start: int) -> None:
        prompts = load_prompts(self.subject.traces.prompts)
        for index, step in enumerate(attempt.steps[start:], start):
            role = Role.STEP
            if index == len(attempt.steps) - 1:
                role = Role.RIGHT_END if attempt.correct else Role.WRONG_END
            if role is Role.RIGHT_END:
                self.thoughts.append(f"{self.subject.traces.doubt} {self.subject.traces.positive}")
            core, around = essence(step, role), Around(self.problem, tuple(self.thoughts))
            rewritten = await self._ask(
                Task.REWRITE,
                prompts.rewrite(self.problem.prompt, self.thoughts, step, core, role),
                partial(step_fault, step=step, role=role, around=around),
            )
            self.thoughts.append(rewritten or core)

    async def _go_back(self, steps: Sequence[str], kept: int) -> str:
        """Ask for the way back to the state after the first kept steps."""
        path, abandoned = steps[:kept], steps[kept:]
        around = Around(self.problem, tuple(self.thoughts))
        rewritten = await self._ask(
            Task.BACKTRACK if path else Task.RESTART,
            load_prompts(self.subject.traces.prompts).backtrack(
                self.problem.prompt, self.thoughts, path[-1] if path else None
            ),
            partial(backtrack_fault, path=path, abandoned=abandoned, around=around),
        )
        return rewritten or "Let's go back."

    async def _ask(self, task: Task, messages: Sequence[Message], check: Callable[[str], Finding | None]) -> str | None:
        """The thought, if it passes at once."""
        self.asked += 1
        replies, _ = await self.subject.model.ask(
            messages,
            derive_seed(self.subject.seed, self.problem.id, "retell", self.number, self.asked),
            temperature=self.subject.traces.rewrite_temperature,
            max_tokens=self.subject.traces.rewrite_max_tokens,
        )
        found = check(replies[0].text) if replies[0].finished else Finding(Fault.UNFINISHED, "")
        fault = found.fault if found is not None else None
        self.faults[task, fault] += 1
        return replies[0].text if fault is None else None
