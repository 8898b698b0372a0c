from pathlib import Path

import pytest
from runs import config_in

from astro.errors import ConfigError
from astro.store.settings import flatten


def test_the_identity_is_what_is_made_and_not_how_fast(tmp_path: Path) -> None:
    """Name, folder and engine sizes leave the identity as it is; the seed does not."""
    plain = config_in(tmp_path).identity()
    assert plain == config_in(tmp_path / "b", "name=other", "verify.workers=3", "search.live_trees=2").identity()
    assert plain != config_in(tmp_path, "seed=4").identity()
    served = [config_in(tmp_path, f"engine={{model: m, {size}}}").identity() for size in ("", "kv_cache_gib: 2")]
    assert served[0] == served[1] != plain


def test_every_speed_setting_is_a_setting(tmp_path: Path) -> None:
    """A name that no section has would silently cover nothing."""
    config = config_in(tmp_path)
    keys = {key for key, _ in flatten(config.model_dump(mode="json"))}
    sections = {key.partition(".")[0] for key in keys}
    assert keys | sections >= config.speed_settings()


def test_a_goal_that_starves_the_traces_is_refused(tmp_path: Path) -> None:
    """A tree that stops at one wrong answer cannot give traces with two."""
    with pytest.raises(ConfigError, match=r"set search\.goal_wrong to 2 or more"):
        config_in(tmp_path, "search.goal_correct=1", "search.goal_wrong=1")


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("prompt.end_stop=['']", r"prompt\.end_stop\.0"),
        ("engine.model=''", r"engine\.model"),
        ("output.folder=''", r"output\.folder"),
        (f"seed={2**63}", "seed"),
        (f"engine.seed={2**63}", r"engine\.seed"),
        ("problems.countdown.seed=-1", r"problems\.countdown\.seed"),
        (
            f"evaluation={{sets: {{a: {{countdown: {{count: 1, seed: {2**63}}}}}}}}}",
            r"evaluation\.sets\.a\.countdown\.seed",
        ),
    ],
)
def test_values_with_which_no_run_could_go_well_are_refused(tmp_path: Path, setting: str, expected: str) -> None:
    """Each is found before anything begins, by its place in the configuration."""
    with pytest.raises(ConfigError, match=f"1 mistake in test:\n  {expected}: "):
        config_in(tmp_path, setting)


@pytest.mark.parametrize(("asked", "read"), [("tag", "boxed"), ("boxed", "tag")])
def test_answers_that_are_asked_for_in_one_form_and_read_in_another_are_refused(
    tmp_path: Path, asked: str, read: str
) -> None:
    """Every response would be unanswered; words of one's own may ask for anything."""
    forms = [f"prompt.answer={asked}", f"verify.answer_format={read}", "prompt.template=chat"]
    with pytest.raises(ConfigError, match=f"set verify.answer_format to {asked} or any"):
        config_in(tmp_path, *forms)
    for fine in ("prompt.template=tiny", "prompt.instruction=Answer.", "verify.answer_format=any"):
        config_in(tmp_path, *forms, fine)


@pytest.mark.parametrize("name", ["", "a/b", "..", "-x", "x" * 101, "a b"])
def test_names_that_are_no_folder_are_refused(tmp_path: Path, name: str) -> None:
    """The name becomes a folder, so it holds nothing that leads elsewhere."""
    with pytest.raises(ConfigError, match="name must be"):
        config_in(tmp_path, f"name='{name}'")
