from pathlib import Path

from astro.models import VllmConfig
from astro.problems import ProblemsConfig
from astro.run.settings import RunConfig
from tools.tables import TABLES, page_with

PAGE = (Path(__file__).parents[2] / "docs" / "run-directory.md").read_text(encoding="utf-8")


def test_the_tables_of_the_page_are_current() -> None:
    """The page says what the declarations say; `python -m tools.tables` rewrites it."""
    assert page_with(TABLES, PAGE) == PAGE


def test_the_page_names_every_column_with_its_type() -> None:
    """A line for each column, with its type, also for the parts of a struct."""
    assert "| logprob | float64 | nats | summed over the step's tokens |" in PAGE
    assert "| rollouts.canonical | string or null |  | normal form of answer |" in PAGE
    missing = [name for table in TABLES for name in table.names if f"\n| {name} | " not in PAGE]
    assert missing == []


def test_every_setting_that_may_change_is_documented() -> None:
    """A setting that a continued run may differ in is named there."""
    config = RunConfig(name="r", problems=ProblemsConfig(source="x"), engine=VllmConfig(model="m"))
    assert [name for name in config.speed_settings() if f"`{name}`" not in PAGE] == []
