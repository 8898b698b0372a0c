import pytest

from astro.errors import ConfigError
from astro.records.problem import Problem
from astro.viewer.listing import Listing, Query, listing_row

TREE = {"stop": "goal", "nodes": 5, "simulations": 2, "root_value": 0.5, "root_reward": 0.25}


def listing() -> Listing:
    """Three problems: solved with two traces, unsolved, and not searched."""
    problems = [Problem(name, f"Make {name} of apples.", "1", "math") for name in ("one", "two", "three")]
    trees = {"one": TREE | {"solved": True}, "two": TREE | {"solved": False, "root_reward": 0.0, "nodes": 9}}
    traced = {"one": {"traces": 2, "backtracks": 3}}
    rows = [listing_row(problem, trees.get(problem.id), traced.get(problem.id, {}), {}) for problem in problems]
    return Listing(rows, [problem.prompt for problem in problems])


def ids(query: Query, **labels: str) -> list[str]:
    return [row["id"] for row in listing().select(query, labels)["rows"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(), ["one", "two", "three"]),
        (Query(search="APPLES three"), ["three"]),
        (Query(search="pears"), []),
        (Query(status="not searched"), ["three"]),
        (Query(traces="some"), ["one"]),
        (Query(traces="none"), ["two", "three"]),
        (Query(low=0.1), ["one"]),
        (Query(high=0.1), ["two"]),
        (Query(sort="nodes", descending=True), ["two", "one", "three"]),
        (Query(sort="nodes"), ["one", "two", "three"]),
        (Query(offset=1, limit=1), ["two"]),
        (Query(search="o", status="unsolved", traces="none"), ["two"]),
    ],
)
def test_a_query_selects_and_sorts(query: Query, expected: list[str]) -> None:
    """Filters combine; a row without a value is last, in either order."""
    assert ids(query) == expected


def test_labels_are_a_column() -> None:
    """A query finds labelled problems, those without a label, and one kind of label."""
    assert ids(Query(label="any"), two="bad") == ["two"]
    assert ids(Query(label="none"), two="bad") == ["one", "three"]
    assert ids(Query(label="good"), two="bad") == []


def test_a_query_counts_what_matches() -> None:
    """The answer has the number of all rows and of those that match, whatever part is sent."""
    found = listing().select(Query(traces="none", limit=1), {})
    assert (found["total"], found["matching"], len(found["rows"])) == (3, 2, 1)


def test_every_mistake_of_an_address_is_named() -> None:
    """An unknown part, a wrong number and an unknown column are one error."""
    with pytest.raises(ConfigError) as raised:
        Query.parse({"colour": "red", "low": "a", "sort": "beauty"})
    message = str(raised.value)
    assert "'colour'" in message
    assert "low is a number, not 'a'" in message
    assert "not 'beauty'" in message
