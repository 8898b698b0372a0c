"""Train base models of the mazes from scratch; they have never read a search.

    python -m tools.pretrain_maze --out runs/maze-base --seeds 3

Writes runs/maze-base-1, -2 and -3, of 1 M parameters and 6.5 million tokens each. One CPU core, under 30 minutes a
model; --only N trains one of them, for a second core. If stopped, the same command resumes after the last finished
phase. The corpus is generated (tools/maze_model/corpus.py), seeds are fixed, and no maze of the test split occurs in
it. One tokenizer serves all.
"""

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path

from tools.maze_model.corpus import PIECES, RECIPE, VOCABULARY, vocabulary
from tools.tiny_model.pretrain import LOG, train, train_tokenizer


def main() -> None:
    """Train the tokenizer, then the models that are not there yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="beginning of the models' folders")
    parser.add_argument("--seeds", type=int, default=1, help="number of models (default %(default)s)")
    parser.add_argument("--only", type=int, help="train the model of this seed alone, beside other processes")
    parser.add_argument("--tokens", type=int, default=RECIPE.tokens, help="tokens of all phases (default %(default)s)")
    arguments = parser.parse_args()
    tokenizer = train_tokenizer(0, vocabulary, sample=3000, pieces=PIECES, size=VOCABULARY)
    seeds = range(1, arguments.seeds + 1) if arguments.only is None else [arguments.only]
    for seed in seeds:
        folder = arguments.out.with_name(f"{arguments.out.name}-{seed}")
        if (folder / LOG).exists():
            continue
        train(replace(RECIPE, seed=seed).scaled(arguments.tokens), tokenizer, folder, say=partial(print, flush=True))


if __name__ == "__main__":
    main()
