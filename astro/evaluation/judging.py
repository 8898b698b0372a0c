"""A model as judge of the four behaviours, asked once a response through the sampling seam."""

import asyncio
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from astro.errors import ConfigError, EngineDeadError, SamplingError
from astro.evaluation.figures import BEHAVIOURS
from astro.evaluation.settings import JudgeConfig
from astro.models.control_tokens import inert
from astro.models.engine import Engine
from astro.models.prompting import PromptFormat
from astro.models.seeds import derive_seed
from astro.records.problem import Problem
from astro.store.journal import Entry, Journal
from astro.store.settings import settings_hash
from astro.traces.asking import Model

TABLE = "judged"
COLUMNS = tuple(f"judged_{name}" for name in BEHAVIOURS)
_HERE = Path(__file__).parent / "prompts"
_SCHEMA = pa.schema([
    pa.field("problem_id", pa.string(), nullable=False),
    pa.field("sample", pa.int32(), nullable=False),
    *(pa.field(name, pa.bool_()) for name in COLUMNS),
])  # fmt: skip
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
        """The conversation that asks about one response; model text goes in as a value, control tokens broken."""
        content = self._template.render(problem=inert(problem), response=inert(response)).strip()
        return [{"role": "user", "content": content}]


def judge_fingerprint(config: JudgeConfig) -> str:
    """16 hexadecimal digits of a judge, its settings and its questions. Raises ConfigError if they cannot be used."""
    settings = config.model_dump(mode="json") | {"questions": Questions(config.questions).version}
    return settings_hash(settings)


def read_judgement(reply: str) -> dict[str, bool | None]:
    """Yes or no for each behaviour, None where the reply does not say; the first answer to a question counts."""
    found = {name: pattern.search(reply) for name, pattern in _ANSWERS.items()}
    return {name: None if match is None else match[1].lower() == "yes" for name, match in found.items()}


async def judge_all(
    judge: Engine,
    config: JudgeConfig,
    problems: Mapping[str, Problem],
    responses: pa.Table,
    *,
    journal: Journal,
    seed: int,
) -> None:
    """Judge the responses of the problems that are not in the journal yet, all in flight together."""
    questions = Questions(config.questions)
    model = Model(judge, PromptFormat(config.prompt, judge.tokenizer))
    texts: dict[str, list[tuple[int, str]]] = {}
    for row in responses.select(["problem_id", "sample", "text"]).to_pylist():
        if row["problem_id"] not in journal.problem_ids:
            texts.setdefault(row["problem_id"], []).append((row["sample"], row["text"]))

    async def judge_one(problem: Problem, sample: int, text: str) -> dict[str, Any]:
        try:
            replies, _ = await model.ask(
                questions.ask(problem.prompt, text),
                derive_seed(seed, "judge", problem.id, sample),
                temperature=0.0,
                max_tokens=config.max_tokens,
            )
            said = read_judgement(replies[0].text)
        except EngineDeadError:
            raise
        except SamplingError:  # too long for the judge to look at
            said = dict.fromkeys(BEHAVIOURS)
        return {"problem_id": problem.id, "sample": sample, **{f"judged_{name}": flag for name, flag in said.items()}}

    async def of_problem(problem: Problem, each: Sequence[tuple[int, str]]) -> None:
        rows = await asyncio.gather(*(judge_one(problem, sample, text) for sample, text in each))
        journal.append([Entry(problem.id, {TABLE: pa.Table.from_pylist(list(rows), schema=_SCHEMA)})])

    tasks = [asyncio.create_task(of_problem(problems[name], each)) for name, each in texts.items()]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def with_judgements(responses: pa.Table, journal: Journal) -> pa.Table:
    """The responses with a column for each judged behaviour, in place of an earlier judge's."""
    responses = responses.drop_columns([name for name in COLUMNS if name in responses.column_names])
    said = {
        (row["problem_id"], row["sample"]): row
        for problem_id in journal.problem_order
        for row in journal.read_table(problem_id, TABLE).to_pylist()
    }
    keys = zip(responses.column("problem_id").to_pylist(), responses.column("sample").to_pylist(), strict=True)
    rows = [said[key] for key in keys]
    for name in COLUMNS:
        responses = responses.append_column(name, pa.array([row[name] for row in rows], pa.bool_()))
    return responses
