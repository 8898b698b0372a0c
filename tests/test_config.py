from pathlib import Path

import pytest
from pydantic import Field, model_validator

from astro.config import Section, load_config, validate
from astro.errors import ConfigError


class Engine(Section):
    model: str
    temperature: float = Field(default=1.0, ge=0)
    stop: tuple[str, ...] = ()


class Problems(Section):
    source: str | tuple[str, ...] | None = None
    limit: int | None = Field(default=None, ge=1)
    columns: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _needs_source(self):
        if self.source is None:
            raise ValueError("give a source")
        return self


class Run(Section):
    name: str
    engine: Engine
    problems: Problems | None = None
    seed: int = 0


GOOD = "name: x\nengine:\n  model: m\n"


def load(tmp_path: Path, text: str, *overrides: str) -> Run:
    path = tmp_path / "c.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(Run, path, overrides)


def mistakes(tmp_path: Path, text: str, *overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text, *overrides)
    return str(caught.value)


def test_a_good_file_is_loaded_with_defaults(tmp_path: Path) -> None:
    """What the file leaves out has the default."""
    config = load(tmp_path, GOOD)
    assert (config.name, config.engine.model, config.engine.temperature, config.seed) == ("x", "m", 1.0, 0)


def test_all_mistakes_come_at_once_with_the_nearest_name(tmp_path: Path) -> None:
    """Unknown keys, wrong types, impossible values and missing keys are listed together."""
    message = mistakes(tmp_path, "nme: x\nengine:\n  modle: m\n  temperature: -1\n  stop: [1]\nseed: '3'\n")
    assert "nme: unknown key; did you mean 'name'?" in message
    assert "engine.modle: unknown key; did you mean 'model'?" in message
    assert "engine.temperature: Input should be greater than or equal to 0; got -1" in message
    assert "engine.stop.0: Input should be a valid string; got 1" in message
    assert "seed: Input should be a valid integer; got '3'" in message
    assert "name: missing, and it has no default" in message
    assert message.startswith("7 mistakes in ")


def test_a_key_like_no_other_lists_what_is_known(tmp_path: Path) -> None:
    """Without a near name the keys of that very section are listed."""
    assert "engine.zzz: unknown key; known here: model, temperature, stop" in mistakes(tmp_path, GOOD + "  zzz: 1\n")


def test_a_union_is_one_mistake(tmp_path: Path) -> None:
    """A value that fits none of several types is named once, by the key a person wrote."""
    message = mistakes(tmp_path, GOOD + "problems:\n  source: 3\n")
    assert message.startswith("1 mistake in ")
    assert "problems.source: Input should be a valid string or a valid array; got 3" in message


def test_overrides_apply_in_order_and_make_sections(tmp_path: Path) -> None:
    """A later override wins, and a section that was not there is made."""
    config = load(tmp_path, GOOD, "seed=1", "seed=2", "problems.source=a.jsonl", "problems.columns.prompt=text")
    assert config.seed == 2
    assert config.problems is not None
    assert config.problems.source == "a.jsonl"
    assert config.problems.columns == {"prompt": "text"}


def test_null_takes_a_section_away(tmp_path: Path) -> None:
    """section=null is as if it had not been written."""
    assert load(tmp_path, GOOD + "problems:\n  source: a\n", "problems=null").problems is None


def test_override_values_are_yaml(tmp_path: Path) -> None:
    """Numbers, lists and strings with an equals sign come through."""
    config = load(tmp_path, GOOD, "engine.temperature=1e-1", "engine.stop=[a, 'b=c']", "name=p=q")
    assert (config.engine.temperature, config.engine.stop, config.name) == (0.1, ("a", "b=c"), "p=q")


@pytest.mark.parametrize("override", ["seed", "=3", "engine..model=x", ".seed=1", "seed.=1"])
def test_a_malformed_override_is_quoted(tmp_path: Path, override: str) -> None:
    """An override without a key or a value is refused with the form it should have."""
    assert f"not {override!r}" in mistakes(tmp_path, GOOD, override)


