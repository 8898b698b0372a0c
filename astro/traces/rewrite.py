"""Rewrite a plan as prose with the language model, visit by visit. A thought that fails its checks is replaced."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from astro.models.asking import Message, Model, Reply
from astro.models.control_tokens import inert
from astro.models.seeds import SPACING_BITS, derive_seed
from astro.models.stops import before_stop
from astro.records.cost import Cost
from astro.records.problem import Problem
from astro.records.trace import Move, Visit, is_doubt
from astro.records.tree import Tree
from astro.tasks import task_of
from astro.tasks.expressions import unlabelled
from astro.traces.claims import without_claims
from astro.traces.config import Phrases, Rewriting, TracesConfig
from astro.traces.entailment import Entailment, entails_both_ways
from astro.traces.fidelity import Around, Fault, Finding, Role, backtrack_fault, essence, step_fault
from astro.traces.linearize import Plan
from astro.traces.places import established
from astro.traces.prompting import PromptSet
from astro.verify import Outcome

_HEADING = "## Step "  # as a delimiter, it ends the text of a step, and its number starts the next step
_THINKING = re.compile(r"</?think>")


@dataclass(frozen=True, slots=True)
class RejectedRewrite:
    """A reply of the rewriter that failed a check; the fields are the columns of records.trace.REWRITES."""

    trace_id: str
    problem_id: str
    visit: int
    node: int
    role: str
    attempt: int
    reason: Fault
    detail: str
    step: str
    text: str


@dataclass(slots=True)
class Rewritten:
    """The thoughts of a plan so far.

    trace_id: of the trace to be. thoughts: one per visit, in order.
    checked, first_try, retries, fallbacks: as in Trace. rejected: all replies that failed a check.
    entailment: questions to the judge and their results. cost: of all requests.
    """

    trace_id: str
    thoughts: list[str] = field(default_factory=list)
    checked: int = 0
    first_try: int = 0
    retries: int = 0
    fallbacks: int = 0
    rejected: list[RejectedRewrite] = field(default_factory=list)
    entailment: Counter[str] = field(default_factory=Counter)
    cost: Cost = field(default_factory=Cost)


@dataclass(frozen=True, slots=True)
class _Task:
    """A request for a thought.

    messages: the prompt. role: of the text. source: what to rewrite, or the step to go back to.
    check: of a reply. fallback: the text to use if no reply passes.
    """

    messages: Sequence[Message]
    role: str
    source: str
    check: Callable[[str], Finding | None]
    fallback: str


@dataclass(frozen=True, slots=True)
class Rewriter:
    """Rewrites the plans of one tree. The visits of a plan are rewritten in order; each sees the thoughts before it.

    judge: decides about replies that the rules cannot decide; None rejects them.
    """

    model: Model
    judge: Model | None
    end_stop: Sequence[str]  # strings that end a solution of the solver
    prompts: PromptSet
    config: TracesConfig
    seed: int
    tree: Tree
    problem: Problem

    async def rewrite(self, plan: Plan, name: str, rewritten: Rewritten) -> None:
        """Rewrite a plan into rewritten. name: its place in the run, from which the seeds are derived.

        Raises SamplingError; rewritten then holds the thoughts and the cost so far.
        """
        for index, visit in enumerate(plan.visits):
            if not self._is_asked(plan.visits, index):
                rewritten.thoughts.append(self._unasked(plan.visits, index))
                continue
            thoughts = [thought for thought in rewritten.thoughts if thought]
            task: _Task | None
            if visit.move is Move.BACKTRACK:
                task = self._return(visit.node, left=plan.visits[index - 1].node, thoughts=thoughts)
            else:
                task = self._step(plan.visits, index, thoughts)
            if task is None:
                rewritten.thoughts.append(self._wrong_answer_text(visit.node))
            else:
                rewritten.thoughts.append(await self._ask(task, visit.node, name, rewritten))

    def with_original_steps(self, plan: Plan) -> Rewritten:
        """The plan with the original steps and fixed sentences for backtracks. Sends no request."""
        return Rewritten("", [self._unasked(plan.visits, index) for index in range(len(plan.visits))])

    def _is_asked(self, visits: Sequence[Visit], index: int) -> bool:
        """Whether the rewriter writes the text of a visit."""
        move = visits[index].move
        if move is Move.REFLECT or self.config.rewrite is Rewriting.NONE:
            return False
        is_bridge = move is Move.BACKTRACK or (index > 0 and visits[index - 1].move is Move.BACKTRACK)
        return is_bridge or self.config.rewrite is Rewriting.ALL

    def _unasked(self, visits: Sequence[Visit], index: int) -> str:
        visit = visits[index]
        match visit.move:
            case Move.REFLECT:
                return self._reflection(visits, index)
            case Move.BACKTRACK:
                return self._plain_return(self._named(visit.node))
            case Move.ADVANCE | Move.CONCLUDE:
                return self._bridged(visits, index) or self._original(visit.node, self._role(visits, index))

    def _reflection(self, visits: Sequence[Visit], index: int) -> str:
        verdict = self.config.negative if is_doubt(visits, index) else self.config.positive
        phrases = [self._phrase(among, visits, index) for among in (self.config.doubt, verdict)]
        return " ".join(phrase for phrase in phrases if phrase)

    def _phrase(self, among: Phrases, visits: Sequence[Visit], index: int) -> str:
        """One phrase: of several, the next at each reflection of the trace, from a start that differs by trace."""
        if isinstance(among, str):
            return among
        if not among:
            return ""
        start = derive_seed(self.seed, self.problem.id, "phrases", *(visit.node for visit in visits)) >> SPACING_BITS
        before = sum(visit.move is Move.REFLECT for visit in visits[:index])
        return among[(start + before) % len(among)]

    async def _ask(self, task: _Task, node: int, name: str, rewritten: Rewritten) -> str:
        rewritten.checked += 1
        visit = len(rewritten.thoughts)
        for attempt in range(self.config.retries + 1):
            seed = derive_seed(self.seed, self.problem.id, "rewrite", f"{name}/{visit}", attempt)
            replies, cost = await self.model.ask(
                task.messages,
                seed,
                temperature=self.config.rewrite_temperature,
                max_tokens=self.config.rewrite_max_tokens,
            )
            rewritten.cost += cost
            rewritten.retries += attempt > 0
            text = replies[0].text
            found = await self._finding(task, replies[0], seed, rewritten)
            if found is None:
                rewritten.first_try += attempt == 0
                return unlabelled(text)
            where = (rewritten.trace_id, self.problem.id, visit, node, task.role, attempt)
            rewritten.rejected.append(RejectedRewrite(*where, found.fault, found.detail, task.source, text))
        rewritten.fallbacks += 1
        return task.fallback

    async def _finding(self, task: _Task, reply: Reply, seed: int, rewritten: Rewritten) -> Finding | None:
        """What is wrong with a reply; the judge decides where the rules cannot."""
        if not reply.finished:
            return Finding(Fault.UNFINISHED, f"cut at traces.rewrite_max_tokens={self.config.rewrite_max_tokens}")
        found = task.check(reply.text)
        if found is None or found.fault is not Fault.UNDECIDED or self.judge is None:
            return found
        verdict, cost = await entails_both_ways(
            self.judge, self.prompts, task.source, reply.text, seed, max_tokens=self.config.evaluation_max_tokens
        )
        rewritten.cost += cost
        rewritten.entailment.update({"entailment.asked": 1, f"entailment.{verdict}": 1})
        return None if verdict is Entailment.SAME else Finding(Fault.NOT_ENTAILED, f"{verdict}: {found.detail}")

    def _step(self, visits: Sequence[Visit], index: int, thoughts: Sequence[str]) -> _Task | None:
        """The request for a step as a thought; None if the step says nothing."""
        node, role = visits[index].node, self._role(visits, index)
        step = self._text(node)
        core = essence(step, role)
        if not core:
            return None
        around = Around(self.problem, thoughts)
        return _Task(
            self.prompts.rewrite(self.problem.prompt, thoughts, step, core, role),
            role,
            core,
            lambda thought: step_fault(thought, step, role, around),
            self._original(node, role),
        )

    def _return(self, node: int, *, left: int, thoughts: Sequence[str]) -> _Task:
        """The request for the sentence that goes back from the node left to an ancestor.

        Steps that establish nothing cannot be named, so the sentence then goes back to the beginning.
        """
        path = self._named(node)
        if not self._place(path):
            path = []
        abandoned = [self._text(step) for step in self.tree.path(left)[self.tree.depth[node] + 1 :]]
        around = Around(self.problem, thoughts)
        return _Task(
            self.prompts.backtrack(self.problem.prompt, thoughts, path[-1] if path else None),
            "backtrack",
            path[-1] if path else "",
            lambda thought: backtrack_fault(thought, path, abandoned, around),
            self._plain_return(path),
        )

    def _named(self, node: int) -> list[str]:
        """The steps on the path to a node, without blank ones, which cannot be named."""
        steps = [self._text(step) for step in self.tree.path(node)[1:]]
        return [step for step in steps if essence(step, Role.STEP)]

    def _text(self, node: int) -> str:
        """A step without its separators: heading, label, marks of a thinking model, end string."""
        text = self.tree.text[node].removesuffix(_HEADING)
        for stop in self.end_stop:
            text = before_stop(text, stop)
        if self.tree.text[self.tree.parent[node]].endswith(_HEADING):
            text = _HEADING + text
        return unlabelled(_THINKING.sub("", text)).strip()

    def _role(self, visits: Sequence[Visit], index: int) -> Role:
        visit = visits[index]
        if visit.move is Move.CONCLUDE:
            return Role.RIGHT_END
        return Role.WRONG_END if self.tree.outcome[visit.node] is Outcome.INCORRECT else Role.STEP

    def _original(self, node: int, role: Role) -> str:
        """The step as the model wrote it, adapted to its role in a trace."""
        text = essence(self._text(node), role)
        if role is Role.WRONG_END:
            text = without_claims(self.problem, text) or self._wrong_answer_text(node)
        return inert(text)

    def _wrong_answer_text(self, node: int) -> str:
        """The text for a step that says nothing but a wrong answer, or nothing at all."""
        answer = self.tree.answer[node]
        return f"That gives {inert(answer)}." if answer else ""

    def _plain_return(self, path: Sequence[str]) -> str:
        """A fixed sentence that goes back to the end of a path of steps, without the language model."""
        return self._place(path) or "Let's restart our solution from the beginning."

    def _bridged(self, visits: Sequence[Visit], index: int) -> str:
        """A step after a return in words of its task that say what was tried there last; "" of other steps."""
        if index < 2 or visits[index - 1].move is not Move.BACKTRACK:
            return ""
        there, left = visits[index - 1].node, visits[index - 2].node
        tried = self.tree.path(left)[self.tree.depth[there] + 1]
        steps = [inert(essence(self._text(step), Role.STEP)) for step in (tried, visits[index].node)]
        return task_of(self.problem).bridged(self.problem, *steps)

    def _place(self, path: Sequence[str]) -> str:
        """A sentence that quotes the last thing that a path of steps established; "" if nothing was."""
        steps = [inert(essence(step, Role.STEP)) for step in path]
        if left := task_of(self.problem).state(self.problem, steps[-1] if steps else None):
            return f"Let's go back to where we had {left.removesuffix('.')}."
        if found := established(steps):
            return f"Let's go back to where we had this: {found}"
        return ""
