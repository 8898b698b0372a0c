"""Train the embedded model from nothing and write it to a folder.

    python -m tools.pretrain_tiny --out data/models/tiny-countdown

2 CPU cores, about an hour when nothing else runs; where it was stopped, the same command goes on after the last phase
that was finished. The corpus is generated (tools/tiny_model/corpus.py), seeds are fixed, and no number multiset of the
test split occurs in it. The card and its figures are written by tools/measure_tiny.py.
"""

import argparse
from functools import partial
from pathlib import Path

from tools.tiny_model.pretrain import Recipe, train, train_tokenizer


def main() -> None:
    """Train the tokenizer, then the model; the log of the loss is written beside the weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for the model")
    parser.add_argument(
        "--tokens", type=int, default=Recipe().tokens, help="tokens of all phases (default %(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=Recipe().seed, help="seed of corpus and weights (default %(default)s)"
    )
    arguments = parser.parse_args()
    recipe = Recipe(seed=arguments.seed).scaled(arguments.tokens)
    train(recipe, train_tokenizer(recipe.seed), arguments.out, say=partial(print, flush=True))


if __name__ == "__main__":
    main()
