from pathlib import Path

from astro.run.settings import SPEED_SETTINGS
from astro.store import schemas

PAGE = (Path(__file__).parents[2] / "docs" / "run-directory.md").read_text(encoding="utf-8")


def test_every_column_is_documented() -> None:
    """The page on the run directory names each column of trees, nodes, traces, rejects and costs."""
    for schema in (schemas.TREES, schemas.NODES, schemas.TRACES, schemas.COSTS):
        assert [name for name in schema.names if name not in PAGE] == []


def test_every_setting_that_may_change_is_documented() -> None:
    """A setting that a continued run may differ in is named there."""
    assert [name for name in SPEED_SETTINGS if f"`{name}`" not in PAGE] == []
