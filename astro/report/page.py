"""report.md and report.html from the content of a report; all text of a model is escaped."""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from astro.inspect.plain import plain, plain_lines
from astro.report.examples import Example, shown
from astro.report.tables import TextTable, name_of
from astro.verify import Outcome

_FENCE = re.compile(r"`{3,}")
_VERDICTS = {
    Outcome.CORRECT: "right",
    Outcome.INCORRECT: "wrong",
    Outcome.UNANSWERED: "no answer",
    Outcome.MALFORMED: "unreadable answer",
    Outcome.TIMED_OUT: "not verified in time",
    Outcome.ERROR: "not graded",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One section of a report: text, tables and plots (name and caption), and lines on missing parts.

    diagram: a Mermaid flow chart, which GitHub draws in report.md. items: the same in words, a list.
    """

    title: str
    text: str = ""
    tables: Sequence[TextTable] = ()
    pictures: Mapping[str, str] = field(default_factory=dict)
    missing: Sequence[str] = ()
    example: Example | None = None
    diagram: str = ""
    items: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report. lines: short introductory sentences."""

    title: str
    lines: Sequence[str]
    parts: Sequence[Part]


def markdown(page: Page) -> str:
    """The report for GitHub and terminals; plots are links to files in the same folder."""
    blocks = [f"# {plain(page.title)}", *page.lines]
    for part in page.parts:
        blocks += [f"## {part.title}", *([part.text] if part.text else [])]
        blocks += [table.markdown().strip() for table in part.tables]
        blocks += [f"![{caption}]({name}.png)\n\n*{caption}*" for name, caption in part.pictures.items()]
        blocks += [f"```mermaid\n{part.diagram}```"] if part.diagram else []
        blocks += ["\n".join(f"- {plain(item)}" for item in part.items)] if part.items else []
        blocks += [f"*{line}*" for line in part.missing]
        if part.example is not None:
            blocks += [_fenced(part.example.prompt)]
            for model, response in part.example.responses.items():
                blocks += [f"**{name_of(model)}** ({verdict_line(response)})", _fenced(shown(response["text"]))]
    return "\n\n".join(blocks) + "\n"


def html(page: Page, folder: Path) -> str:
    """The report as one self-contained file: the plots of folder are inlined."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"visible": plain_lines, "name": name_of, "verdict": verdict_line, "shown": shown}
    pictures = {name: _inlined(folder / f"{name}.svg") for part in page.parts for name in part.pictures}
    return environment.get_template("report.html.jinja").render(page=page, pictures=pictures)


def verdict_line(response: Mapping[str, object]) -> str:
    """The outcome of a response, in a few words."""
    backtracks = response["backtracks"]
    times = "once" if backtracks == 1 else f"{backtracks} times"
    went_back = f", goes back {times}" if backtracks else ""
    return f"{_VERDICTS[Outcome(str(response['outcome']))]}, {response['tokens']} tokens{went_back}"


def _fenced(text: str) -> str:
    """A block whose fence does not occur in the text."""
    text = plain_lines(text).strip("\n")
    longest = max((len(found[0]) for found in _FENCE.finditer(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _inlined(path: Path) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"
