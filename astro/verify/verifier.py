"""The one entry of verification: extract the final answer, look in the cache, ask the form, ask a killable worker.

    response -> extract -> cache -> form.verify (in process, bounded) -> form.settle (in a killable worker)

forms/__init__.py describes what a form is, and lists the built-in ones.
"""

import asyncio
import os
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import MappingProxyType, ModuleType
from typing import Any

from astro.verify.doubts import SecondOpinions
from astro.verify.extraction import AnswerFormat, Extraction, extract, plain_box
from astro.verify.forms import FORMS, load_form, unknown_task
from astro.verify.pool import Pool, Reply, ReplyKind, WorkerLimits
from astro.verify.remote import (
    pack_extraction,
    pack_subject,
    settle_all_remotely,
    settle_remotely,
    unpack_verdict,
    verify_remotely,
    warm_up,
)
from astro.verify.settings import VerifyConfig
from astro.verify.subject import Subject
from astro.verify.verdict import Outcome, Verdict

_WORTH_SHARING = 512  # different answers; fewer are verified here before a worker would be warm
_SHARE = 64
_PROBLEMS_KEPT = 4096  # with their verdicts; a run has few at work at once, and memory must not grow with their number
_LONG_ANSWER = 500  # characters; a longer answer counts as several in the cache


@dataclass(slots=True)
class _Known:
    """A problem that was verified before: its form, and its verdicts so far."""

    problem: Subject
    form: ModuleType
    read: Callable[[str, VerifyConfig], Extraction] | None
    boxed: bool  # whether a plain box is the answer
    verdicts: dict[str | Extraction, Verdict] = field(default_factory=dict)

    def packed(self, extraction: Extraction) -> tuple[list[Any], list[Any]]:
        """The problem with the path of its form, and the extraction, as a worker takes them."""
        return pack_subject(self.problem, self.form.__name__), pack_extraction(extraction)


_verifiers: "weakref.WeakSet[Verifier]" = weakref.WeakSet()


