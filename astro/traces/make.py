"""Make training traces from a search tree: evaluate, linearize, rewrite, verify, filter."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from astro.errors import ConfigError, EngineDeadError, SamplingError
from astro.models.asking import Model
from astro.models.completion import Sampler
from astro.models.prompting import PromptFormat
from astro.models.seeds import derive_seed
from astro.records.cost import Cost
from astro.records.problem import Problem
from astro.records.trace import Kind, Move, Origin, Trace
from astro.records.tree import Terminal, Tree
from astro.tasks import task_of
from astro.traces.claims import claims_success
from astro.traces.config import Control, FalseStatements, Rewriting, TracesConfig
from astro.traces.counts import shape_counts
from astro.traces.evaluation import Evaluator
from astro.traces.falsehoods import count_false, with_denials
from astro.traces.fidelity import Role, essence
from astro.traces.filters import Refusal, Reject, refusal
from astro.traces.linearize import Plan, Unused, control_plans, correct_terminals, linearize, wrong_terminals
from astro.traces.prompting import load_prompts
from astro.traces.rewrite import RejectedRewrite, Rewriter, Rewritten
from astro.verify import Verifier

# Ends that no trace can have. If a tree has only these, they explain why it gave no traces.
_NO_END = {
    Terminal.TRUNCATED: Unused.TRUNCATED,
    Terminal.DEPTH: Unused.DEPTH,
    Terminal.UNANSWERED: Unused.UNANSWERED,
}


@dataclass(frozen=True, slots=True)
class TraceOutcome:
    """The traces of one tree.

    traces: direct, search and control traces. If controls are made, their number equals that of the others together;
        if too few correct paths pass the filters, counts has the difference as control.missing.
    rejects: traces that were rewritten and rejected.
    rewrites: replies of the rewriter that failed a check.
    counts: by name: terminals.correct, terminals.wrong, votes.*, judge.*, unused.*, rewrite.*, faults.*, entailment.*,
        refused.*, control.*, and those of astro.traces.counts.
    cost: of all model calls, for traces and self-evaluation.
    """

    traces: tuple[Trace, ...]
    rejects: tuple[Reject, ...]
    rewrites: tuple[RejectedRewrite, ...]
    counts: Counter[str]
    cost: Cost


async def make_traces(
    tree: Tree,
    problem: Problem,
    sampler: Sampler,
    prompt_format: PromptFormat,
    verifier: Verifier,
    *,
    config: TracesConfig,
    origin: Origin,
    rewriter: Model | None = None,
    judge: Model | None = None,
    judge_wrong: bool = False,
) -> TraceOutcome:
    """Make the traces of one tree. All are rewritten concurrently.

    sampler, prompt_format: the solver's. rewriter, judge: the models that rewrite and vote; None takes the solver.
    Without a judge, rewrites that the rules cannot decide are rejected.
    judge_wrong: also ask for votes on some wrong ends, to measure the judge.

    The same tree, configuration, origin.seed and models give the same traces, whatever else is in flight.
    Raises EngineDeadError if the engine dies. If the engine rejects a request, only its trace is lost.
    """
    solver, prompts, ends = Model(sampler, prompt_format), load_prompts(config.prompts), prompt_format.end_stop
    work = _Work(
        Rewriter(rewriter or solver, judge, ends, prompts, config, origin.seed, tree, problem),
        Evaluator(judge or solver, prompts, config, origin.seed, end_stop=ends),
        prompt_format,
        verifier,
        origin,
        judge_wrong=judge_wrong,
    )
    return await work.run()


class _Work:
    """The state of one make_traces call."""

    def __init__(
        self,
        rewriter: Rewriter,
        evaluator: Evaluator,
        prompt_format: PromptFormat,
        verifier: Verifier,
        origin: Origin,
        *,
        judge_wrong: bool,
    ) -> None:
        self._judge_wrong = judge_wrong
        self._rewriter, self._evaluator, self._verifier, self._origin = rewriter, evaluator, verifier, origin
        self._prompt_format = prompt_format
        self._tree, self._problem, self._config = rewriter.tree, rewriter.problem, rewriter.config
        self._task = task_of(self._problem)
        self._counts: Counter[str] = Counter()
        self._cost = Cost()
        self._rejects: list[Reject] = []
        self._rewrites: list[RejectedRewrite] = []

    async def run(self) -> TraceOutcome:
        rng = random.Random(derive_seed(self._origin.seed, self._problem.id, "linearize"))  # noqa: S311 - not secrets
        kept = await self._kept(rng)
        plans, unused = linearize(self._tree, kept, self._usable_wrong(), self._config, rng)
        controls, spare = [], []
        if self._config.control is not Control.NONE:
            spare = control_plans(self._tree, kept, max(len(plans), len(kept)), rng)
            controls = spare[: len(plans)]
        named = [*enumerate(plans), *enumerate(controls)]
        traces = await asyncio.gather(*(self._trace(plan, f"{plan.kind}-{index}") for index, plan in named))
        self._counts.update({f"unused.{why}": count for why, count in unused.items()})
        self._counts[f"rewrite.{self._config.rewrite}.problems"] += 1
        accepted: list[Trace] = []
        for trace in traces[: len(plans)]:
            if trace is not None and self._passes(trace, accepted):
                accepted.append(trace)
        control = await self._control(spare, traces[len(plans) :], len(accepted))
        self._counts.update(shape_counts(self._tree, self._problem, accepted))
        for reject in self._rejects:
            self._counts[f"refused.{reject.reason}"] += 1
        for trace in [*accepted, *control]:
            self._counts[f"traces.{trace.kind}"] += 1
        rewrites = sorted(self._rewrites, key=lambda found: (found.trace_id, found.visit, found.attempt))
        return TraceOutcome((*accepted, *control), tuple(self._rejects), tuple(rewrites), +self._counts, self._cost)

    async def _kept(self, rng: random.Random) -> list[int]:
        """Correct terminals that pass self-evaluation, at most as many as different traces can use."""
        tree, correct = self._tree, correct_terminals(self._tree)
        sound = [node for node in correct if not self._task.right_by_luck(self._problem, self._steps(node))]
        evaluator = self._evaluator
        kept, refused = await evaluator.agreed(tree, self._problem, sound, 1 + self._config.searches, rng)
        self._counts["terminals.correct"] += len(correct)
        for kind in tree.terminal if not correct else ():
            if kind in _NO_END:
                self._counts[f"unused.{_NO_END[kind]}"] += 1
        self._counts[f"unused.{Unused.BY_LUCK}"] += len(correct) - len(sound)
        self._counts[f"unused.{Unused.NOT_AGREED}"] += refused
        if self._judge_wrong:
            await evaluator.measure_on_wrong(tree, self._problem, wrong_terminals(tree))
        self._counts.update(evaluator.counts)
        self._cost += evaluator.cost
        return kept

    def _usable_wrong(self) -> list[int]:
        """Wrong terminals that a doubt can follow: they do not claim success, or the claim can be removed."""
        tree, wrong = self._tree, wrong_terminals(self._tree)
        right = {tree.canonical[node] for node in correct_terminals(tree)} - {
            None
        }  # not every task has a canonical form
        usable = []
        for node in wrong:
            steps = self._steps(node)
            beyond_words = tree.canonical[node] in right or self._task.shows_success(self._problem, steps)
            # Claims are removed only from the terminal. If its text is empty, earlier claims remain.
            said = next((step for step in reversed(steps) if essence(step, Role.WRONG_END)), steps[-1])
            beyond_words |= said is not steps[-1] and claims_success(self._problem, said)
            claims = claims_success(self._problem, steps[-1])
            if beyond_words or (claims and not self._config.mend_claims):
                self._counts[f"unused.{Unused.CLAIMS_SUCCESS}"] += 1
            elif self._task.misquotes(self._problem, steps[-1]):
                self._counts[f"unused.{Unused.MISQUOTED}"] += 1
            else:
                self._counts["terminals.mended"] += claims
                usable.append(node)
        self._counts["terminals.wrong"] += len(wrong)
        return usable

    def _steps(self, node: int) -> list[str]:
        return [self._tree.text[step] for step in self._tree.path(node)[1:]]

    async def _trace(self, plan: Plan, name: str) -> Trace | None:
        """Rewrite and verify one plan. None, with a reject, if the rewriter rejected the request."""
        if self._keeps_steps(plan.kind):
            return await self._finish(plan, name, self._rewriter.with_original_steps(plan))
        rewritten = Rewritten(self._id(name))
        try:
            await self._rewriter.rewrite(plan, name, rewritten)
        except EngineDeadError:
            raise
        except SamplingError as error:
            self._note(rewritten)
            self._refuse(self._id(name), plan.kind, Refusal.NOT_REWRITTEN, str(error), "")
            return None
        return await self._finish(plan, name, rewritten)

    def _keeps_steps(self, kind: Kind) -> bool:
        original = kind is Kind.CONTROL and self._config.control is Control.ORIGINAL
        return original or self._config.rewrite is Rewriting.NONE

    async def _finish(self, plan: Plan, name: str, rewritten: Rewritten) -> Trace:
        thoughts = rewritten.thoughts
        if not self._config.phrases_in_text:
            moves = (visit.move for visit in plan.visits)
            thoughts = ["" if move is Move.REFLECT else thought for move, thought in zip(moves, thoughts, strict=True)]
        if self._config.false_statements is FalseStatements.NAME:
            thoughts = with_denials(self._problem, plan.visits, thoughts)
        text = self._config.separator.join(thought for thought in thoughts if thought)
        prompt_ids = self._prompt_format.solve_ids(self._problem.prompt)
        verdict = await self._verifier.averify(self._problem, text)
        self._note(rewritten)
        return Trace(
            id=self._id(name),
            problem_id=self._problem.id,
            tree_id=f"{self._problem.id}@{self._tree.seed}",
            kind=plan.kind,
            visits=plan.visits,
            thoughts=tuple(thoughts),
            text=text,
            verdict=replace(verdict, seconds=0.0),
            checked=rewritten.checked,
            first_try=rewritten.first_try,
            retries=rewritten.retries,
            fallbacks=rewritten.fallbacks,
            prompt_tokens=len(prompt_ids),
            completion_tokens=self._length(prompt_ids, text),
            cost=rewritten.cost,
            prompts=self._rewriter.prompts.version,
            origin=self._origin,
            false_statements=count_false(self._problem, plan.visits, thoughts),
        )

    def _note(self, rewritten: Rewritten) -> None:
        """Add the cost and the counts of a trace's rewriting."""
        self._cost += rewritten.cost
        for count in ("checked", "first_try", "retries", "fallbacks"):
            self._counts[f"rewrite.{count}"] += getattr(rewritten, count)
        for count in ("checked", "first_try"):
            self._counts[f"rewrite.{self._config.rewrite}.{count}"] += getattr(rewritten, count)
        self._counts.update(rewritten.entailment)
        self._counts.update(f"faults.{found.reason}" for found in rewritten.rejected)
        self._rewrites += rewritten.rejected

    def _length(self, prompt_ids: Sequence[int], text: str) -> int | None:
        try:
            return len(self._prompt_format.continuation_ids(prompt_ids, text))
        except ConfigError:  # the tokenizer cannot encode this text
            return None

    async def _control(self, plans: Sequence[Plan], rewritten: Sequence[Trace | None], count: int) -> list[Trace]:
        """The first count control traces. One that fails the filters is replaced by a path of original steps.

        plans: those of rewritten, in the same order, then further ones as replacements.
        """
        traces = []
        refused: set[int] = set()  # correct terminals whose original steps fail the filters
        for index, (plan, trace) in enumerate(zip(plans[:count], rewritten, strict=False)):
            if trace is not None and self._passes(trace, ()):
                traces.append(trace)
                continue
            if self._keeps_steps(plan.kind):
                refused.add(plan.correct)
            replacement = await self._replacement([plan, *plans], refused, index)
            self._counts["control.original"] += replacement is not None
            self._counts["control.missing"] += replacement is None
            traces += [replacement] if replacement is not None else []
        return traces

    async def _replacement(self, plans: Sequence[Plan], refused: set[int], index: int) -> Trace | None:
        """The first of the plans whose original steps pass the filters. Adds those that fail to refused."""
        for plan in plans:
            if plan.correct not in refused:
                name = f"{plan.kind}-original-{index}-{plan.correct}"
                original = await self._finish(plan, name, self._rewriter.with_original_steps(plan))
                if self._passes(original, ()):
                    return original
                refused.add(plan.correct)
        return None

    def _passes(self, trace: Trace, accepted: Sequence[Trace]) -> bool:
        found = refusal(trace, self._problem, accepted, self._config, self._prompt_format.instruction)
        if found is not None:
            self._refuse(trace.id, trace.kind, *found, trace.text)
        return found is None

    def _refuse(self, trace_id: str, kind: Kind, reason: Refusal, detail: str, text: str) -> None:
        self._rejects.append(Reject(trace_id, self._problem.id, kind, reason, detail, text))

    def _id(self, name: str) -> str:
        return f"{self._problem.id}/{name}"
