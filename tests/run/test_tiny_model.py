from pathlib import Path

import pyarrow.parquet as pq
import pytest
from runs import quiet

from astro.config import load_config
from astro.run import RunConfig, Stages, carry_out

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "data" / "models" / "tiny-countdown"

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not MODEL.is_dir(), reason="the embedded model is not in this checkout"),
]


def test_the_embedded_default_makes_the_same_traces_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """configs/tiny.yaml on a few problems: verified traces with backtracks, equal byte for byte in a second run."""
    monkeypatch.chdir(ROOT)
    files = []
    for name in ("one", "two"):
        overrides = [f"output.folder={tmp_path}", f"name={name}", "problems.limit=4"]
        summary = carry_out(load_config(RunConfig, ROOT / "configs" / "tiny.yaml", overrides), Stages(), quiet())
        assert summary.trees == 4
        assert summary.backtracking > 0
        paths = sorted(path for path in (tmp_path / name).rglob("*.parquet") if not path.name.startswith("costs"))
        files.append({path.relative_to(tmp_path / name): path.read_bytes() for path in paths})
    kinds = {path.name.partition("-")[0] for path in files[0]}
    assert {"nodes", "trees", "traces", "train"} <= kinds
    assert files[0] == files[1]
    assert pq.read_table(tmp_path / "one" / "traces" / "traces-00000-of-00001.parquet").num_rows > 0
