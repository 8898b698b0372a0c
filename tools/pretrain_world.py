"""Train base models of a family of problems from scratch; they have never read a search.

    python -m tools.pretrain_world maze --out runs/maze-base --seeds 3
    python -m tools.pretrain_world coloring --out runs/coloring-base --seeds 3

Writes OUT-1, -2 and -3, of 1.3 M parameters each. One CPU core, 25 to 45 minutes a model; --only N trains one of them,
for a second core. If stopped, the same command resumes after the last finished phase. The corpora are generated
(tools/maze_model/corpus.py, tools/coloring_model/corpus.py), seeds are fixed, and no problem of the test split occurs
in them. One tokenizer serves all models of a family.
"""

import argparse
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tools.coloring_model import corpus as coloring
from tools.maze_model import corpus as maze
from tools.tiny_model.pretrain import LOG, Corpus, Recipe, train, train_tokenizer


@dataclass(frozen=True, slots=True)
class Family:
    """What the bases of a family are made of: recipe, texts, pieces and size of the tokenizer."""

    recipe: Recipe
    texts: Corpus
    pieces: str
    size: int


FAMILIES = {
    "maze": Family(maze.RECIPE, maze.vocabulary, maze.PIECES, maze.VOCABULARY),
    "coloring": Family(coloring.RECIPE, coloring.vocabulary, coloring.PIECES, coloring.VOCABULARY),
}


def main() -> None:
    """Train the tokenizer, then the models that are not there yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("family", choices=list(FAMILIES))
    parser.add_argument("--out", type=Path, required=True, help="beginning of the models' folders")
    parser.add_argument("--seeds", type=int, default=1, help="number of models (default %(default)s)")
    parser.add_argument("--only", type=int, help="train the model of this seed alone, beside other processes")
    parser.add_argument("--tokens", type=int, help="tokens of all phases (default: those of the recipe)")
    arguments = parser.parse_args()
    family = FAMILIES[arguments.family]
    recipe = family.recipe if arguments.tokens is None else family.recipe.scaled(arguments.tokens)
    tokenizer = train_tokenizer(0, family.texts, sample=3000, pieces=family.pieces, size=family.size)
    seeds = range(1, arguments.seeds + 1) if arguments.only is None else [arguments.only]
    for seed in seeds:
        folder = arguments.out.with_name(f"{arguments.out.name}-{seed}")
        if (folder / LOG).exists():
            continue
        train(replace(recipe, seed=seed), tokenizer, folder, say=partial(print, flush=True))


if __name__ == "__main__":
    main()
