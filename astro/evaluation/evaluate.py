"""A model on problem sets: responses, figures, and the two files that others read.

    FOLDER/SET/responses.parquet    one row a response
    FOLDER/SET/figures.json         what they come to; written last
    FOLDER/SET/settings.yaml        what is evaluated and how, written first

While responses come in, the folder holds a journal; the same call goes on from it.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from astro.errors import StoreError
from astro.evaluation.contamination import find_contamination
from astro.evaluation.figures import figures_of
from astro.evaluation.inputs import model_fingerprint, problems_fingerprint
from astro.evaluation.judging import judge_all, judge_fingerprint, with_judgements
from astro.evaluation.responses import RESPONSES, SECONDS, TABLE, Asked, sample_all
from astro.evaluation.settings import EvaluationConfig, JudgeConfig
from astro.models.engine import Engine, EngineSection, open_sampler
from astro.models.engines import ENGINES
from astro.models.prompting import THINK_FOR, PromptConfig, PromptFormat
from astro.records.problem import Problem
from astro.store.atomic import sweep, write_text, writing
from astro.store.journal import Journal
from astro.store.lock import RunLock
from astro.store.settings import differences
from astro.store.shards import write_parquet
from astro.tasks import make_verifier
from astro.verify import Verifier, VerifyConfig

RESPONSES_FILE, FIGURES, SETTINGS = "responses.parquet", "figures.json", "settings.yaml"
_JOURNAL, _JUDGED = "journal.astj", "judged-{}.astj"
# How fast, not what: these may change between one start and the next.
_SPEED = {"workers", "memory_mb", "cache_size"}  # of verify; an engine's section names its own
# The responses do not depend on these: with others, they are judged again or the figures computed again.
_OF_FIGURES = frozenset({"settings.evaluation.resamples", "settings.evaluation.judge", "inputs.training"})

OpenEngine = Callable[[EngineSection], Engine]
Progress = Callable[[str, int, int], None]
"""Told the name of a set, how many of its problems are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How models are asked and graded, the same for all that are compared; the sections of a run's configuration.

    engine: whose model is replaced by the one that is evaluated. seed: of the run. sentence: asks for
    evaluation.think_tokens, where they are set.
    """

    engine: EngineSection
    evaluation: EvaluationConfig
    prompt: PromptConfig = field(default_factory=PromptConfig)
    verify: VerifyConfig = field(default_factory=VerifyConfig)
    seed: int = 0
    sentence: str = THINK_FOR

    def engine_for(self, model: str) -> EngineSection:
        """The engine that serves a model; of another kind of engine it takes what both kinds have."""
        kind = self.evaluation.engine or self.engine.kind
        return self.engine.as_kind(ENGINES[kind]).with_model(model)

    def settings(self) -> dict[str, Any]:
        """What the responses depend on, beside the model and the problems."""
        evaluation = self.evaluation.model_dump(
            mode="json", exclude={"sets", "engine", "think_tokens", "control", "base"}
        )
        if self.evaluation.think_tokens is not None:
            evaluation["asks"] = self.sentence.replace("{tokens}", str(self.evaluation.think_tokens))
        engine = self.engine_for("")
        return {
            "seed": self.seed,
            "evaluation": evaluation,
            "engine": engine.model_dump(mode="json", exclude={"model", *engine.speed}),
            "prompt": self.prompt.model_dump(mode="json"),
            "verify": self.verify.model_dump(mode="json", exclude=_SPEED),
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
    training: what the model was trained on, for the contamination check. engine: already open with this model; it is
    left open. Without it one is opened if there is anything left to ask, and closed before this returns, so that the
    next model can be loaded.

    Raises StoreError where a folder holds another evaluation, ConfigError and SamplingError as the engine does.
    """
    judge = how.evaluation.judge
    judged_by = None if judge is None else judge_fingerprint(judge)  # a mistake in it is told before a model is loaded
    if engine is None and not folder.exists():
        how.engine_for(model).check()
    fingerprint = model_fingerprint(model)
    trained_on = None if training is None else problems_fingerprint(training)

    def begin(set_name: str, problems: Sequence[Problem]) -> _Study:
        inputs = {"model": fingerprint, "problems": problems_fingerprint(problems), "training": trained_on}
        identity = {"model": name, "set": set_name, "settings": how.settings(), "inputs": inputs}
        return _Study(folder / set_name, problems, identity, training)

    with ExitStack() as stack:
        studies = [stack.enter_context(begin(set_name, problems)) for set_name, problems in sets.items()]
        unanswered = [study for study in studies if not study.answered]
        if unanswered:
            verifier = make_verifier(how.verify)
            stack.callback(verifier.close)
            opened = engine or open_engine(how.engine_for(model))
            asyncio.run(_answer(opened, verifier, how, unanswered, progress, close=engine is None))
        for study in studies:
            study.publish()
        unjudged = [study for study in studies if judged_by is not None and study.judged_by != judged_by]
        if unjudged and judge is not None and judged_by is not None:
            asyncio.run(_judge(open_engine(judge.engine), judge, judged_by, how.seed, unjudged))
        return {study.set_name: study.conclude(how) for study in studies}


