import pyarrow as pa
import pytest

from astro.errors import ConfigError
from astro.viewer.listing import Listing, Query


def listing() -> Listing:
    """Three problems: solved with two traces, unsolved, and not searched."""
    names = ["one", "two", "three"]
    trees = {
        "problem_id": ["two", "one"], "stop": ["goal", None], "nodes": [9, 5], "simulations": [2, 2],
        "solved": [False, True], "root_value": [0.5, 0.5], "root_reward": [0.0, 0.25],
    }  # fmt: skip
    costs = {"problem_id": ["one", "one", "two"], "generated_tokens": [30, 4, 7], "seconds": [1.0, 0.5, 2.0]}
    return Listing(
        problems=pa.table({"id": names, "prompt": [f"Make {name} of apples." for name in names], "task": ["math"] * 3}),
        trees=pa.table(trees),
        traces=pa.table({"problem_id": ["one", "one"], "backtracks": [3, 0]}),
        rejects=pa.table({"problem_id": pa.array(["two"], pa.string())}),
        costs=pa.table(costs),
    )


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


def test_a_row_sums_what_the_tables_say_of_its_problem() -> None:
    """Counts and costs are sums over the problem's rows, in whatever order the tables have them."""
    one, two, three = listing().table.to_pylist()
    assert [row["status"] for row in (one, two, three)] == ["solved", "unsolved", "not searched"]
    assert [one[name] for name in ("traces", "backtracks", "rejects", "tokens", "seconds")] == [2, 3, 0, 34, 1.5]
    assert [two[name] for name in ("traces", "backtracks", "rejects", "tokens", "seconds")] == [0, 0, 1, 7, 2.0]
    assert [three[name] for name in ("nodes", "pass_rate", "tokens", "label")] == [None, None, 0, None]


def test_every_mistake_of_an_address_is_named() -> None:
    """An unknown part, a wrong number and an unknown column are one error."""
    with pytest.raises(ConfigError) as raised:
        Query.parse({"colour": "red", "low": "a", "sort": "beauty"})
    message = str(raised.value)
    assert "'colour'" in message
    assert "low is a number, not 'a'" in message
    assert "not 'beauty'" in message
