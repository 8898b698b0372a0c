"""How the solutions of a run end: by which terminal, and whether with an answer in the format that was asked for."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from astro.config import validate
from astro.models.prompt_settings import AnswerStyle, PromptConfig
from astro.records.tree import Terminal, Tree
from astro.store import RunDirectory
from astro.store.entries import tree_from
from astro.verify import AnswerFormat, extract

TREES = 50  # enough for shares; a large run has many more

_FORMATS = {AnswerStyle.BOXED: AnswerFormat.BOXED, AnswerStyle.TAG: AnswerFormat.TAG}
_FINISHED = frozenset({Terminal.ANSWER, Terminal.UNANSWERED})


@dataclass(frozen=True, slots=True)
class Ends:
    """Counts over the nodes that end a solution, in some trees.

    trees: how many. kinds: nodes by their terminal. asked: ends with an answer in the format that the prompt asks for,
    or None if it asks for none. stated: ends with an answer in another form.
    """

    trees: int = 0
    kinds: Mapping[Terminal, int] | None = None
    asked: int | None = None
    stated: int = 0

    @property
    def finished(self) -> int:
        """Ends that are neither cut off nor failed: with or without an answer."""
        return sum(count for kind, count in (self.kinds or {}).items() if kind in _FINISHED)

    @property
    def answered(self) -> int:
        """Ends with an answer."""
        return (self.asked or 0) + self.stated


def count_ends(run: RunDirectory) -> Ends:
    """Count the ends in the first trees of a run."""
    prompt = validate(PromptConfig, run.settings["prompt"], "prompt", ())
    entries = run.trees.entries(run.stored.order())
    trees = [tree_from(entry) for entry in islice(entries, TREES)]
    kinds: Counter[Terminal] = Counter(kind for tree in trees for kind in tree.terminal if kind is not Terminal.NONE)
    texts = [text for tree in trees for text in _solutions(tree)]
    asked = stated = 0
    for text in texts:
        follows = prompt.asks_for_answer and _follows(text, prompt.answer)
        asked += follows
        stated += not follows and extract(text).answer is not None
    return Ends(len(trees), kinds, asked if prompt.asks_for_answer else None, stated)


def _solutions(tree: Tree) -> list[str]:
    return [tree.solution(node) for node, kind in enumerate(tree.terminal) if kind in _FINISHED]


def _follows(text: str, style: AnswerStyle) -> bool:
    """Whether the answer of a solution is in the style that was asked for."""
    if style in _FORMATS:
        return extract(text, _FORMATS[style], statements=False).answer is not None
    return extract(text.rstrip().rpartition("\n")[2]).answer is not None
