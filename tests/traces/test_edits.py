"""Rewrites that keep most of their step: what stands in the place of something else, and what comes after it."""

import pytest

from astro.traces.meaning import What, differences, read
from astro.traces.meaning.edits import exchanges


def spoken(step, rewrite):
    """The exchanges as written."""
    return [
        ([piece.text for piece in each.old], [piece.text for piece in each.new])
        for each in exchanges(read(step), read(rewrite))
    ]


def test_an_exchange_is_found_in_its_place():
    """Of six pieces with content, one is another one."""
    step = "The shop sells 12 red balloons to the school."
    assert spoken(step, "The shop sells 12 red kites to the school.") == [(["balloons"], ["kites"])]


def test_two_pieces_that_change_places_are_two_exchanges():
    """Each stands where the other one stood."""
    step = "The area of region P equals the area of region Q minus the area of region R."
    found = spoken(step, "The area of region P equals the area of region R minus the area of region Q.")
    assert found == [(["Q"], ["R"]), (["R"], ["Q"])]


def test_a_paraphrase_exchanges_nothing():
    """Less than three fifths of the step are kept."""
    assert spoken("The courier delivers 12 parcels downtown.", "Downtown receives 12 packages, one by one.") == []


def test_a_part_that_moved_is_no_exchange():
    """The words stay, in another order of the parts."""
    step = "In the first year, the total number of cups is 550 for the puppy."
    assert spoken(step, "The total number of cups is 550 for the puppy in the first year.") == []


@pytest.mark.parametrize(
    ("step", "rewrite", "what"),
    [
        ("The total number of cups per bag is 9.", "The total number of jars per bag is 9.", What.UNDECIDED),
        (
            "The factors of 8 are odd and those of 22 even.",
            "The factors of 22 are odd and those of 8 even.",
            What.SWAPPED,
        ),
        ("For $x = 5$ and $x = 1$ we keep $x = 5$.", "For $x = 5$ and $x = 1$ we keep $x = 1$.", What.SWAPPED),
        ("We need a pack of cloths for 8 clients.", "We bought a pack of cloths for 8 clients.", What.UNDECIDED),
        ("The sum of the two grades is 8.", "The average of the two grades is 8.", What.MEANING_CHANGED),
        ("The 8 pens cost 4 dollars.", "The 8 pens cost 4 dollars, so 4 are left of 8.", What.EXPRESSION_ADDED),
    ],
)
def test_a_close_rewrite_with_something_else_in_one_place_is_refused(step, rewrite, what):
    """Whether it is a word, a figure, or a result that comes next."""
    assert what in [each.what for each in differences(step, rewrite, [])]


@pytest.mark.parametrize(
    ("step", "rewrite"),
    [
        ("The 8 bottles cost 4 dollars.", "The price of the 8 bottles is 4 dollars."),
        ("So the total is 9 and we get $x = 9$.", "Hence the sum is 9, and it follows that $x = 9$."),
        ("So $x = 5$ and $y = 7$.", "So $y = 7$ and $x = 5$."),
    ],
)
def test_a_close_rewrite_with_a_word_of_the_same_meaning_passes(step, rewrite):
    """Synonyms, words that only report, and equal members in another order."""
    assert differences(step, rewrite, []) == []
