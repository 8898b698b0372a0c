import json
import time
from pathlib import Path

import pytest

from astro.traces.backtracks import count_backtracks, find_backtracks

DOUBT = "But wait, are we solving the problem correctly so far? Hmm... "
UNSURE = DOUBT + "I'm not sure if we're solving the problem correctly so far."
SURE = DOUBT + "Our solution seems to be correct so far."
GRADED = [
    json.loads(line)
    for line in Path(__file__).with_name("graded_backtracks.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize(
    ("text", "moves"),
    [
        ("", 0),
        (f"3 + 4 = 7.\n{SURE}\nThen 7 * 2 = 14.", 0),
        (f"{UNSURE}\nLet's restart our solution from the beginning.\nInstead, let's try 13 + 2 = 15.", 1),
        (
            f"{UNSURE}\nLet's go back to where we had 19.\nInstead, let's try 19 * 4 = 76.\n{UNSURE}\nGo back to 3.",
            2,
        ),
        ("Instead, let's try 3 + 4 = 7.", 1),
        ("Wait, that's not right. 3 * 4 is 12, not 15. Let me try again.", 1),
        ("Hmm, I made a mistake. So x = 4.", 1),
        ("Wait, that is correct.", 0),
        ("This approach doesn't work. Let's try a different approach. First, x = 2.", 1),
        ("Hold on, this doesn't work. Backtrack to step 2. So x = 3. Then y = 4. That is wrong. Let's backtrack.", 2),
        ("Wait, no. Let me reconsider.", 1),
        ("We don't need to start over.", 0),
        ("If that fails we can go back to step 1.", 0),
        ("Let's go back and check the answer.", 0),
        ("Let me use another method to verify this result.", 0),
        ("Let's try another way to confirm: 3*3 = 9.", 0),
        ("Now we go back to the original equation and substitute x = 2.", 0),
        ("We can use a different approach: complete the square.", 0),
        ("This does not work. We can use a different approach: complete the square.", 1),
        ("Wait, I think that's wrong. Let me recompute.", 1),
        ("Oh no, I miscalculated.", 1),
    ],
)
def test_moves_are_counted_not_phrases(text: str, moves: int) -> None:
    """A doubt, the return and the new start after it are one move; a doubt that ends well is none."""
    assert count_backtracks(text) == moves


@pytest.mark.parametrize(("tuned", "precision", "recall"), [(True, 67 / 68, 67 / 73), (False, 5 / 6, 5 / 15)])
def test_moves_in_free_prose_are_found_as_well_as_is_said(tuned: bool, precision: float, recall: float) -> None:
    """On graded snippets: those the patterns were made on, and others; the figures are in docs/evaluation.md."""
    counted = [(count_backtracks(graded["text"]), graded["moves"]) for graded in GRADED if graded["tuned"] is tuned]
    right = sum(min(pair) for pair in counted)
    assert right / sum(found for found, _ in counted) >= precision
    assert right / sum(there for _, there in counted) >= recall


def test_a_move_is_where_its_sentences_are() -> None:
    """What stands before a move's start is the attempt that it leaves."""
    text = f"3 + 4 = 7.\n{UNSURE}\nLet's go back to where we had 3 and 4.\n3 * 4 = 12."
    (move,) = find_backtracks(text)
    assert text[move.start : move.end].strip() == "Let's go back to where we had 3 and 4."


@pytest.mark.parametrize(
    "piece",
    [
        "wait, ",
        "let's ",
        "a",
        "we  ",
        "Wait, that is not ",
        "\n",
        ". ",
        "if ",
        "wait. ",
        "cannot be ",
        "i've a b c d e f ",
        "only ",
    ],
)
def test_hostile_text_takes_linear_time(piece: str) -> None:
    """A quarter of a million characters of the beginning of a phrase are read at once."""
    begun = time.monotonic()
    count_backtracks(piece * (250_000 // len(piece)))
    assert time.monotonic() - begun < 5
