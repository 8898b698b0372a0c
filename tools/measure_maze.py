"""Measure what a base model of the mazes reads, by kind of token, before anything is trained on it.

    python -m tools.measure_maze runs/maze-base-1 [runs/maze-base-2 ...] [--examples 200] [--json]

Examples of the corpus that no training has drawn are read with their true beginnings, and the likeliest next token is
compared with the true one. Kinds:

options: the two ways that a step restates. turn: "by the first," or "by the second,", right if it is either.
first, second: the room that is the first or the second way. passage: each further room of a passage, and its end.
place: the room where a line is, and its repetition. way: each room of the answer.
verdict: "correct" or "not" at the end of a walk.
judgement: "Yes" or "No" about a whole solution.
even: of the probability of the two turns, the share of the less likely one; 0.5 is a model that takes each as often.
"""

import argparse
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from transformers import AutoTokenizer, LlamaForCausalLM

from astro.tasks.maze.dialect import ORDINALS
from tools.maze_model.corpus import judged, walked
from tools.tiny_model.corpus import Example

_TURNS = tuple(f" by the {ordinal}," for ordinal in ORDINALS)
_SEED = 20_000  # none of the seeds of a training


_KINDS = {
    "turn": r"Leave \d+$",
    **{ordinal: rf"by the {ordinal}, \d+$" for ordinal in ORDINALS},
    "passage": r"by the \w+, \d+ >[\d >]+$",
    "place": r"^At$|Leave$|by the \w+,$",
    "options": r"^At \d+(?::|: \d+)?$",
    "way": r"boxed\{[\d >]*$",
    "verdict": r"so the way is$",
}


def kind_of(text: str, begin: int) -> str | None:
    """The kind of the token that begins at this place of a completion; None for words without a choice."""
    if text in ("Yes.", "No."):
        return "judgement" if begin == 0 else None
    line = text[:begin].rpartition("\n")[2]
    return next((kind for kind, before in _KINDS.items() if re.search(before, line)), None)


def measured(model: LlamaForCausalLM, tokenizer: Any, examples: Iterator[Example]) -> dict[str, float]:
    """The share of tokens predicted right by kind, and even."""
    right, seen = Counter[str](), Counter[str]()
    even: list[float] = []
    user, end, assistant = tokenizer.convert_tokens_to_ids(["<|user|>", "<|end|>", "<|assistant|>"])
    encode = tokenizer.backend_tokenizer.encode
    turns = [encode(turn, add_special_tokens=False).ids[0] for turn in _TURNS]
    for example in examples:
        asked = encode(example.prompt, add_special_tokens=False).ids
        said = encode(example.completion, add_special_tokens=False)
        head = [user, *asked, end, assistant]
        with torch.no_grad():
            logits = model(torch.tensor([[*head, *said.ids]])).logits[0, len(head) - 1 : -1]
        for token, (begin, _), scores in zip(said.ids, said.offsets, logits, strict=True):
            kind = kind_of(example.completion, begin)
            if kind is None:
                continue
            best = int(scores.argmax())
            seen[kind] += 1
            if kind != "turn":
                right[kind] += best == token
                continue
            right[kind] += best in turns
            shares = scores.softmax(0)[turns]
            even.append(float(shares.min() / shares.sum()))
    return {kind: round(right[kind] / seen[kind], 4) for kind in sorted(seen)} | {"even": round(mean(even), 4)}


def main() -> None:
    """Print a line for each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--examples", type=int, default=200, help="walks, and judgements (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    figures: dict[str, dict[str, float]] = {}
    for folder in arguments.models:
        rng = random.Random(_SEED)  # noqa: S311 - reproducible examples
        drawn = [draw(rng) for draw in (walked, judged) for _ in range(arguments.examples)]
        model = LlamaForCausalLM.from_pretrained(folder, attn_implementation="sdpa").eval()
        figures[str(folder)] = measured(model, AutoTokenizer.from_pretrained(folder), iter(drawn))
    if arguments.json:
        sys.stdout.write(json.dumps(figures, indent=1) + "\n")
        return
    for name, row in figures.items():
        sys.stdout.write(f"{name}: {', '.join(f'{kind} {value:.3f}' for kind, value in row.items())}\n")


if __name__ == "__main__":
    main()
