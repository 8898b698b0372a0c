"""The data card: contents, provenance and rejection counts of a folder of data sets, rendered from counts."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from astro.recipes.recipe import Recipe
from astro.records.cost import Cost
from astro.records.license import license_fields
from astro.records.split import Split
from astro.records.trace import Origin, Trace
from astro.traces import Rewriting

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


@dataclass(frozen=True, slots=True)
class CardFacts:
    """The facts that a card reports.

    name: of the run. license: an identifier of the Hugging Face hub, such as apache-2.0, or another name.
    recipes: the recipe of each data set, by name, in order. prompts: the prompt set of the traces.
    sources: number of problems by source. rows: number of rows by data set and split.
    taken: number of solutions that filters removed, by data set and reason.
    backtracks: search traces by their number of backtracks. counts: the sum of TraceOutcome.counts.
    search, tracing, asking: costs of the trees, of the traces, and of recipes that ask the model.
    digest: SHA-256 of the data files, in hex.
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
    asking: Cost
    digest: str
    example: tuple[str, Trace] | None = None

    @property
    def of_traces(self) -> bool:
        """Whether a recipe reads traces."""
        return any(recipe.reads_traces for recipe in self.recipes.values())


def data_card(facts: CardFacts) -> str:
    """The README.md of the folder that holds DATASET/SPLIT-*.parquet. Omits splits without rows."""
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
        **license_fields(facts.license),
        "language": ["en"],
        "task_categories": ["text-generation"],
        "tags": ["reasoning", "backtracking", "tree-search", "synthetic", "astro"],
        "size_categories": [next((name for most, name in _SIZES if rows < most), "1M<n<10M")],
        # load_dataset caches by this header, not by path or content: runs with equal headers would share cached rows.
        "dataset_info": [
            {"config_name": config["config_name"], "description": f"Made by ASTRO, SHA-256 {facts.digest}"}
            for config in configs
        ],
        "configs": configs,
    }
    return f"---\n{yaml.safe_dump(fields, sort_keys=False, allow_unicode=True).strip()}\n---"


def _introduction(facts: CardFacts) -> str:
    text = f"Made by ASTRO from search trees of `{facts.origin.model}`, whose solutions were verified."
    if facts.of_traces:
        text += (
            " A trace tries, doubts, goes back and reaches the answer. The final text of each trace was verified "
            "again; wrong attempts are part of it by design."
        )
    return f"{text} The prose is model-written."


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
        [f"`{dataset}`", why, str(count)]
        for dataset, found in facts.taken.items()
        for why, count in sorted(found.items())
    ]
    if taken:
        text += f"\n\nSolutions removed by the recipes' filters:\n\n{_table(['config', 'filter', 'removed'], taken)}"
    return text


def _figures(facts: CardFacts) -> str:
    figures = [
        ["problems", str(sum(facts.sources.values()))],
        ["tokens generated by the search", f"{facts.search.generated_tokens:,}"],
    ]
    if asked := facts.asking.generated_tokens:
        figures.append(["tokens generated for recipes that ask the model", f"{asked:,}"])
    if facts.of_traces:
        figures += _trace_figures(facts)
    text = f"## Figures\n\n{_table(['figure', 'value'], figures)}"
    left_out = [
        [name, str(count)]
        for name, count in sorted(facts.counts.items())
        if count and name.partition(".")[0] in {"refused", "unused", "faults"}
    ]
    if facts.of_traces and left_out:
        text += (
            "\n\nNot used: `refused` counts finished traces, `unused` counts parts of trees, `faults` counts model "
            f"replies that failed a fidelity check.\n\n{_table(['reason', 'count'], left_out)}"
        )
    return text


def _trace_figures(facts: CardFacts) -> list[list[str]]:
    counts = facts.counts
    checked, missing = counts.get("rewrite.checked", 0), counts.get("control.missing", 0)
    traces = sum(facts.backtracks.values())
    tokens = facts.search.generated_tokens + facts.tracing.generated_tokens
    return [
        ["search traces", str(traces)],
        *([f"... with {_backtracks(number)}", str(count)] for number, count in sorted(facts.backtracks.items())),
        [
            "rewritten visits that passed the fidelity checks on the first try",
            _share(counts.get("rewrite.first_try", 0), checked),
        ],
        ["rewritten visits that fell back to the original step", _share(counts.get("rewrite.fallbacks", 0), checked)],
        *(
            [f"problems rewritten with `traces.rewrite: {mode}`", str(problems)]
            for mode in Rewriting
            if (problems := counts.get(f"rewrite.{mode}.problems", 0))
        ),
        *([["rows missing from the control", str(missing)]] if missing else []),
        *_shape_figures(counts),
        ["tokens generated by self-evaluation and rewriting", f"{facts.tracing.generated_tokens:,}"],
        ["tokens generated per search trace", f"{tokens / traces:,.0f}" if traces else "none made"],
    ]


def _shape_figures(counts: Mapping[str, int]) -> list[list[str]]:
    """What the traces look like, and the trees that they come from (astro.traces.counts)."""
    beginning, middle = counts.get("back.beginning", 0), counts.get("back.middle", 0)
    return [
        ["ways back that go to the beginning", _share(beginning, beginning + middle, "none made")],
        ["traces that end at the node of another one", f"{counts.get('ends.repeated', 0):,}"],
        ["traces with a false statement, such as 26 / 11 = 2", f"{counts.get('false.traces', 0):,}"],
        ["false statements in them", f"{counts.get('false.statements', 0):,}"],
        ["nodes of the trees whose state another one has, too", f"{counts.get('tree.transpositions', 0):,}"],
    ]


def _example(prompt: str, trace: Trace) -> str:
    completion = f"Completion ({_backtracks(trace.backtracks)}):\n\n{_fenced(trace.text)}"
    return f"## Example\n\nPrompt:\n\n{_fenced(prompt)}\n\n{completion}"


def _provenance(facts: CardFacts) -> str:
    origin = facts.origin
    sources = [[source or "(unknown)", str(count)] for source, count in sorted(facts.sources.items())]
    about = [
        ["model", origin.model],
        *([role, model] for role, model in (("rewriter", origin.rewriter), ("judge", origin.judge)) if model),
        *([["prompts", facts.prompts]] if facts.of_traces else []),
        *(
            [["tokens", "of the texts that a server returned, not those that the model sampled"]]
            if origin.tokens
            else []
        ),
        ["configuration", origin.config_hash],
        ["seed", str(origin.seed)],
        ["code", origin.code_version],
    ]
    return (
        "## Provenance\n\n"
        f"{_table(['', ''], about)}\n\n{_table(['problems from', 'problems'], sources)}\n\n"
        "The `provenance` column holds these facts for each row, with its tree and its position in the tree. The "
        "license above covers what this run made. The problems keep the licenses of their sources, and the prose is "
        "subject to the terms of the model that wrote it."
    )


def _backtracks(number: int) -> str:
    return f"{number} backtrack" if number == 1 else f"{number} backtracks"


def _share(part: int, whole: int, none: str = "none rewritten") -> str:
    return f"{part:,} of {whole:,} ({part / whole:.1%})" if whole else none


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


# Characters that terminals and editors interpret: controls except tab and line feed, and changes of text direction.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def _fenced(text: str) -> str:
    """The text in a code block whose fence is longer than any run of backticks in it."""
    text = _OBEYED.sub("\ufffd", text)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"