class Verifier:
    """Verifies responses; safe to share between threads, event loops and forked processes.

    counts: verdicts by outcome since the start; timed_out and error are counted apart from wrong.
    suspects: the latest verdicts that a second opinion (sympy, for mathematics) disagreed with; each is logged as well.
    """

    def __init__(
        self,
        config: VerifyConfig | None = None,
        forms: Mapping[str, str] | None = None,
        *,
        second_opinions: float = 0.0,
    ) -> None:
        """Set up the verifier; nothing is started yet.

        forms: the dotted path of the module that verifies each task; by default FORMS. The workers import these modules
            with this process's sys.path.
        second_opinions: share, from 0 to 1, of the new verdicts that a worker checks with another library in the
            background; this changes no verdict.
        """
        self.config = config or VerifyConfig()
        self.forms = FORMS if forms is None else dict(forms)
        self._settings = self.config.model_dump_json()
        self._forms: dict[str, ModuleType] = {}  # loaded so far
        self._known: dict[str, _Known] = {}
        self._cached = 0
        self._lock = threading.Lock()
        _verifiers.add(self)
        self._counts: Counter[Outcome] = Counter()
        self._pool = Pool(
            self.config.workers,
            seconds=self.config.deadline,
            limits=WorkerLimits(memory_bytes=self.config.memory_mb << 20),
            warm=((warm_up, (list(self.forms.values()),)),),
        )
        self._doubts = SecondOpinions(self._pool, second_opinions, self._settings)
        self.suspects = self._doubts.suspects

    @property
    def counts(self) -> Mapping[Outcome, int]:
        """Verdicts given so far, by outcome."""
        return MappingProxyType(self._counts)

    def check(self, tasks: Iterable[str]) -> None:
        """Raise VerifierError if the answers of one of these tasks cannot be verified on this machine."""
        for task in sorted(set(tasks)):
            self._load(task)

    def verify(self, problem: Subject, response: str) -> Verdict:
        """Verify one response; blocks for config.deadline at most, twice that if the machine was too busy."""
        known, extraction, verdict = self._decide(problem, response)
        if verdict is None:
            verdict = self._conclude(known, extraction, self._settle(known, extraction).result())
        return self._count(verdict)

    async def averify(self, problem: Subject, response: str) -> Verdict:
        """Verify one response; suspends only when a worker is needed."""
        known, extraction, verdict = self._decide(problem, response)
        if verdict is None:
            verdict = self._conclude(known, extraction, await asyncio.wrap_future(self._settle(known, extraction)))
        return self._count(verdict)

    def finds_answer(self, problem: Subject, response: str) -> bool:
        """Whether a response states one readable final answer. Looks at neither the gold answer nor the verdict."""
        return self._meet(problem, response)[1].answer is not None

    def verify_now(self, problem: Subject, response: str) -> Verdict | None:
        """Verify one response in this process, without waiting; None when only a worker can decide."""
        return self.verify_each_now(problem, (response,))[0]

    def verify_each_now(self, problem: Subject, responses: Sequence[str]) -> list[Verdict | None]:
        """verify_now for several responses to one problem."""
        known = self._recognize(problem)
        boxed, met, verdicts = known.boxed, known.verdicts, []
        for response in responses:
            # Most answers are in a plain box, and most were verified before.
            plain = plain_box(response) if boxed else ""
            verdict = met.get(plain)
            if verdict is None:
                if plain:
                    extraction = Extraction(plain, "boxed")
                else:
                    extraction, verdict = self._look_up(known, response)
                verdict = verdict or self._work(known, extraction)
            verdicts.append(verdict)
        with self._lock:
            for verdict in verdicts:
                if verdict is not None:
                    self._counts[verdict.outcome] += 1
        return verdicts

    def verify_many(self, pairs: Iterable[tuple[Subject, str]]) -> list[Verdict]:
        """Verify (problem, response) pairs, in all workers when there are many; verdicts in the same order."""
        met = [self._meet(problem, response) for problem, response in pairs]
        unknown = {(known.problem.id, _key(found)): (known, found) for known, found, verdict in met if verdict is None}
        if len(unknown) >= _WORTH_SHARING and self._pool.workers > 1:
            self._share(list(unknown.values()), verify_remotely, self.config.deadline + 0.1 * _SHARE)
        worked = [
            (known, found, verdict or known.verdicts.get(_key(found)) or self._work(known, found))
            for known, found, verdict in met
        ]
        quick = {
            (known.problem.id, _key(found)): (known, found)
            for known, found, verdict in worked
            if verdict is None and getattr(known.form, "SETTLES_QUICKLY", False)
        }
        if len(quick) > 1:
            self._share(list(quick.values()), settle_all_remotely, self.config.deadline)
        settling: list[tuple[_Known, Extraction, Verdict | Future[Reply]]] = []
        for known, extraction, verdict in worked:
            decided = verdict or known.verdicts.get(_key(extraction))
            settling.append((known, extraction, decided or self._settle(known, extraction)))
        verdicts = []
        for known, extraction, settled in settling:
            if isinstance(settled, Future):
                verdicts.append(self._count(self._conclude(known, extraction, settled.result())))
            else:
                verdicts.append(self._count(settled))
        return verdicts

    def _share(
        self, unknown: list[tuple[_Known, Extraction]], function: Callable[..., list[Any]], seconds: float
    ) -> None:
        """Verify in the workers, many pairs per message, and remember the verdicts."""
        shares = [unknown[start : start + _SHARE] for start in range(0, len(unknown), _SHARE)]
        replies = [
            self._pool.submit(
                function,
                [
                    [pack_subject(known.problem, known.form.__name__), pack_extraction(extraction)]
                    for known, extraction in share
                ],
                self._settings,
                seconds=seconds,
            )
            for share in shares
        ]
        for share, future in zip(shares, replies, strict=True):
            reply = future.result()
            if reply.kind is not ReplyKind.DONE:
                continue  # decided here, one by one
            for (known, extraction), packed in zip(share, reply.value, strict=True):
                if packed is not None:
                    self._remember(known, extraction, _timed(unpack_verdict(packed), reply.seconds / len(share)))

    def settled(self) -> None:
        """Wait for every second opinion requested so far."""
        self._doubts.settled()

    def close(self) -> None:
        """End the workers. A later verification that needs one starts them again."""
        self._pool.close()

    def _after_fork(self) -> None:
        """Reset in a forked child, where no thread can release the lock or deliver an opinion."""
        self._lock = threading.Lock()
        self._doubts.after_fork()

    def _decide(self, problem: Subject, response: str) -> tuple[_Known, Extraction, Verdict | None]:
        """The verdict, if this process can give it: from the extraction, the cache, or the form's bounded part."""
        known, extraction, verdict = self._meet(problem, response)
        return known, extraction, verdict or self._work(known, extraction)

    def _meet(self, problem: Subject, response: str) -> tuple[_Known, Extraction, Verdict | None]:
        """The verdict, if the extraction or the cache has it."""
        known = self._recognize(problem)
        return known, *self._look_up(known, response)

    def _recognize(self, problem: Subject) -> _Known:
        known = self._known.get(problem.id)
        if known is None or (known.problem is not problem and known.problem != problem):
            known = self._admit(problem)
        return known

    def _look_up(self, known: _Known, response: str) -> tuple[Extraction, Verdict | None]:
        if known.read is None:
            extraction = extract(response, self.config.answer_format, statements=self.config.statements)
        else:
            extraction = known.read(response, self.config)
        if extraction.answer is None:
            return extraction, Verdict(extraction.outcome or Outcome.UNANSWERED, None, extraction.reason)
        return extraction, known.verdicts.get(_key(extraction))

    def _work(self, known: _Known, extraction: Extraction) -> Verdict | None:
        """The verdict of the form's bounded part, or None."""
        start = time.perf_counter()
        verdict = known.form.verify(known.problem, extraction, self.config)
        if verdict is None:
            return None
        return self._remember(known, extraction, _timed(verdict, time.perf_counter() - start))

    def _admit(self, problem: Subject) -> _Known:
        """Load the form for a problem that is new, or changed since it was last verified."""
        form = self._load(problem.task)
        read = getattr(form, "read", None)
        known = _Known(problem, form, read, read is None and self.config.answer_format is not AnswerFormat.TAG)
        with self._lock:
            if len(self._known) >= _PROBLEMS_KEPT:
                forgotten = self._known.pop(next(iter(self._known)))
                self._cached -= len(forgotten.verdicts)
            self._known[problem.id] = known
        return known

    def _load(self, task: str) -> ModuleType:
        """The form of a task. Raises VerifierError if it cannot be loaded, or not be used on this machine."""
        if (form := self._forms.get(task)) is not None:
            return form
        form = load_form(task, self.forms)
        if check_machine := getattr(form, "check_machine", None):
            check_machine(self.config)
        self._forms[task] = form
        return form

    def _settle(self, known: _Known, extraction: Extraction) -> Future[Reply]:
        """Run the unbounded part of a form in a worker."""
        allowed = getattr(known.form, "allowed_seconds", None)
        seconds = allowed(known.problem, self.config) if allowed else None
        return self._pool.submit(settle_remotely, *known.packed(extraction), self._settings, seconds=seconds)

    def _conclude(self, known: _Known, extraction: Extraction, reply: Reply) -> Verdict:
        return self._remember(known, extraction, _from_reply(reply, extraction))

    def _remember(self, known: _Known, extraction: Extraction, verdict: Verdict) -> Verdict:
        """Keep a verdict for the next equal answer; a killed verification may end otherwise, and is not kept."""
        if verdict.outcome in (Outcome.TIMED_OUT, Outcome.ERROR):
            return verdict
        with self._lock:
            if self._cached >= self.config.cache_size:
                self._known.clear()
                self._cached = 0
            self._cached += 1 + len(extraction.answer or "") // _LONG_ANSWER
            known.verdicts[_key(extraction)] = _timed(verdict, 0.0)
        if hasattr(known.form, "second_opinion"):
            self._doubts.ask(known.problem, known.form.__name__, extraction, verdict)
        return verdict

    def _count(self, verdict: Verdict) -> Verdict:
        with self._lock:
            self._counts[verdict.outcome] += 1
        return verdict


