"""Train the embedded model from scratch and write it to a folder.

    python -m tools.pretrain_tiny --out data/models/tiny-countdown

2 CPU cores, about an hour if nothing else runs. If stopped, the same command resumes after the last finished phase. The
corpus is generated (tools/tiny_model/corpus.py), seeds are fixed, and no multiset of numbers of the test split occurs
in it. tools/measure_tiny.py writes the card and its figures.
"""

import argparse
from functools import partial
from pathlib import Path

from tools.tiny_model.pretrain import Recipe, train, train_tokenizer


def main() -> None:
    """Train the tokenizer, then the model; write the log of the loss next to the weights."""
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
