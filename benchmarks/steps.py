"""How do responses of chat models fall into steps: at every blank line, and by structure?

    python benchmarks/steps.py FILE.jsonl[.gz] [--field response] [--content 40] [--json]

FILE has a response in each line. The script cuts each one by both rules and prints, a step: the share that ends in a
colon, that is cut inside a code fence, display or environment, that has under 20 letters and digits; and, for
expansions, the requests a step and the tokens that a look after a list throws away. It needs no model.

    python benchmarks/steps.py FILE.jsonl[.gz] --tokenizer MODEL

replays the responses as expansions, step by step, with the tokens of this model, and prints how many of them fall into
the same steps as a rollout does, and the share of the tokens that was dropped.
"""

import argparse
import asyncio
import gzip
import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

from astro.models.completion import Completion, FinishReason, Sampled, SampleParams
from astro.models.prompt_settings import PromptConfig
from astro.models.prompting import PromptFormat
from astro.models.steps import LOOK_TOKENS, Need, StepRule
from astro.models.stops import first_stop
from astro.models.token_text import TokenText
from astro.models.tokenizer import Tokenizer, hf_tokenizer
from astro.records.problem import Problem
from astro.records.tree import NO_PARENT, Tree
from astro.search import SearchConfig, SearchSetup
from astro.search.asking import Requests
from astro.search.stepping import StepRequests
from astro.verify import Verifier

_BLANK = ("\n\n",)
_SHORT = 20  # letters and digits


@dataclass(slots=True)
class Figures:
    """Counts over all steps. looks: lists after which a look shows that the step is complete."""

    responses: int = 0
    steps: int = 0
    colons: int = 0
    cut_inside: int = 0
    short: int = 0
    paragraphs: int = 0
    looks: int = 0

    def add(self, steps: list[str], rule: StepRule) -> None:
        """Count the steps of one response."""
        self.responses += 1
        self.steps += len(steps)
        for step in steps[:-1]:  # the last one ends as the response does
            self.colons += step.rstrip(" *_\n").endswith(":")
            self.cut_inside += _is_cut(step)
            self.short += sum(map(str.isalnum, step)) < _SHORT
            self.looks += rule.ends(_paragraphs(step), whole=False)[1] is Need.LOOK
        self.paragraphs += sum(len(_paragraphs(step)) for step in steps)