def _key(extraction: Extraction) -> str | Extraction:
    return extraction if extraction.parts or extraction.answer is None else extraction.answer


def _timed(verdict: Verdict, seconds: float) -> Verdict:
    return Verdict(verdict.outcome, verdict.answer, verdict.reason, verdict.canonical, seconds)


def _from_reply(reply: Reply, extraction: Extraction) -> Verdict:
    if reply.kind is ReplyKind.DONE:
        return _timed(unpack_verdict(reply.value), reply.seconds)
    if reply.kind is ReplyKind.FAILED:
        return Verdict(Outcome.ERROR, extraction.answer, f"the verifier failed: {reply.value}")
    if reply.kind is ReplyKind.CLOSED:
        return Verdict(Outcome.ERROR, extraction.answer, "the verifier was closed")
    return Verdict(Outcome.TIMED_OUT, extraction.answer, f"the worker was lost: {reply.kind.value}")


def check_gold(problem: Subject, forms: Mapping[str, str] | None = None) -> str | None:
    """Why the problem's own answer cannot be used, or None when it can; called when problems are loaded.

    forms: as for Verifier. Raises VerifierError if the task's form cannot be imported, MissingLibraryError if its
    library is absent.
    """
    forms = FORMS if forms is None else forms
    if mistake := unknown_task(problem.task, forms):
        return mistake
    check: Callable[[Subject], str | None] | None = getattr(load_form(problem.task, forms), "check_gold", None)
    return check(problem) if check else None


def gold_caveat(problem: Subject, forms: Mapping[str, str] | None = None) -> str | None:
    """Why only an answer written like the problem's own can be graded, or None when others can, too.

    forms and errors: as for check_gold. Any other answer to this problem gets the outcome ERROR.
    """
    forms = FORMS if forms is None else forms
    if unknown_task(problem.task, forms):
        return None
    caveat: Callable[[Subject], str | None] | None = getattr(load_form(problem.task, forms), "gold_caveat", None)
    return caveat(problem) if caveat else None


_default_lock = threading.Lock()
_default: Verifier | None = None


def _forget_threads() -> None:
    global _default_lock  # noqa: PLW0603 - in a forked child, a thread of the parent may have held it
    _default_lock = threading.Lock()
    for verifier in tuple(_verifiers):
        verifier._after_fork()  # noqa: SLF001 - this module's own


os.register_at_fork(after_in_child=_forget_threads)


def _shared() -> Verifier:
    global _default  # noqa: PLW0603 - one lazy verifier for the module functions
    with _default_lock:
        if _default is None:
            _default = Verifier()
        return _default


def verify(problem: Subject, response: str) -> Verdict:
    """Verify one response with the default configuration."""
    return _shared().verify(problem, response)


def verify_many(pairs: Iterable[tuple[Subject, str]]) -> list[Verdict]:
    """Verify (problem, response) pairs with the default configuration; verdicts in the same order."""
    return _shared().verify_many(pairs)
