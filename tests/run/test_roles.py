import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from runs import config_in, quiet

from astro.errors import ConfigError
from astro.models.engine import open_sampler
from astro.run import Stages, carry_out
from astro.store import RunDirectory
from astro.store.entries import traces_from
from astro.tasks.countdown.player import CountdownPlayer

UNFAITHFUL = "roles.rewriter={engine: {kind: scripted, model: other, options: {fidelity: 0.0}}}"
JUDGE = "roles.judge={engine: {kind: scripted, model: critic, options: {judgement: 0.0}}}"
SCORER = "roles.scorer={kind: judge, question: 'Is the solution right?', votes: 1, max_tokens: 8}"


@dataclass(frozen=True)
class Shouting:
    """A scripted model that begins every thought of its own with OK."""

    def __call__(self, prompt: str, seed: int) -> str:
        return f"OK. {CountdownPlayer()(prompt, seed)}"


REWRITER = f"roles.rewriter={{engine: {{kind: scripted, model: 'test_roles:{Shouting.__name__}'}}}}"


def rows(folder: Path) -> list[dict[str, object]]:
    return [
        row for file in sorted((folder / "r/datasets/sft").glob("*.parquet")) for row in pq.read_table(file).to_pylist()
    ]


def test_a_run_without_roles_has_none_in_its_settings_and_provenance(tmp_path: Path) -> None:
    """Its identity and its data sets are what they were before there were roles."""
    config = config_in(tmp_path)
    carry_out(config, Stages(), quiet())
    assert "roles" not in config.model_dump(mode="json")
    assert all({"rewriter", "judge"}.isdisjoint(json.loads(str(row["provenance"]))) for row in rows(tmp_path))


def test_another_model_rewrites_what_the_solver_searched(tmp_path: Path) -> None:
    """The trees are the solver's; the thoughts are the rewriter's, which the provenance names."""
    carry_out(config_in(tmp_path / "a"), Stages(), quiet())
    carry_out(config_in(tmp_path / "b", REWRITER, "prompt.template=tiny"), Stages(), quiet())
    trees = [[path.read_bytes() for path in sorted((tmp_path / at / "r/trees").glob("nodes*"))] for at in "ab"]
    assert trees[0] == trees[1]
    found = rows(tmp_path / "b")
    assert found
    assert all(json.loads(str(row["provenance"]))["rewriter"] == "test_roles:Shouting" for row in found)
    with RunDirectory.read(tmp_path / "b/r") as run:
        for entry in run.traces.entries([problem.id for problem in run.problems()]):
            for trace in traces_from(entry.tables["traces"]):
                assert trace.origin.rewriter == "test_roles:Shouting"
                assert trace.fallbacks == trace.checked or "OK. " in trace.text


def test_an_unfaithful_rewriter_falls_back_and_the_solver_is_not_blamed(tmp_path: Path) -> None:
    """The rewriter changes a figure in every step, so no step of its own stands."""
    faithful = carry_out(config_in(tmp_path / "a"), Stages(), quiet())
    unfaithful = carry_out(config_in(tmp_path / "b", UNFAITHFUL), Stages(), quiet())
    assert faithful.counts.get("rewrite.fallbacks", 0) == 0
    assert unfaithful.counts["rewrite.fallbacks"] > 0


def test_another_model_judges(tmp_path: Path) -> None:
    """A judge that is always wrong refuses every correct solution, so no trace is made."""
    summary = carry_out(config_in(tmp_path, JUDGE), Stages(), quiet())
    assert summary.solved > 0
    assert sum(summary.traces.values()) == 0
    assert summary.counts["votes.no"] > 0


def test_equal_engines_are_opened_once_and_all_are_closed(tmp_path: Path) -> None:
    """Solver, rewriter and judge: two different sections, two engines."""
    opened, closed = [], []

    def watched(section):
        engine = open_sampler(section)
        opened.append(section.model)
        close = engine.close

        async def closing():
            closed.append(section.model)
            await close()

        engine.close = closing
        return engine

    same = "roles.judge={engine: {kind: scripted, model: CountdownPlayer, options: {skill: 0.6}}}"
    carry_out(config_in(tmp_path, UNFAITHFUL, same), Stages(), quiet(), watched)
    assert opened == ["CountdownPlayer", "other"]
    assert sorted(closed) == ["CountdownPlayer", "other"]


def test_a_scorer_steers_the_search(tmp_path: Path) -> None:
    """Nodes have the judge's values, and no rollout is sampled."""
    summary = carry_out(config_in(tmp_path, SCORER, "search.evaluator={kind: scorer}"), Stages(), quiet())
    assert summary.trees == 6
    with RunDirectory.read(tmp_path / "r") as run:
        nodes = run.trees.table("nodes", ["reward", "rollouts"]).to_pylist()
    assert not any(node["rollouts"] for node in nodes)
    assert {node["reward"] for node in nodes} >= {0.0, 1.0}


def test_the_mistakes_of_all_roles_come_at_once_and_before_a_run_begins(tmp_path: Path) -> None:
    """Each by its place."""
    wrong = config_in(
        tmp_path,
        "engine.options={skil: 1}",
        "roles.rewriter={engine: {kind: transformers, model: ./nowhere}}",
        "roles.judge={engine: {kind: scripted, model: m, options: {skill: 2}}, prompt: {template: none.jinja}}",
        "roles.scorer={kind: reward_model, model: ./nowhere}",
    )
    with pytest.raises(ConfigError) as failure:
        carry_out(wrong, Stages(), quiet())
    for place in (
        "engine.options.skil",
        "roles.rewriter.engine.model",
        "roles.judge.engine.options.skill",
        "roles.judge: prompt.template",
        "roles.scorer.model",
    ):
        assert f"\n{place}" in f"\n{failure.value}"
    assert not (tmp_path / "r").exists()


def test_an_evaluator_that_needs_a_scorer_needs_one_in_the_run(tmp_path: Path) -> None:
    """The error says where to name it."""
    with pytest.raises(ConfigError, match=r"add roles\.scorer"):
        carry_out(config_in(tmp_path, "search.evaluator={kind: both}"), Stages(), quiet())


def test_the_identity_includes_the_roles_and_not_their_speed(tmp_path: Path) -> None:
    """Another rewriter makes other traces; another batch size does not."""
    named = [
        config_in(tmp_path, f"roles.rewriter={{engine: {{kind: vllm, model: {model}, max_num_seqs: {size}}}}}")
        for model, size in (("a", 4), ("a", 8), ("b", 4))
    ]
    assert named[0].identity() == named[1].identity() != named[2].identity()
    assert named[0].identity() != config_in(tmp_path).identity()
