"""Rounds without training: which model searches, whose trees are used, what resumes, what is reported."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from runs import config_in, quiet

from astro.errors import ConfigError, EngineDeadError, StoreError
from astro.models.engine import Engine, EngineSection, open_sampler
from astro.records.rounds import RoundRecord
from astro.run.inspect import show_run
from astro.run.plan import models_of
from astro.run.rounds import carry_out_rounds, check_rounds, expanded, resolve
from astro.store.atomic import write_marker
from astro.train.dpo import DPO

EVALUATION = "evaluation={sets: {new: {countdown: {count: 3, split: test}}}, samples: 2, max_tokens: 600}"
TWO = "rounds=[{}, {trees: 1, plan: [traces, data], settings: {traces.searches: 1}}]"


def record_of(folder: Path, number: int) -> RoundRecord:
    return RoundRecord.from_json((folder / "r" / "rounds" / str(number) / "round.json").read_text(encoding="utf-8"))


def contents(folder: Path) -> dict[str, bytes]:
    """The Parquet files that do not depend on the clock, by name."""
    paths = [path for path in folder.rglob("*.parquet") if not path.name.startswith("costs")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_a_round_takes_the_trees_of_another(tmp_path: Path) -> None:
    """Round 2 makes other traces of the trees that round 1 searched, and its record says whose trees they are."""
    config = config_in(tmp_path, TWO)
    carry_out_rounds(config, quiet())
    first, second = (tmp_path / "r" / "rounds" / number for number in "12")
    trees = [contents(run / "trees") for run in (first, second)]
    assert trees[0] == trees[1]
    assert contents(first / "traces") != contents(second / "traces")
    assert (record_of(tmp_path, 1).trees_of, record_of(tmp_path, 2).trees_of) == (None, 1)
    assert record_of(tmp_path, 2).stages == ("traces", "data")
    provenance = pq.read_table(second / "datasets" / "rl", columns=["provenance"])["provenance"].to_pylist()
    assert {json.loads(text)["config_hash"] for text in provenance} == {record_of(tmp_path, 2).config_hash}


def test_inspect_lists_the_rounds(tmp_path: Path) -> None:
    """A line for each round says whose trees it used, and where to look for more."""
    carry_out_rounds(config_in(tmp_path, TWO), quiet())
    console = quiet()
    show_run(tmp_path / "r", console, 5)
    lines = console.file.getvalue().splitlines()
    assert lines[:2] == ["round 1: CountdownPlayer searched", "round 2: trees of round 1"]
    assert "rounds/N" in lines[2]


def test_rounds_resume_where_they_stopped(tmp_path: Path) -> None:
    """An engine that dies in the second round leaves the first as it was; the same command ends as if nothing had."""
    again = "rounds=[{repeat: 2, model: base, settings: {seed: 4}}]"
    carry_out_rounds(config_in(tmp_path / "whole", again), quiet())
    opened = []

    def dying(config: EngineSection) -> Engine:
        opened.append(config.model)
        if len(opened) == 2:
            raise EngineDeadError("gone")
        return open_sampler(config)

    config = config_in(tmp_path / "broken", again)
    with pytest.raises(EngineDeadError):
        carry_out_rounds(config, quiet(), dying)
    assert not (tmp_path / "broken" / "r" / "rounds" / "2" / "round.json").exists()
    carry_out_rounds(config, quiet(), dying)
    assert len(opened) == 3, "the finished round asks for no engine"
    assert contents(tmp_path / "broken") == contents(tmp_path / "whole")


def test_every_round_is_evaluated_and_the_base_once(tmp_path: Path) -> None:
    """Without training there is only the base model to evaluate; rounds after the first leave it out."""
    console = quiet()
    carry_out_rounds(config_in(tmp_path, EVALUATION, "rounds=[{repeat: 2}]"), console)
    assert console.file.getvalue().count("base on new: pass@1") == 1
    assert (tmp_path / "r" / "reports" / "report.md").exists()


def test_the_model_of_a_round_searches_the_next(tmp_path: Path) -> None:
    """last is what the round before trained, base the model that the run starts from; SFT may start from either."""
    config = config_in(tmp_path, "sft={}", "rounds=[{}, {}, {model: base, train_from: base}, {trees: 1}]")
    sections = expanded(config)
    done = [RoundRecord(1, (), "CountdownPlayer", None, {}, (), "one", "astro-sft")]
    done.append(RoundRecord(2, (), "one", None, {}, (), "two", "astro-sft"))
    done.append(RoundRecord(3, (), "CountdownPlayer", None, {}, (), "three", "astro-sft"))
    found = [resolve(config, number, section, done[: number - 1]).config for number, section in enumerate(sections, 1)]
    assert [each.engine.model for each in found] == ["CountdownPlayer", "one", "CountdownPlayer", "CountdownPlayer"]
    assert [each.base for each in found] == ["CountdownPlayer", "one", "CountdownPlayer", "three"]
    assert "search" not in found[3].stages
    assert [each.directory.name for each in found] == ["1", "2", "3", "4"]


def test_a_round_may_train_by_dpo_alone(tmp_path: Path) -> None:
    """Its arm starts from the model of the round before, and its model is the last of the round."""
    config = config_in(tmp_path, "dpo={arms: [pairs], data: pairs.parquet}", "rounds=[{}, {}]")
    done = RoundRecord(1, (), "CountdownPlayer", None, {}, (), "one", "pairs-dpo")
    second = resolve(config, 2, expanded(config)[1], [done]).config
    assert second.dpo.model == second.base == "one"
    assert DPO.start(second.training(), second.dpo, "pairs").model == "one"
    folder = second.training().folder("pairs", "dpo")
    folder.mkdir(parents=True)
    write_marker(folder / "done.json", [], model="one", data="pairs.parquet")
    assert [model.name for model in models_of(second)] == ["base", "pairs-dpo"]


def test_mistakes_of_all_rounds_are_reported_together(tmp_path: Path) -> None:
    """A setting that does not exist, trees of a round that comes later, and trees beside a search."""
    config = config_in(
        tmp_path,
        "rounds=[{settings: {search.kk: 4}}, {trees: 5}, {trees: 1, plan: [search]}]",
    )
    with pytest.raises(ConfigError) as caught:
        check_rounds(config)
    message = str(caught.value)
    for line in ("search.kk: unknown key; did you mean 'k'?", "round 5, which is not before it", "does not search"):
        assert line in message


def test_a_round_cannot_rename_the_run(tmp_path: Path) -> None:
    """What the rounds share is set beside them."""
    with pytest.raises(ConfigError, match="name cannot differ from round to round"):
        config_in(tmp_path, "rounds=[{settings: {name: other}}]")


def test_rounds_that_have_begun_keep_their_settings(tmp_path: Path) -> None:
    """Settings that made the trees cannot change; the file of all rounds keeps the rounds."""
    carry_out_rounds(config_in(tmp_path, "rounds=[{}]"), quiet())
    with pytest.raises(StoreError, match=r"search\.k: 4 before, 3 now"):
        carry_out_rounds(config_in(tmp_path, "rounds=[{}]", "search.k=3"), quiet())
    text = (tmp_path / "r" / "config.yaml").read_text(encoding="utf-8")
    assert "rounds:" in text


def test_a_plan_is_in_order(tmp_path: Path) -> None:
    """Unknown stages, stages before what they read, and stages without their section are mistakes of the file."""
    for plan, expected in (
        ("[search, train]", "there is no stage 'train'"),
        ("[traces, search]", "traces reads what search makes, and comes before it"),
        ("[search, sft]", "plan names sft, and there is no section sft"),
        ("[]", "the plan is empty"),
    ):
        with pytest.raises(ConfigError, match=expected):
            config_in(tmp_path, f"plan={plan}")


def test_without_a_plan_the_sections_decide(tmp_path: Path) -> None:
    """Search, traces and data sets, then the trainings and the evaluation that have a section, then the report."""
    making = ("search", "traces", "data")
    assert config_in(tmp_path).stages == making
    assert config_in(tmp_path, "sft={}").stages == (*making, "sft", "report")
    assert config_in(tmp_path, EVALUATION, "grpo={}").stages == (*making, "grpo", "evaluate", "report")
