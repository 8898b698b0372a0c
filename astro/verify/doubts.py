"""Second opinions: workers check a sample of the verdicts with another library, in the background."""

import logging
import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from zlib import crc32

from astro.verify.extraction import Extraction
from astro.verify.pool import Pool, Reply, ReplyKind
from astro.verify.remote import doubt_remotely, pack_extraction, pack_subject
from astro.verify.subject import Subject
from astro.verify.verdict import Outcome, Verdict

_log = logging.getLogger(__name__)
_DOUBTABLE = (Outcome.CORRECT, Outcome.INCORRECT)
_SUSPECTS = 1000


@dataclass(frozen=True, slots=True)
class Suspect:
    """A verdict that a second opinion disagrees with: one of the two is wrong."""

    problem_id: str
    gold: str
    answer: str
    outcome: Outcome
    reason: str


class SecondOpinions:
    """Asks for second opinions in a pool's workers.

    suspects: the latest verdicts that a second opinion disagreed with; each is logged as well.
    """

    def __init__(self, pool: Pool, share: float, settings: str) -> None:
        """Set up; nothing is submitted yet.

        share: how many of the verdicts are checked, from 0 to 1.
        settings: the VerifyConfig as JSON.
        """
        self.suspects: deque[Suspect] = deque(maxlen=_SUSPECTS)
        self._pool, self._share, self._settings = pool, share, settings
        self._asked: list[Future[None]] = []
        self._lock = threading.Lock()

    def after_fork(self) -> None:
        """Reset in a forked child, where no thread can release the lock or deliver an opinion."""
        self._lock = threading.Lock()
        self._asked = []

    def ask(self, problem: Subject, form: str, extraction: Extraction, verdict: Verdict) -> None:
        """Check a verdict if it is in the sample, which is the same in every run; form is the path of its module."""
        if not self._share or verdict.outcome not in _DOUBTABLE:
            return
        key = f"{problem.id} {extraction.answer}".encode("utf-8", "surrogatepass")
        if crc32(key) >= self._share * 2**32:
            return

        compared: Future[None] = Future()

        def compare(future: Future[Reply]) -> None:
            reply = future.result()
            if reply.kind is ReplyKind.DONE and reply.value not in (None, verdict.correct):
                answer = (extraction.answer or "")[:200]
                suspect = Suspect(problem.id, problem.answer[:200], answer, verdict.outcome, verdict.reason)
                self.suspects.append(suspect)
                _log.warning("a second opinion differs: %s", suspect)
            compared.set_result(None)

        with self._lock:
            self._asked = [each for each in self._asked if not each.done()] + [compared]
        packed = pack_subject(problem, form), pack_extraction(extraction)
        asked = self._pool.submit(doubt_remotely, *packed, self._settings)
        asked.add_done_callback(compare)

    def settled(self) -> None:
        """Wait for every second opinion requested so far."""
        with self._lock:
            asked = tuple(self._asked)
        for compared in asked:
            compared.result()
