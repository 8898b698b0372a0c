from pathlib import Path

import pytest
from runs import config_in

from astro.errors import ConfigError
from astro.run.settings import SPEED_SETTINGS
from astro.store.settings import flatten


def test_the_identity_is_what_is_made_and_not_how_fast(tmp_path: Path) -> None:
    """Name, folder and engine sizes leave the identity as it is; the seed does not."""
    plain = config_in(tmp_path).identity()
    assert plain == config_in(tmp_path / "b", "name=other", "engine.max_num_seqs=8", "search.live_trees=2").identity()
    assert plain != config_in(tmp_path, "seed=4").identity()


def test_every_speed_setting_is_a_setting(tmp_path: Path) -> None:
    """A name in SPEED_SETTINGS that no section has would silently cover nothing."""
    keys = {key for key, _ in flatten(config_in(tmp_path).model_dump(mode="json"))}
    sections = {key.partition(".")[0] for key in keys}
    assert keys | sections >= SPEED_SETTINGS


def test_a_goal_that_starves_the_traces_is_refused(tmp_path: Path) -> None:
    """A tree that stops at one wrong answer cannot give traces with two."""
    with pytest.raises(ConfigError, match=r"set search\.goal_wrong to 2 or more"):
        config_in(tmp_path, "search.goal_correct=1", "search.goal_wrong=1")


@pytest.mark.parametrize("name", ["", "a/b", "..", "-x", "x" * 101, "a b"])
def test_names_that_are_no_folder_are_refused(tmp_path: Path, name: str) -> None:
    """The name becomes a folder, so it holds nothing that leads elsewhere."""
    with pytest.raises(ConfigError, match="name must be"):
        config_in(tmp_path, f"name='{name}'")
