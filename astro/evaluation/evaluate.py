"""Evaluate a model on problem sets and write its responses and figures.

    FOLDER/SET/settings.yaml              the settings and inputs, written first
    FOLDER/SET/responses.parquet          one row a response; costs.parquet: one a problem; complete.json: their marker
    FOLDER/SET/judged-JUDGE/              the same for a judge of the behaviours: judged.parquet
    FOLDER/SET/figures.json               the figures; written last

While responses arrive, the folder holds a journal; the same call resumes from it. Each control
(EvaluationConfig.continuations) is a separate evaluation, in FOLDER+nudge/SET and FOLDER+ask_again/SET. Its pass@1,
tokens and gain are also in FOLDER/SET/figures.json, under continued.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from astro.errors import StoreError
from astro.evaluation.contamination import find_contamination
from astro.evaluation.figures import figures_of, gain_of
from astro.evaluation.inputs import model_fingerprint, problems_fingerprint
from astro.evaluation.judging import JUDGED, judge_all, judge_fingerprint, with_judgements
from astro.evaluation.responses import RESPONSES, Asked, continue_all, sample_all
from astro.evaluation.settings import Continuation, EvaluationConfig, JudgeConfig
from astro.models.engine import Engine, EngineSection, open_sampler
from astro.models.engines import ENGINES
from astro.models.prompt_settings import PromptConfig
from astro.models.prompting import THINK_FOR, PromptFormat
from astro.records.cost import COSTS
from astro.records.problem import Problem
from astro.store.atomic import read_sealed, write_sealed, writing
from astro.store.claim import Claim, Refusal
from astro.store.facts import total_cost
from astro.store.stage import Stage
from astro.tasks import make_verifier
from astro.verify import Verifier, VerifyConfig

FIGURES = "figures.json"
_OF_CONTINUED = ("pass_at_1", "tokens")  # the figures of a continuation that the free evaluation's file repeats
_OTHER = Refusal(
    "holds an evaluation that differs from this one",
    "Give the same settings, another folder or another name of the set, or delete that folder.",
)
# These change the speed and not the result, so they may differ when an evaluation resumes.
# The responses do not depend on these: if they change, only the judgements or the figures are made again.
_OF_FIGURES = frozenset({"settings.evaluation.resamples", "settings.evaluation.judge", "inputs.training"})

OpenEngine = Callable[[EngineSection], Engine]
Progress = Callable[[str, int, int], None]
"""Called with the name of a set, the number of its finished problems, and their total."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The settings of an evaluation, the same for all models compared; sections of a run's configuration.

    engine: its model is replaced by the evaluated one. seed: of the run. sentence: requests evaluation.think_tokens, if
    they are set.
    """

    engine: EngineSection
    evaluation: EvaluationConfig
    prompt: PromptConfig = field(default_factory=PromptConfig)
    verify: VerifyConfig = field(default_factory=VerifyConfig)
    seed: int = 0
    sentence: str = THINK_FOR

    def engine_for(self, model: str) -> EngineSection:
        """The engine that serves a model; an engine of another kind takes the settings that both kinds have."""
        kind = self.evaluation.engine or self.engine.kind
        return self.engine.as_kind(ENGINES[kind]).with_model(model)

    def continued(self, continuation: Continuation | None) -> dict[str, Any]:
        """What continued responses depend on beside settings(); nothing for free ones."""
        if continuation is None:
            return {}
        text = {"nudge_text": self.evaluation.nudge_text} if continuation is Continuation.NUDGE else {}
        return {"continuation": continuation.value, **text}

    def settings(self) -> dict[str, Any]:
        """What the responses depend on, beside the model and the problems."""
        evaluation = self.evaluation.model_dump(
            mode="json", exclude={"sets", "engine", "think_tokens", "control", "base", "continuations", "nudge_text"}
        )
        if self.evaluation.think_tokens is not None:
            evaluation["asks"] = self.sentence.replace("{tokens}", str(self.evaluation.think_tokens))
        engine = self.engine_for("")
        return {
            "seed": self.seed,
            "evaluation": evaluation,
            "engine": engine.model_dump(mode="json", exclude={"model", *engine.speed}),
            "prompt": self.prompt.model_dump(mode="json"),
            "verify": self.verify.model_dump(mode="json", exclude=set(self.verify.SPEED)),
        }


def evaluate_model(
    name: str,
    model: str,
    sets: Mapping[str, Sequence[Problem]],
    how: Arrangement,
    folder: Path,
    *,
    training: Sequence[Problem] | None = None,
    engine: Engine | None = None,
    open_engine: OpenEngine = open_sampler,
    progress: Progress = lambda *_: None,
) -> dict[str, dict[str, Any]]:
    """Evaluate a model on problem sets and return the content of each set's figures.json, by the set's name.

    name: of the model in tables, such as astro-sft. model: its folder or hub name. folder: gets a folder for each set.
    training: what the model was trained on, for the contamination check. engine: already open with this model; it stays
    open. Without it, one is opened if responses are missing, and closed before this returns, so that the next model can
    be loaded.

    Raises StoreError if a folder holds another evaluation, ConfigError and SamplingError as the engine does.
    """
    judge = how.evaluation.judge
    judged_by = None if judge is None else judge_fingerprint(judge)  # reports its mistakes before a model is loaded
    if engine is None and not folder.exists():
        how.engine_for(model).check()
    fingerprint = model_fingerprint(model)
    trained_on = None if training is None else problems_fingerprint(training)

    def begin(set_name: str, problems: Sequence[Problem], continuation: Continuation | None) -> _Study:
        suffix = "" if continuation is None else f"+{continuation}"
        inputs = {"model": fingerprint, "problems": problems_fingerprint(problems), "training": trained_on}
        settings = how.settings() | how.continued(continuation)
        identity = {"model": f"{name}{suffix}", "set": set_name, "settings": settings, "inputs": inputs}
        return _Study(folder.with_name(f"{folder.name}{suffix}") / set_name, problems, identity, training)

    with ExitStack() as stack:
        free = {set_name: stack.enter_context(begin(set_name, problems, None)) for set_name, problems in sets.items()}
        continued = {
            (set_name, continuation): stack.enter_context(begin(set_name, problems, continuation))
            for continuation in how.evaluation.continued
            for set_name, problems in sets.items()
        }
        studies = [*free.values(), *continued.values()]
        unanswered = [study for study in studies if not study.answered]
        if unanswered:
            verifier = make_verifier(how.verify)
            stack.callback(verifier.close)
            verifier.check(problem.task for study in unanswered for problem in study.problems)
            opened = engine or open_engine(how.engine_for(model))
            asyncio.run(_answer(opened, verifier, how, (free, continued), progress, close=engine is None))
        for study in studies:
            study.stage.finish(study.order)
        for study in free.values():
            if judged_by is not None:
                study.judge_with(judged_by)
        unjudged = [study for study in free.values() if study.judging is not None and not study.judging.complete]
        if judge is not None and unjudged:
            asyncio.run(_judge(open_engine(judge.engine), judge, how.seed, unjudged))
        concluded = {}
        for set_name, study in free.items():
            controls = {str(each): control for (name, each), control in continued.items() if name == set_name}
            concluded[set_name] = study.conclude(how, controls)
        return concluded


async def _answer(
    engine: Engine,
    verifier: Verifier,
    how: Arrangement,
    studies: tuple[Mapping[str, "_Study"], Mapping[tuple[str, Continuation], "_Study"]],
    progress: Progress,
    *,
    close: bool,
) -> None:
    """Sample the free responses of every set, then continue them."""
    free, continued = studies
    try:
        prompt_format = PromptFormat(how.prompt, engine.tokenizer)

        def asked(set_name: str) -> Asked:
            return Asked(engine, prompt_format, verifier, how.evaluation, set_name, how.seed, how.sentence)

        for name, study in free.items():
            if not study.answered:
                await sample_all(asked(name), study.problems, study.stage, partial(progress, name))
            study.stage.finish(study.order)
        for (name, continuation), study in continued.items():
            if not study.answered:
                table = free[name].stage.table("responses")
                note = partial(progress, f"{name}, {continuation}")
                await continue_all(
                    asked(name), study.problems, study.stage, note, continuation=continuation, free=table
                )
    finally:
        if close:
            await engine.close()


async def _judge(engine: Engine, judge: JudgeConfig, seed: int, studies: Sequence["_Study"]) -> None:
    try:
        for study in studies:
            assert study.judging is not None
            problems = {problem.id: problem for problem in study.problems}
            responses = study.stage.table("responses")
            await judge_all(engine, judge, problems, responses, stage=study.judging, seed=seed)
            study.judging.finish(study.order)
    finally:
        await engine.close()


class _Study:
    """One model on one set: its folder, its stage of responses, and that of the judge, if there is one."""

    def __init__(
        self,
        folder: Path,
        problems: Sequence[Problem],
        identity: Mapping[str, Any],
        training: Sequence[Problem] | None,
    ) -> None:
        """Start a study, or resume the one in the folder. Raises StoreError if the folder holds a different one."""
        self.folder, self.problems = folder, problems
        self.set_name: str = identity["set"]
        self.order = [problem.id for problem in problems]
        self.judging: Stage | None = None
        self._training, self._identity = training, dict(identity)
        if not problems:
            raise StoreError(f"the evaluation set {self.set_name} has no problems")
        self._claim = Claim(folder)
        try:
            self._claim.take(identity, _OF_FIGURES, begun=True, refusal=_OTHER)
            schemas = {"responses": RESPONSES.schema, "costs": COSTS.schema}
            self.stage = Stage(folder, schemas, writable=True, whole=True)
        except BaseException:
            self._claim.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stage.close()
        if self.judging is not None:
            self.judging.close()
        self._claim.release()

    @property
    def answered(self) -> bool:
        """Whether all responses are complete."""
        return self.stage.problem_ids.issuperset(self.order)

    def judge_with(self, fingerprint: str) -> None:
        """Open the stage of the judge with this fingerprint."""
        schemas = {"judged": JUDGED.schema, "costs": COSTS.schema}
        self.judging = Stage(self.folder / f"judged-{fingerprint}", schemas, writable=True, whole=True)

    def conclude(self, how: Arrangement, controls: Mapping[str, "_Study"]) -> dict[str, Any]:
        """Write figures.json, unless it exists for the same settings and inputs, and return its content.

        controls: the studies of the continuations by name, which are concluded first.
        """
        path = self.folder / FIGURES
        for control in controls.values():
            control.conclude(how, {})
        with writing(self.folder):
            if path.exists():
                figures = read_sealed(path)
                same = {key: figures.get(key) for key in self._identity} == self._identity
                if same and figures.get("continued", {}).keys() >= controls.keys():
                    return figures
            table = self.stage.table("responses")
            figures = self._figures(how, table)
            figures["continued"] = {name: control.added_to(table, how) for name, control in controls.items()}
            write_sealed(path, figures)
            return figures

    def added_to(self, free: pa.Table, how: Arrangement) -> dict[str, Any]:
        """The main figures of this study, a continuation of the free responses, and what it adds to their pass@1."""
        figures = read_sealed(self.folder / FIGURES)["figures"]
        gain = gain_of(self.stage.table("responses"), free, how.evaluation.resamples, how.seed)
        return {**{name: figures[name] for name in _OF_CONTINUED}, "gain": gain}

    def _figures(self, how: Arrangement, table: pa.Table) -> dict[str, Any]:
        if self.judging is not None:
            table = with_judgements(table, self.judging.table("judged"))
        contamination = None
        if self._training is not None:
            contamination = find_contamination(self.problems, self._training).as_json()
        return {
            **self._identity,
            "samples": how.evaluation.drawn,
            "seconds": total_cost(self.stage).seconds,
            "generated_tokens": sum(table.column("tokens").to_pylist()),
            "contamination": contamination,
            **figures_of(table, how.evaluation.resamples, how.seed, how.evaluation.think_tokens),
        }
