from pathlib import Path

import pyarrow.parquet as pq
import pytest

from astro.config import load_config
from astro.evaluation import evaluate_model
from astro.records.split import Split
from astro.run import RunConfig
from astro.tasks.countdown.generator import CountdownConfig, generate

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "data" / "models" / "tiny-countdown"
WAIT = "\nBut wait, are we solving the problem correctly so far? Hmm..."


@pytest.mark.engine
def test_engines_one_after_another_and_a_model_that_is_made_to_wait(tmp_path):
    """A second engine in one process repeats the first one's responses, then goes on from where it is made to wait."""
    pytest.importorskip("vllm")
    problems = generate(CountdownConfig(count=6, sizes=(3,), split=Split.TEST, seed=5))
    rows = {}
    wait = "{wait: 1, wait_text: " + repr(WAIT).replace("'", '"') + "}"
    for name, forcing, finished in (("plain", "null", 0.95), ("waits", wait, 0.25)):  # the base was never asked to wait
        overrides = [f"evaluation.budget_forcing={forcing}", "evaluation.samples=4", "evaluation.max_tokens=200"]
        how = load_config(RunConfig, ROOT / "configs" / "tiny.yaml", overrides).arrangement()
        found = evaluate_model(name, str(MODEL), {"three": problems}, how, tmp_path / name)["three"]
        assert found["figures"]["finished"]["value"] > finished
        rows[name] = pq.read_table(tmp_path / name / "three/responses.parquet").to_pylist()
    assert any(row["correct"] for row in rows["plain"])
    for plain, waits in zip(rows["plain"], rows["waits"], strict=True):
        assert waits["text"].startswith(plain["text"] + WAIT)
        assert waits["tokens"] > plain["tokens"]
