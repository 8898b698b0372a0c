"""The table of several seeds, and best-of-N at equal cost."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from reported import begun, evaluate, finished

from astro.report.best_of import best_of
from astro.report.gather import gather
from astro.report.seeds import write_results
from astro.report.summary import write_summary


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seeds")
    return [gather(finished(folder / f"seed-{seed}", seed)) for seed in (1, 2, 3)]


def test_three_seeds_come_to_one_effect(seeds, tmp_path: Path) -> None:
    """effect.json has what was asked of it, in points; the page has the five models on every set, and the command."""
    effect = write_results(seeds, tmp_path, "python pipelines/results.py --seeds 3", (5678.4, 2))
    assert json.loads((tmp_path / "effect.json").read_text(encoding="utf-8")) == effect
    assert effect["seeds"] == 3
    for name in ("astro_sft_minus_direct_sft", "astro_rl_minus_direct_rl"):
        assert 5 < effect[name]["low"] < effect[name]["mean"] < effect[name]["high"] < 50
    assert -1 <= effect["pearson"]["low"] < effect["pearson"]["mean"] < effect["pearson"]["high"] <= 1
    page = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert page.count("| ASTRO-RL |") == 2
    assert "python pipelines/results.py --seeds 3" in page
    assert "The wall time of all jobs was 5,678 s, with at most 2 processes at once." in page
    assert {path.name for path in tmp_path.glob("*.png")} == {"results.png", "backtracks.png"}


def test_the_correlation_of_each_seed_stands_beside_the_pooled_one(seeds, tmp_path: Path) -> None:
    """With its interval, and with what the seeds' difference comes to, on the page and in effect.json."""
    found = write_results(seeds, tmp_path, "c")["pearson"]
    page = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert len(found["each"]) == 3
    for number, each in enumerate(found["each"], start=1):
        assert each["low"] < each["mean"] < each["high"]
        assert f"| seed-{number} | r = {each['mean']:.2f} [" in page
    assert found["heterogeneity"]["degrees"] == 2
    assert f"Cochran's Q = {found['heterogeneity']['q']:.1f} on 2 degrees of freedom" in page


def test_the_controls_are_on_the_page_and_in_the_effect(tmp_path: Path) -> None:
    """Every evaluated continuation has a row, and ASTRO is compared with the best control, over seeds."""
    runs = [finished(tmp_path / f"r-{seed}", seed) for seed in (1, 2)]
    for seed, run in enumerate(runs, start=1):
        evaluate(run, "direct-sft+ask_again", "held-out", 0.5, seed)
    out = tmp_path / "out"
    effect = write_results([gather(run) for run in runs], out, "c")
    found = effect["minus_best_control"]["held-out"]["astro-sft"]
    assert found["best"] == "direct-sft+ask_again"
    assert found["mean"] < effect["astro_sft_minus_direct_sft"]["mean"]
    assert found["each"]["direct-sft"]["mean"] == pytest.approx(effect["astro_sft_minus_direct_sft"]["mean"], abs=0.01)
    page = (out / "results.md").read_text(encoding="utf-8")
    assert page.count("| Direct-SFT, asked again |") == 1
    assert "## ASTRO minus the best control" in page
    assert "| held-out | ASTRO after SFT |" in page


def test_several_tasks_come_to_one_table_and_one_effect(seeds, tmp_path: Path) -> None:
    """A row for each task, set and training whose control was continued; effect.json has the same by these three."""
    run = finished(tmp_path / "r")
    for model in ("direct-sft+ask_again", "direct-rl+nudge"):
        evaluate(run, model, "held-out", 0.5)
    evaluate(run, "direct-equal-tokens-sft", "held-out", 0.9)
    write_summary({"maze": [gather(run)], "countdown": seeds}, tmp_path / "out", "the command", (60, 2))
    effect = json.loads((tmp_path / "out" / "effect.json").read_text(encoding="utf-8"))
    assert effect["countdown"] == {}  # without continuations there is nothing to compare with
    assert {name: list(each) for name, each in effect["maze"].items()} == {"held-out": ["sft", "rl"]}
    after = effect["maze"]["held-out"]
    assert after["sft"]["best"] == "direct-equal-tokens-sft"
    assert after["sft"]["low"] < after["sft"]["mean"] < after["sft"]["high"] < 0
    page = (tmp_path / "out" / "summary.md").read_text(encoding="utf-8")
    assert "the command" in page
    rows = [line for line in page.splitlines() if line.startswith("| maze, held-out |")]
    assert len(rows) == 2
    assert f"{after['rl']['mean']:+.1f} [" in rows[1]


