"""What makes the tree and the traces of a problem: opened models, the verifier and the settings of both stages.

A process has one: `astro run`, each worker of `astro work`, each actor of `astro ray`.
"""

import time
from dataclasses import dataclass, replace
from typing import Self

from astro import __version__
from astro.models.asking import Model
from astro.models.engine import Engine
from astro.models.prompting import PromptFormat
from astro.models.roles import OpenModels
from astro.problems import Problem
from astro.recipes.rl import rl_row
from astro.records.columns import Row
from astro.run.opening import Making, Stages
from astro.run.seams import Seams
from astro.search import SearchSetup, Tree
from astro.search.waves import WaveKeeper
from astro.store import Entry
from astro.store.entries import traces_entry
from astro.traces import Origin, Rewriting, TraceOutcome, TracesConfig, make_traces
from astro.verify import Verifier


@dataclass(frozen=True, slots=True)
class Tracing:
    """What making traces needs beside a tree.

    judge: None if the run names no judge: the solver votes, and rewrites that the rules cannot decide are rejected.
    """

    config: TracesConfig
    origin: Origin
    rewriter: Model
    judge: Model | None


@dataclass(frozen=True, slots=True)
class MadeTraces:
    """The traces of one tree, the problem's row in the data set rl, and the seconds it took."""

    problem_id: str
    outcome: TraceOutcome
    rl: Row
    seconds: float

    def entry(self, source: str) -> Entry:
        """The entry of the traces stage. source: the digest of the tree's entry."""
        return traces_entry(self.problem_id, self.outcome, self.rl, self.seconds, source)


@dataclass(frozen=True, slots=True)
class Workshop:
    """Opened models and settings. searching, tracing: None where that stage is not wanted.

    live: trees that grow, and trees that become traces, at once.
    """

    models: OpenModels
    engine: Engine
    prompt_format: PromptFormat
    verifier: Verifier
    searching: SearchSetup | None
    tracing: Tracing | None
    live: int

    @classmethod
    def open(
        cls,
        making: Making,
        stages: Stages,
        models: OpenModels,
        verifier: Verifier,
        waves: WaveKeeper | None = None,
    ) -> Self:
        """Load the models that the stages need. Raises what open_sampler and PromptFormat raise.

        waves: as in SearchSetup.
        """
        seams, roles = making.seams, making.seams.roles
        engine, prompt_format = models.solver, PromptFormat(seams.prompt, models.solver.tokenizer)
        needs_scorer = stages.search and making.search.evaluator.needs_scorer
        scorer = roles.scorer.open(models.of, seams.seed) if roles.scorer is not None and needs_scorer else None
        searching, tracing = None, None
        if stages.search:
            setup = SearchSetup.of(
                prompt_format,
                engine,
                verifier,
                making.search,
                seed=seams.seed,
                answer_format=seams.verify.answer_format,
                statements=seams.verify.statements,
                scorer=scorer,
            )
            searching = replace(setup, waves=waves)
        if stages.traces:
            rewriter = models.role(roles.rewriter)
            judge = models.role(roles.judge) if roles.judge is not None else None
            tracing = Tracing(making.traces, origin_of(seams), rewriter, judge)
        return cls(models, engine, prompt_format, verifier, searching, tracing, making.search.live_trees)

    async def make_traces(self, problem: Problem, tree: Tree, mode: Rewriting, *, judge_wrong: bool) -> MadeTraces:
        """The traces of one tree. Raises EngineDeadError.

        mode: replaces traces.rewrite. judge_wrong: see astro.traces.make_traces.
        """
        assert self.tracing is not None, "traces are not wanted"
        begun = time.monotonic()
        outcome = await make_traces(
            tree,
            problem,
            self.engine,
            self.prompt_format,
            self.verifier,
            config=self.tracing.config.model_copy(update={"rewrite": mode}),
            origin=self.tracing.origin,
            rewriter=self.tracing.rewriter,
            judge=self.tracing.judge,
            judge_wrong=judge_wrong,
        )
        seconds = time.monotonic() - begun
        rl = rl_row(problem, tree, self.prompt_format.training_messages(problem.prompt), self.tracing.origin)
        return MadeTraces(problem.id, outcome, rl, seconds)


def origin_of(seams: Seams) -> Origin:
    """The origin of this run's traces, without the prompt set, which the traces know themselves."""
    names = {
        name: role.engine.model
        for name, role in seams.roles.models().items()
        if role.engine is not None and role.engine.model != seams.engine.model
    }
    tokens = None if seams.engine.gives_tokens else "of_text"
    return Origin(seams.engine.model, seams.identity, seams.seed, __version__, **names, tokens=tokens)
