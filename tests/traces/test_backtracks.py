import time

import pytest

from astro.traces.backtracks import count_backtracks, find_backtracks

DOUBT = "But wait, are we solving the problem correctly so far? Hmm... "
UNSURE = DOUBT + "I'm not sure if we're solving the problem correctly so far."
SURE = DOUBT + "Our solution seems to be correct so far."


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
    ],
)
def test_moves_are_counted_not_phrases(text: str, moves: int) -> None:
    """A doubt, the return and the new start after it are one move; a doubt that ends well is none."""
    assert count_backtracks(text) == moves


def test_a_move_is_where_its_sentences_are() -> None:
    """What stands before a move's start is the attempt that it leaves."""
    text = f"3 + 4 = 7.\n{UNSURE}\nLet's go back to where we had 3 and 4.\n3 * 4 = 12."
    (move,) = find_backtracks(text)
    assert text[move.start : move.end].strip() == "Let's go back to where we had 3 and 4."


@pytest.mark.parametrize("piece", ["wait, ", "let's ", "a", "we  ", "Wait, that is not ", "\n", ". ", "if "])
def test_hostile_text_takes_linear_time(piece: str) -> None:
    """A quarter of a million characters of the beginning of a phrase are read at once."""
    begun = time.monotonic()
    count_backtracks(piece * (250_000 // len(piece)))
    assert time.monotonic() - begun < 5
