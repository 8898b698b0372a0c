"""A model that judges the four behaviours, with one request for each response."""

import asyncio
import hashlib
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from astro.errors import ConfigError, EngineDeadError, SamplingError
from astro.evaluation.figures import BEHAVIOURS
from astro.evaluation.settings import JudgeConfig
from astro.models.asking import Model
from astro.models.control_tokens import inert
from astro.models.engine import Engine
from astro.models.prompting import PromptFormat
from astro.models.seeds import derive_seed
from astro.records.columns import Column, Row, Table
from astro.records.cost import Cost
from astro.records.problem import Problem
from astro.store.entries import costs_table
from astro.store.frames import Entry
from astro.store.settings import settings_hash
from astro.store.stage import Stage

COLUMNS = tuple(f"judged_{name}" for name in BEHAVIOURS)
_HERE = Path(__file__).parent / "prompts"
JUDGED = Table(
    "judged",
    "One row a response that a judge read, in `judged-JUDGE/judged.parquet` beside the responses.",
    (
        Column("problem_id", "string", "the problem"),
        Column("sample", "int32", "as in responses"),
        *(
            Column(
                name, "bool", f"the judge sees {name.removeprefix('judged_')}; null without an answer", nullable=True
            )
            for name in COLUMNS
        ),
    ),
)
_ANSWERS = {  # "yes/no" and "yes or no" repeat the question
    name: re.compile(
        rf"^[\W\d]{{0,8}}{name.replace('_', '[ _-]')}\W{{1,6}}(yes|no)\b(?!\W{{0,3}}(?:or\b|yes\b|no\b))",
        re.IGNORECASE | re.MULTILINE,
    )
    for name in BEHAVIOURS
}


class Questions:
    """The prompt file. version: its name and the beginning of its SHA-256, such as behaviours/v1@1a2b3c4d."""

    def __init__(self, name: str) -> None:
        """Raises ConfigError if there is no such file, or it cannot be used."""
        path = _HERE / f"{name}.jinja" if (_HERE / f"{name}.jinja").is_file() else Path(name)
        # Plain text for a language model, not HTML: nothing is escaped.
        environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
        try:
            text = path.read_text(encoding="utf-8")
            self._template: Template = environment.from_string(text)
            self.ask("problem", "response")
        except OSError as error:
            raise ConfigError(f"evaluation.judge.questions: there is no file {name!r}: {error}") from error
        except TemplateError as error:
            raise ConfigError(f"evaluation.judge.questions: {name} cannot be used: {error}") from error
        self.version = f"{name}@{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    def ask(self, problem: str, response: str) -> list[dict[str, str]]:
        """The conversation about one response; model text is inserted as a value, with its control tokens broken up."""
        content = self._template.render(problem=inert(problem), response=inert(response)).strip()
        return [{"role": "user", "content": content}]


def judge_fingerprint(config: JudgeConfig) -> str:
    """16 hexadecimal digits of a judge, its settings and its questions. Raises ConfigError if they cannot be used."""
    settings = config.model_dump(mode="json") | {"questions": Questions(config.questions).version}
    return settings_hash(settings)


def read_judgement(reply: str) -> dict[str, bool | None]:
    """Yes or no for each behaviour, None if the reply has neither; the first answer to a question counts."""
    found = {name: pattern.search(reply) for name, pattern in _ANSWERS.items()}
    return {name: None if match is None else match[1].lower() == "yes" for name, match in found.items()}


async def judge_all(
    judge: Engine,
    config: JudgeConfig,
    problems: Mapping[str, Problem],
    responses: pa.Table,
    *,
    stage: Stage,
    seed: int,
) -> None:
    """Judge the responses to the problems that the stage has not finished, all in flight together."""
    questions = Questions(config.questions)
    model = Model(judge, PromptFormat(config.prompt, judge.tokenizer))
    texts: dict[str, list[tuple[int, str]]] = {}
    for row in responses.select(["problem_id", "sample", "text"]).to_pylist():
        if row["problem_id"] not in stage.problem_ids:
            texts.setdefault(row["problem_id"], []).append((row["sample"], row["text"]))

    async def judge_one(problem: Problem, sample: int, text: str) -> tuple[Row, Cost]:
        cost = Cost()
        try:
            replies, cost = await model.ask(
                questions.ask(problem.prompt, text),
                derive_seed(seed, "judge", problem.id, sample),
                temperature=0.0,
                max_tokens=config.max_tokens,
            )
            said = read_judgement(replies[0].text)
        except EngineDeadError:
            raise
        except SamplingError:  # too long for the judge
            said = dict.fromkeys(BEHAVIOURS)
        flags = {f"judged_{name}": flag for name, flag in said.items()}
        return {"problem_id": problem.id, "sample": sample, **flags}, cost

    async def judge_problem(problem: Problem, each: Sequence[tuple[int, str]]) -> None:
        begun = time.monotonic()
        found = await asyncio.gather(*(judge_one(problem, sample, text) for sample, text in each))
        cost = sum((cost for _, cost in found), Cost(seconds=time.monotonic() - begun))
        judged = JUDGED.from_rows([row for row, _ in found])
        stage.append([Entry(problem.id, {"judged": judged, "costs": costs_table(problem.id, cost)})])

    tasks = [asyncio.create_task(judge_problem(problems[name], each)) for name, each in texts.items()]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def with_judgements(responses: pa.Table, judged: pa.Table) -> pa.Table:
    """The responses with a column for each judged behaviour."""
    said = {(row["problem_id"], row["sample"]): row for row in judged.to_pylist()}
    keys = zip(responses.column("problem_id").to_pylist(), responses.column("sample").to_pylist(), strict=True)
    rows = [said[key] for key in keys]
    for name in COLUMNS:
        responses = responses.append_column(name, pa.array([row[name] for row in rows], pa.bool_()))
    return responses
