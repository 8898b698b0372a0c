"""Random text through every task that needs no sandbox: no crash, nothing correct, no growth."""

import json
import random
import resource
import string

import pytest

from astro.records.problem import Problem
from astro.verify import Verifier, VerifyConfig

PIECES = [
    *(
        r"\frac{",
        r"\sqrt{",
        "}",
        "{",
        r"\boxed{",
        "<answer>",
        "</answer>",
        r"\pi",
        "^{",
        "_",
        r"\left(",
        r"\right)",
        r"\sum",
    ),
    *(
        r"\begin{pmatrix}",
        r"\end{pmatrix}",
        "&",
        r"\\",
        "$",
        r"\text{",
        "=",
        "+",
        "-",
        "x",
        "1",
        "7",
        "0",
        ".",
        ",",
        "!",
        "%",
    ),
    *("(", ")", "[", "]", "</think>", "or", "```", "\n", "A", "->", "~", "C", "#"),
]


def noise(rng):
    size = rng.randint(0, 40)
    text = (
        bytes(rng.randrange(256) for _ in range(size)).decode("latin-1"),
        "".join(chr(rng.randrange(0x110000)) for _ in range(size)),
        "".join(rng.choices(PIECES, k=size)),
        "".join(rng.choices(string.printable, k=size)),
    )[rng.randrange(4)]
    return (rf"\boxed{{{text}}}", f"<answer>{text}</answer>", f"The answer is {text}", text)[rng.randrange(4)]


def problems(n):
    return [
        Problem("math", "", rf"\frac{{{n}}}{{{n + 1}}}", "math"),
        Problem("expression", "", f"x^3+{n}x", "math"),
        Problem("countdown", "", str(n), "countdown", "", {"numbers": [101, 211, 307], "target": n}),
        Problem("qa", "", json.dumps([f"word{n}"]), "qa"),
        Problem("mcq", "(A) a (B) b (C) c (D) d (E) e", "A,B,D,E", "mcq"),
        Problem("logic", "", f"a{n} -> b{n}", "logic"),
        Problem("bio", "", json.dumps({"coords": [[n, 0, 0], [0, 1, 2], [3, 4, n]], "threshold": 0.1}), "bio"),
    ]


@pytest.mark.parametrize("seed", range(4))
def test_noise(seed):
    """Ten thousand random strings of bytes, Unicode, LaTeX-like and printable text a seed."""
    rng = random.Random(seed)
    golds = problems(rng.randrange(10**11, 10**12))
    verifier = Verifier(VerifyConfig(cache_size=1000))
    sizes = []
    for _ in range(5):
        pairs = [(rng.choice(golds), noise(rng)) for _ in range(2000)]
        for (problem, text), verdict in zip(pairs, verifier.verify_many(pairs), strict=True):
            assert not verdict.correct, (problem.id, text)
        sizes.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)
    assert sizes[-1] - sizes[0] < 50
    assert sum(verifier.counts.values()) == 10_000
    verifier.close()
