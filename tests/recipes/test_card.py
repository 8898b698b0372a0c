"""The data card."""

from collections import Counter

import yaml
from making import ORIGIN
from test_trace_filters import trace_of

from astro.recipes import DataConfig
from astro.recipes.card import CardFacts, data_card
from astro.records.cost import Cost
from astro.records.split import Split


def card(rows, **changes):
    facts = {
        "name": "a run: of mine",
        "license": "apache-2.0",
        "origin": ORIGIN,
        "recipes": DataConfig().recipes,
        "prompts": "tiny/v1",
        "sources": {"countdown generator": 10, "my | file.jsonl": 2},
        "rows": rows,
        "taken": {},
        "backtracks": {1: 20, 2: 10},
        "counts": Counter(
            {"rewrite.checked": 200, "rewrite.first_try": 190, "rewrite.fallbacks": 4, "refused.loop": 3}
        ),
        "search": Cost(100, 5000, 4000, 50_000),
        "tracing": Cost(50, 9000, 8000, 10_000),
        "asking": Cost(),
        "digest": "ab" * 32,
    }
    return data_card(CardFacts(**(facts | changes)))


ROWS = {("sft", Split.TRAIN): 1800, ("sft", Split.TEST): 90, ("rl", Split.TRAIN): 12}


def header(text):
    return yaml.safe_load(text.split("---\n")[1])


def test_the_header_lists_the_data_sets_and_splits_that_have_rows():
    """The Hub's loader finds each file, and nothing that is not there."""
    fields = header(card(ROWS))
    assert fields["configs"] == [
        {
            "config_name": "sft",
            "default": True,
            "data_files": [
                {"split": "train", "path": "sft/train-*.parquet"},
                {"split": "test", "path": "sft/test-*.parquet"},
            ],
        },
        {"config_name": "rl", "data_files": [{"split": "train", "path": "rl/train-*.parquet"}]},
    ]
    assert fields["pretty_name"] == "a run: of mine"
    assert fields["license"] == "apache-2.0"
    assert fields["size_categories"] == ["1K<n<10K"]


def test_the_figures_are_those_of_the_run():
    """Shares, costs, rejects and sources, with cells that keep the table whole."""
    text = card(ROWS)
    assert "190 of 200 (95.0%)" in text
    assert "| tokens generated per search trace | 2,000 |" in text  # (50,000 + 10,000) / 30
    assert "| refused.loop | 3 |" in text
    assert "| my \\| file.jsonl | 2 |" in text


def test_an_example_cannot_leave_its_block():
    """Backticks and HTML of a model stay inside the code fence."""
    hostile = trace_of(text="```\n<script>alert(1)</script>\n````\n# heading")
    text = card(ROWS, example=("a prompt", hostile))
    assert "`````text\n```\n<script>alert(1)</script>\n````\n# heading\n`````" in text


def test_an_example_cannot_drive_a_terminal():
    """Escapes and changes of the writing direction are shown as a sign."""
    text = card({("sft", Split.TRAIN): 1}, example=("red \x1b[31m and \u202e turned", trace_of("fine\n")))
    assert "red \ufffd[31m and \ufffd turned\n" in text


def test_an_empty_run_has_a_card_too():
    """Nothing made, nothing divided by zero."""
    text = card({}, backtracks={}, counts={}, sources={})
    assert header(text)["configs"] == []
    assert "none made" in text


def test_the_card_counts_rows_that_the_control_is_short_of():
    """Where no correct path passed the filters, the two arms are not of one size, and the card says by how much."""
    assert "| rows missing from the control | 3 |" in card(ROWS, counts=Counter({"control.missing": 3}))
    assert "missing from the control" not in card(ROWS)


def test_what_the_filters_took_is_counted_for_each_data_set():
    """One line a filter; a run without filters has no such table."""
    text = card(ROWS, taken={"sft": {}, "rl": {"pass_rate": 3}})
    assert "| `rl` | pass_rate | 3 |" in text
    assert "recipes' filters" not in card(ROWS)