def test_the_mean_is_that_of_the_seeds(seeds, tmp_path: Path) -> None:
    """The difference in effect.json is the mean of each seed's own difference."""
    effect = write_results(seeds, tmp_path, "c")
    each = [
        findings.evaluations["astro-sft", "held-out"].figures["pass_at_1"].value
        - findings.evaluations["direct-sft", "held-out"].figures["pass_at_1"].value
        for findings in seeds
    ]
    assert effect["astro_sft_minus_direct_sft"]["mean"] == pytest.approx(100 * sum(each) / 3, abs=0.01)


def test_the_control_at_equal_tokens_has_a_difference_of_its_own(tmp_path: Path) -> None:
    """Where it was evaluated it stands in the table of the models and in that of the differences, on its problems."""
    path = finished(tmp_path / "r")
    assert write_results([gather(path)], tmp_path / "a", "c")["astro_sft_minus_direct_equal_tokens_sft"]["mean"] is None
    evaluate(path, "direct-equal-tokens-sft", "held-out", 0.2)
    found = write_results([gather(path)], tmp_path / "b", "c")["astro_sft_minus_direct_equal_tokens_sft"]
    assert found["low"] < found["mean"] < found["high"]
    page = (tmp_path / "b" / "results.md").read_text(encoding="utf-8")
    assert "| Direct-SFT, equal tokens |" in page
    assert "| set | after SFT | after RL | after SFT, at equal tokens |" in page


def test_seeds_of_different_sizes_are_not_said_to_be_of_one(tmp_path: Path) -> None:
    """Where a seed's set has fewer problems the heading has the range."""
    runs = [begun(tmp_path / f"r-{seed}") for seed in (1, 2)]
    for seed, run in enumerate(runs, start=1):
        evaluate(run, "base", "held-out", 0.2, seed, count=30 + seed)
    write_results([gather(run) for run in runs], tmp_path / "out", "c")
    page = (tmp_path / "out" / "results.md").read_text(encoding="utf-8")
    assert "**held-out, 31 to 32 problems x 8 samples a seed**" in page


def test_a_set_says_what_it_shares_with_training(seeds, tmp_path: Path) -> None:
    """One line a set over all seeds; none where nothing was compared."""
    write_results(seeds, tmp_path, "c")
    page = (tmp_path / "results.md").read_text(encoding="utf-8")
    line = "Of the 120 problems, 3 are also training problems, and 6 are similar to one; compared with 24."
    assert page.count("are also training problems") == page.count(line) == 1


def test_the_table_has_the_best_of_eight_and_how_many_responses_end(seeds, tmp_path: Path) -> None:
    """Beside maj@8, whose note says where it is kind."""
    write_results(seeds, tmp_path, "c")
    page = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert "| maj@8, % | any right of 8, % | ended, % | tokens |" in page
    assert page.count("| 87.5 | 90.0 |") == 10
    assert "It flatters a model if all right answers have the same value" in page


def test_what_was_not_measured_is_null(tmp_path: Path) -> None:
    """A run without RL has no difference after RL and no correlation."""
    path = begun(tmp_path / "r")
    for model, skill in (("direct-sft", 0.2), ("astro-sft", 0.4)):
        evaluate(path, model, "held-out", skill)
    effect = write_results([gather(path)], tmp_path / "out", "c")
    assert effect["astro_sft_minus_direct_sft"]["mean"] > 0
    none = {"mean": None, "low": None, "high": None}
    assert effect["astro_rl_minus_direct_rl"] == none
    assert effect["pearson"] == {**none, "each": [none], "heterogeneity": None}


def test_best_of_n_costs_what_the_other_costs(seeds) -> None:
    """N is the ratio of mean tokens, rounded up; its bound is above a single response of the same model."""
    evaluations = seeds[0].evaluations
    cheap, dear = evaluations["direct-sft", "held-out"], evaluations["astro-sft", "held-out"]
    found = best_of(cheap, dear)
    assert found is not None
    ratio = dear.figures["tokens"].value / cheap.figures["tokens"].value
    assert found.wanted - 1 < ratio <= found.wanted
    assert found.n == min(found.wanted, 8)
    assert found.any_right.value > cheap.figures["pass_at_1"].value


def test_best_of_one_is_a_single_response(seeds) -> None:
    """A model at its own price: the majority of one, and the one that is right, are pass@1."""
    one = seeds[0].evaluations["direct-sft", "held-out"]
    found = best_of(one, one)
    assert found is not None
    assert (found.n, found.wanted) == (1, 1)
    correct = pq.read_table(one.folder / "responses.parquet")["correct"].to_pylist()
    assert found.any_right.value == pytest.approx(sum(correct) / len(correct))
    assert found.majority.value == pytest.approx(found.any_right.value)