async def _answer(
    engine: Engine,
    verifier: Verifier,
    how: Arrangement,
    studies: Sequence["_Study"],
    progress: Progress,
    *,
    close: bool,
) -> None:
    try:
        prompt_format = PromptFormat(how.prompt, engine.tokenizer)
        for study in studies:
            asked = Asked(engine, prompt_format, verifier, how.evaluation, study.set_name, how.seed, how.sentence)

            def note(done: int, total: int, study: "_Study" = study) -> None:
                progress(study.set_name, done, total)

            await sample_all(asked, study.problems, study.journal, note)
    finally:
        if close:
            await engine.close()


async def _judge(engine: Engine, judge: JudgeConfig, judged_by: str, seed: int, studies: Sequence["_Study"]) -> None:
    try:
        for study in studies:
            problems = {problem.id: problem for problem in study.problems}
            path = study.folder / _JUDGED.format(judged_by)
            with Journal(path, writable=True) as journal:
                responses = study.responses()
                await judge_all(engine, judge, problems, responses, journal=journal, seed=seed)
                study.replace_responses(with_judgements(responses, journal), judge=judged_by)
            path.unlink()
    finally:
        await engine.close()


class _Study:
    """One model on one set: its folder, and how far it is."""

    def __init__(
        self,
        folder: Path,
        problems: Sequence[Problem],
        identity: Mapping[str, Any],
        training: Sequence[Problem] | None,
    ) -> None:
        """Begin a study, or go on with the one in the folder. Raises StoreError where it is another one."""
        self.folder, self.problems = folder, problems
        self.set_name: str = identity["set"]
        self._training, self._identity = training, dict(identity)
        if not problems:
            raise StoreError(f"the evaluation set {self.set_name} has no problems")
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        self._lock = RunLock(folder / ".lock")
        try:
            sweep(folder)
            self._claim()
            self.journal = Journal(folder / _JOURNAL, writable=not (folder / RESPONSES_FILE).exists())
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.journal.close()
        self._lock.release()

    def _claim(self) -> None:
        """Check that the folder holds this very study, or make it so."""
        path = self.folder / SETTINGS
        if path.exists():
            old = yaml.safe_load(path.read_text(encoding="utf-8"))
            changed = differences(old, self._identity, _OF_FIGURES)
            if changed:
                lines = "\n".join(f"  {line.replace(' in the run,', ' before,')}" for line in changed)
                raise StoreError(
                    f"{self.folder} holds an evaluation that differs from this one:\n{lines}\n"
                    "Give the same settings, another folder or another name of the set, or delete that folder."
                )
        with writing(path):
            write_text(path, yaml.safe_dump(self._identity, sort_keys=False, allow_unicode=True))

    @property
    def answered(self) -> bool:
        """Whether all responses are there."""
        ids = {problem.id for problem in self.problems}
        return (self.folder / RESPONSES_FILE).exists() or ids <= self.journal.problem_ids

    @property
    def judged_by(self) -> str | None:
        """The fingerprint of the judge that has judged the responses, if one has."""
        metadata = pq.read_schema(self.folder / RESPONSES_FILE).metadata or {}
        return metadata[b"judge"].decode() if b"judge" in metadata else None

    def responses(self) -> pa.Table:
        """The rows of all responses, in the order of the problems."""
        if (self.folder / RESPONSES_FILE).exists():
            return pq.read_table(self.folder / RESPONSES_FILE)
        parts = [self.journal.read_table(problem.id, TABLE) for problem in self.problems]
        return pa.concat_tables([RESPONSES.schema.empty_table(), *parts])

    def publish(self) -> None:
        """Turn the journal into the Parquet file, unless that is there."""
        if not (self.folder / RESPONSES_FILE).exists():
            ids = [problem.id for problem in self.problems]
            seconds = sum(self.journal.read_table(name, SECONDS).column("seconds")[0].as_py() for name in ids)
            self.replace_responses(self.responses().replace_schema_metadata({"seconds": f"{seconds:.3f}"}))
        self.journal.close()
        self.journal.path.unlink(missing_ok=True)

    def replace_responses(self, table: pa.Table, **notes: str) -> None:
        """Write the Parquet file, with notes beside those that the table has."""
        metadata = {**(table.schema.metadata or {}), **notes}
        with writing(self.folder):
            write_parquet(self.folder / RESPONSES_FILE, table.replace_schema_metadata(metadata))

    def conclude(self, how: Arrangement) -> dict[str, Any]:
        """Write figures.json, unless it is there for the very same settings and inputs, and return its content."""
        path = self.folder / FIGURES
        with writing(self.folder):
            if path.exists():
                figures: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
                if {key: figures.get(key) for key in self._identity} == self._identity:
                    return figures
            figures = self._figures(how)
            write_text(path, json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
            return figures

    def _figures(self, how: Arrangement) -> dict[str, Any]:
        table = self.responses()
        contamination = None
        if self._training is not None:
            contamination = find_contamination(self.problems, self._training).as_json()
        return {
            **self._identity,
            "samples": how.evaluation.drawn,
            "seconds": float((table.schema.metadata or {}).get(b"seconds", b"nan")),
            "generated_tokens": sum(table.column("tokens").to_pylist()),
            "contamination": contamination,
            **figures_of(table, how.evaluation.resamples, how.seed, how.evaluation.think_tokens),
        }
