"""The ablations: their files, and their table."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from reported import begun, evaluate

from astro.config import load_config
from astro.errors import ConfigError
from astro.report.ablations import AblationConfig, Kind, ablation_table, load_ablations, rows_of
from astro.report.gather import gather
from astro.run import RunConfig

CONFIGS = Path(__file__).parents[2] / "configs"


def test_every_control_that_was_asked_for_is_there() -> None:
    """Each is a file whose settings fit the run that it changes."""
    ablations = load_ablations(CONFIGS / "ablations")
    assert set(ablations) == {
        "direct", "direct-equal-tokens", "direct-best-of", "no-phrases", "restarts", "k0", "k1", "k2", "k4",
        "mid-branch", "no-self-evaluation", "template-steps", "search-order", "by-values",
    }  # fmt: skip
    for ablation in ablations.values():
        changed = load_config(RunConfig, CONFIGS / "worlds" / "countdown.yaml", ablation.overrides)
        same = load_config(RunConfig, CONFIGS / "worlds" / "countdown.yaml")
        assert (changed.traces != same.traces) == (ablation.kind in {Kind.TRACES, Kind.EQUAL_TOKENS})
        assert changed.search == same.search, "the trees are shared"


def test_a_name_that_is_none_is_a_mistake() -> None:
    """It is said which file is missing."""
    with pytest.raises(ConfigError, match=r"k9\.yaml"):
        load_ablations(CONFIGS / "ablations", ["k9"])


def test_the_table_compares_with_the_reference(tmp_path: Path) -> None:
    """A paired difference and the data's size for what was trained; best-of-N in two rows."""
    reference, other = begun(tmp_path / "reference"), begun(tmp_path / "other")
    for model, skill in (("astro-sft", 0.5), ("direct-sft", 0.2)):
        evaluate(reference, model, "held-out", skill)
    evaluate(other, "astro-sft", "held-out", 0.3)
    for run, dataset, rows in ((reference, "sft", 3), (reference, "direct", 4), (other, "sft", 5)):
        folder = run / "datasets" / dataset
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"completion_tokens": [10] * rows}), folder / "train-00000-of-00001.parquet")
    others = {
        "restarts": (AblationConfig(title="Restarts"), gather(other), other),
        "direct": (AblationConfig(title="Direct", kind=Kind.DIRECT), None, reference),
        "best": (AblationConfig(title="Best", kind=Kind.BEST_OF), None, reference),
        "late": (AblationConfig(title="Not done"), gather(begun(tmp_path / "late")), tmp_path / "late"),
    }
    rows = {row.name: row for row in rows_of(gather(reference), reference, others)}
    assert set(rows) == {"reference", "restarts", "direct", "best-majority", "best-any"}
    assert (rows["restarts"].examples, rows["restarts"].trained_tokens) == (5, 50)
    assert (rows["direct"].examples, rows["reference"].examples) == (4, 3)
    assert rows["reference"].difference is None
    for name in ("restarts", "direct"):
        difference = rows[name].difference
        assert difference is not None
        assert difference.value < 0
        assert difference.low is not None
        assert difference.low < difference.value
    text = ablation_table(list(rows.values()), "held-out").markdown()
    assert "| Restarts |" in text
    assert "Best: any right of" in text