def main() -> int:
    """Read the file, cut, and print the figures of both rules."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--field", default="response")
    parser.add_argument("--content", type=int, default=40, help="prompt.min_step_content")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--tokenizer", help="replay with the tokens of this model, a folder or a hub name")
    parser.add_argument("--every", type=int, default=1, help="replay each N-th response")
    arguments = parser.parse_args()
    if arguments.tokenizer:
        texts = list(_responses(arguments.file, arguments.field))[:: arguments.every]
        sys.stdout.write(asyncio.run(_replayed(texts, arguments.tokenizer, arguments.content)))
        return 0
    rules = {"blank lines": StepRule(_BLANK), "structure": StepRule(_BLANK, arguments.content)}
    found = {name: Figures() for name in rules}
    for text in _responses(arguments.file, arguments.field):
        for name, rule in rules.items():
            found[name].add(rule.texts(text), rule)
    if arguments.json:
        sys.stdout.write(json.dumps({name: asdict(figures) for name, figures in found.items()}, indent=1) + "\n")
        return 0
    for name, figures in found.items():
        steps = max(figures.steps, 1)
        per_step = {
            "end in a colon": figures.colons,
            "are cut inside a structure": figures.cut_inside,
            "are short": figures.short,
        }
        shares = ", ".join(f"{count / steps:.2%} {what}" for what, count in per_step.items())
        costs = (
            f"{figures.paragraphs / steps:.2f} requests and {figures.looks * LOOK_TOKENS / steps:.2f} dropped tokens"
        )
        each = figures.steps / max(figures.responses, 1)
        sys.stdout.write(f"{name}: {each:.2f} steps a response; {shares}; {costs} a step\n")
    return 0


class Replay:
    """A sampler that continues the tokens of one response, whatever is asked."""

    def __init__(self, tokenizer: Tokenizer, prompt: int, tokens: list[int]) -> None:
        self._texts, self._prompt, self._tokens = TokenText(tokenizer), prompt, tokens

    async def sample(self, prompt_ids: Sequence[int], params: SampleParams, *, priority: int = 0) -> Sampled:
        """The next tokens, up to the one that completes a stop string."""
        del priority
        taken: list[int] = []
        reason, stop = FinishReason.LENGTH, None
        for token in self._tokens[len(prompt_ids) - self._prompt :][: params.max_tokens]:
            taken.append(token)
            if token == self._tokens[-1] and len(prompt_ids) + len(taken) == self._prompt + len(self._tokens):
                reason = FinishReason.STOP
            elif "\n" in self._texts.piece(token) and (found := first_stop(self._texts.of(taken), params.stop)):
                reason, stop = FinishReason.STOP, found[0]
                break
        text, logprobs = self._texts.of(taken), (-1.0,) * len(taken)
        completion = Completion(text, tuple(taken), -1.0 * len(taken), reason, stop, logprobs)
        return Sampled((completion,), len(prompt_ids))

    async def close(self) -> None:
        """Nothing to release."""


async def _replayed(texts: Sequence[str], model: str, content: int) -> str:
    tokenizer = cast("Tokenizer", hf_tokenizer(model))
    prompt_format = PromptFormat(PromptConfig(min_step_content=content), tokenizer)
    problem = Problem("p", "How many?", "7", "math")
    prompt = prompt_format.solve_ids(problem.prompt)
    config = SearchConfig(k=1, rollouts=1, max_step_tokens=1 << 14)
    end = tokenizer.encode("<|im_end|>", add_special_tokens=False)[:1]
    same = steps = generated = kept = 0
    with closing(Verifier()) as verifier:
        for text in texts:
            tokens = [*tokenizer.encode(text, add_special_tokens=False), *end]
            sampler = Replay(tokenizer, len(prompt), tokens)
            setup = SearchSetup.of(prompt_format, sampler, verifier, config, seed=0)
            whole = (await sampler.sample(prompt, SampleParams(max_tokens=1 << 20))).completions[0]
            tree = Tree(problem.id, tuple(prompt), 0)
            taken = await _one_by_one(tree, StepRequests(Requests(tree, problem, setup, 0), setup))
            same += taken == [step.token_ids for step in setup.splitter.split(whole)]
            steps, kept, generated = steps + len(taken), kept + len(tokens), generated + tree.cost.generated_tokens
    return (
        f"{same} of {len(texts)} responses fall into the same steps, {steps} in all; "
        f"{generated - kept} of {generated} tokens dropped ({1 - kept / generated:.2%})\n"
    )


async def _one_by_one(tree: Tree, requests: StepRequests) -> list[tuple[int, ...]]:
    """The tokens of the steps, each sampled after those before it."""
    node = tree.add(NO_PARENT, "", ())
    taken = []
    while True:
        (step,) = await requests.sample(node, 0, 1)
        taken.append(step.token_ids)
        if step.stop is None:
            return taken
        node = tree.add(node, step.text, step.token_ids)


def _responses(path: Path, field: str) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)[field]


def _paragraphs(step: str) -> list[str]:
    return [piece for piece in re.split(r"(?<=\n\n)", step) if piece]


def _is_cut(step: str) -> bool:
    """Whether a structure begins or ends outside the step."""
    fences = len(re.findall(r"^[ \t]*```", step, re.MULTILINE))
    displays = len(re.findall(r"(?<!\\)\\\[", step)) - len(re.findall(r"(?<!\\)\\\]", step))
    return bool(fences % 2 or displays or step.count("\\begin{") != step.count("\\end{"))


if __name__ == "__main__":
    sys.exit(main())
