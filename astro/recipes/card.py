"""The data card: what a folder of data sets holds, where it comes from, and what was refused. Pure text from counts."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from astro.recipes.recipe import Recipe
from astro.records.cost import Cost
from astro.records.split import Split
from astro.records.trace import Origin, Trace

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a card says.

    name: of the run. license: an SPDX-like id as the Hub knows them, such as apache-2.0, or other.
    recipes: of each data set, by its name, in order. prompts: the prompt set of the traces.
    sources: problems by where they come from. rows: rows by data set and split.
    taken: what each filter of a data set's recipe took, by data set and reason.
    backtracks: search traces by their number of backtracks. counts: the sum of TraceOutcome.counts.
    search, tracing: what the trees and the traces took. digest: SHA-256 of the data files, in hex.
    example: the prompt of a trace, and the trace.
    """

    name: str
    license: str
    origin: Origin
    recipes: Mapping[str, Recipe]
    prompts: str
    sources: Mapping[str, int]
    rows: Mapping[tuple[str, Split], int]
    taken: Mapping[str, Mapping[str, int]]
    backtracks: Mapping[int, int]
    counts: Mapping[str, int]
    search: Cost
    tracing: Cost
    digest: str
    example: tuple[str, Trace] | None = None


def data_card(facts: CardFacts) -> str:
    """The README.md of the folder that holds DATASET/SPLIT-*.parquet. Splits without rows are left out."""
    parts = [_header(facts), f"# {facts.name}", _introduction(facts), _configs(facts), _figures(facts)]
    if facts.example is not None:
        parts.append(_example(*facts.example))
    return "\n\n".join([*parts, _provenance(facts)]) + "\n"


def _header(facts: CardFacts) -> str:
    configs: list[dict[str, Any]] = []
    for dataset in facts.recipes:
        files = [
            {"split": split.value, "path": f"{dataset}/{split}-*.parquet"}
            for split in Split
            if facts.rows.get((dataset, split), 0)
        ]
        if files:
            default = {"default": True} if not configs else {}
            configs.append({"config_name": dataset, **default, "data_files": files})
    rows = sum(facts.rows.values())
    fields = {
        "pretty_name": facts.name,
        "license": facts.license,
        "language": ["en"],
        "task_categories": ["text-generation"],
        "tags": ["reasoning", "backtracking", "tree-search", "synthetic", "astro"],
        "size_categories": [next((name for most, name in _SIZES if rows < most), "1M<n<10M")],
        # load_dataset caches by this header, not by path or content: alike headers would share one run's rows.
        "dataset_info": [
            {"config_name": config["config_name"], "description": f"Made by ASTRO, SHA-256 {facts.digest}"}
            for config in configs
        ],
        "configs": configs,
    }
    return f"---\n{yaml.safe_dump(fields, sort_keys=False, allow_unicode=True).strip()}\n---"


def _introduction(facts: CardFacts) -> str:
    return (
        "Reasoning traces that try, doubt, go back and get there, made by ASTRO from search trees of "
        f"`{facts.origin.model}`. Every trace was verified against the problem's answer from its final text. "
        "The prose is model-written; "
        "wrong attempts are part of it by design."
    )


def _configs(facts: CardFacts) -> str:
    lines = [
        [
            f"`{dataset}`",
            f"`{recipe.table.name}`: {recipe.table.meaning}",
            *(str(facts.rows.get((dataset, split), 0)) for split in Split),
        ]
        for dataset, recipe in facts.recipes.items()
    ]
    splits = [f"{split} rows" for split in Split]
    load = f'load_dataset("path/to/this/folder", "{next(iter(facts.recipes))}", split="train")'
    usage = f"```python\nfrom datasets import load_dataset\n\n{load}\n```"
    text = f"## Data sets\n\n{_table(['config', 'recipe: one row', *splits], lines)}\n\n{usage}"
    taken = [
        [f"`{dataset}`", why, str(count)] for dataset, found in facts.taken.items() for why, count in found.items()
    ]
    if taken:
        text += f"\n\nWhat the filters of the recipes took:\n\n{_table(['config', 'filter', 'taken'], taken)}"
    return text


def _figures(facts: CardFacts) -> str:
    counts = facts.counts
    checked, missing = counts.get("rewrite.checked", 0), counts.get("control.missing", 0)
    traces = sum(facts.backtracks.values())
    tokens = facts.search.generated_tokens + facts.tracing.generated_tokens
    figures = [
        ["problems", str(sum(facts.sources.values()))],
        ["search traces", str(traces)],
        *([f"... with {_backtracks(number)}", str(count)] for number, count in sorted(facts.backtracks.items())),
        [
            "rewritten visits that passed the fidelity checks at the first try",
            _share(counts.get("rewrite.first_try", 0), checked),
        ],
        ["rewritten visits that fell back to the original step", _share(counts.get("rewrite.fallbacks", 0), checked)],
        *([["rows that the control is short of", str(missing)]] if missing else []),
        ["tokens generated by the search", f"{facts.search.generated_tokens:,}"],
        ["tokens generated by self-evaluation and rewriting", f"{facts.tracing.generated_tokens:,}"],
        ["tokens generated a search trace", f"{tokens / traces:,.0f}" if traces else "none made"],
    ]
    left_out = [
        [name, str(count)]
        for name, count in sorted(counts.items())
        if count and name.partition(".")[0] in {"refused", "unused", "faults"}
    ]
    text = f"## Figures\n\n{_table(['figure', 'value'], figures)}"
    if left_out:
        text += (
            "\n\nWhat was left out: `refused` are finished traces, `unused` parts of trees, `faults` replies of "
            f"the model that failed a fidelity check.\n\n{_table(['reason', 'count'], left_out)}"
        )
    return text


def _example(prompt: str, trace: Trace) -> str:
    completion = f"Completion ({_backtracks(trace.backtracks)}):\n\n{_fenced(trace.text)}"
    return f"## Example\n\nPrompt:\n\n{_fenced(prompt)}\n\n{completion}"


def _provenance(facts: CardFacts) -> str:
    origin = facts.origin
    sources = [[source or "(not said)", str(count)] for source, count in sorted(facts.sources.items())]
    about = [
        ["model", origin.model],
        ["prompts", facts.prompts],
        ["configuration", origin.config_hash],
        ["seed", str(origin.seed)],
        ["code", origin.code_version],
    ]
    return (
        "## Provenance\n\n"
        f"{_table(['', ''], about)}\n\n{_table(['problems from', 'problems'], sources)}\n\n"
        "Each row's `provenance` column holds the same for that row, with its tree, its visits and what rewriting it "
        "took. The license above covers what this run made; the problems keep the licenses of their sources, and the "
        "prose is subject to the terms of the model that wrote it."
    )


def _backtracks(number: int) -> str:
    return f"{number} backtrack" if number == 1 else f"{number} backtracks"


def _share(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} ({part / whole:.1%})" if whole else "none rewritten"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


# Characters that a terminal or an editor obeys: controls but tab and line feed, and changes of the writing direction.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def _fenced(text: str) -> str:
    """The text in a code block whose fence is longer than any run of backticks in it."""
    text = _OBEYED.sub("\ufffd", text)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"