def test_mistakes_in_overrides_come_together_with_those_of_values(tmp_path: Path) -> None:
    """Every override that cannot be applied is listed, and so is what is wrong after the others were."""
    message = mistakes(tmp_path, GOOD, "foo", "seed=-x", "name.first=1", "bar")
    assert message.startswith("4 mistakes in ")
    for line in ("not 'foo'", "not 'bar'", "name is 'x', not a section", "seed: Input should be a valid integer"):
        assert line in message


def test_an_override_that_contains_itself_is_refused(tmp_path: Path) -> None:
    """An alias inside its own anchor is a mistake like any other, and names the override."""
    message = mistakes(tmp_path, GOOD, "engine.stop=&a [*a]", "seed=-x")
    assert message.startswith("2 mistakes in ")
    assert "override 'engine.stop=&a [*a]': its value refers to itself" in message


def test_a_null_character_is_refused_in_any_text(tmp_path: Path) -> None:
    """No path, name or prompt can have one, and the system's own error would be a traceback."""
    message = mistakes(tmp_path, GOOD, 'engine.stop=["a\\0b"]', 'name="c\\0"')
    assert message.startswith("2 mistakes in ")
    assert "engine.stop.0: has a null character; got 'a\\x00b'" in message
    assert "name: has a null character" in message


@pytest.mark.parametrize("written", ["010", "1:30"])
def test_what_old_yaml_takes_for_another_number_is_refused(tmp_path: Path, written: str) -> None:
    """A leading zero does not make 8 of 010, nor a colon 90 of 1:30."""
    assert f"valid integer; got '{written}'" in mistakes(tmp_path, GOOD, f"seed={written}")
    assert load(tmp_path, GOOD, "seed=0x10").seed == 16


@pytest.mark.parametrize("written", [".inf", ".nan", "1e999"])
def test_numbers_are_finite(tmp_path: Path, written: str) -> None:
    """No setting is meant to be infinite: what has no bound is null."""
    assert "engine.temperature: Input should be a finite number" in mistakes(
        tmp_path, GOOD, f"engine.temperature={written}"
    )


def test_an_override_below_a_value_is_refused(tmp_path: Path) -> None:
    """A value is not a section."""
    assert "name is 'x', not a section" in mistakes(tmp_path, GOOD, "name.first=1")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: x\nname: y\n", "line 2: 'name' was already set on line 1"),
        ("- a\n- b\n", "must hold a mapping of sections, not list"),
        ("name: [x\n", "is not valid YAML"),
        ("", "name: missing"),
        ("name: &a [*a]\n", "refers to itself"),
        ("name: 2024-01-01\nengine: {model: 3}\n", "engine.model: Input should be a valid string; got 3"),
        ("name: !!python/object/apply:os.system [ls]\n", "is not valid YAML"),
        ("name: x\n[a, b]: y\n", "line 2: ['a', 'b'] cannot be a key"),
    ],
)
def test_files_that_are_no_configuration(tmp_path: Path, text: str, expected: str) -> None:
    """Each kind of broken file has its own message."""
    assert expected in mistakes(tmp_path, text)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The path that was asked for is in the message."""
    with pytest.raises(ConfigError, match=r"cannot read the configuration .*nowhere\.yaml"):
        load_config(Run, tmp_path / "nowhere.yaml")


def test_a_rule_over_a_section_names_the_section(tmp_path: Path) -> None:
    """What a validator of a whole section says stands beside the section's name."""
    assert "problems: give a source" in mistakes(tmp_path, GOOD + "problems:\n  limit: 3\n")


def test_validate_does_not_change_what_it_is_given() -> None:
    """Overrides apply to a copy."""
    content = {"name": "x", "engine": {"model": "m"}}
    assert validate(Run, content, "here", ["engine.model=n"]).engine.model == "n"
    assert content == {"name": "x", "engine": {"model": "m"}}
