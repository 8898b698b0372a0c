"""YAML and key=value overrides into one frozen, validated configuration; every mistake is reported at once.

A section of the configuration is a subclass of Section and lives beside the code it configures; astro.run puts the
sections together.
"""

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, core_schema

from astro.bounded_yaml import parse_yaml, read_yaml
from astro.errors import ConfigError
from astro.trust import untrusted_settings


class Section(BaseModel):
    """A part of the configuration: frozen, no unknown keys, no silent conversions ("8" is not 8)."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_default=True, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class OneOf:
    """Marks a tagged union of sections, where the key `kind` selects one: Annotated[A | B, OneOf("a")].

    Each section declares its kind as kind: Literal["a"] = "a".

    default: the kind where the key is absent; None makes the key required.
    """

    default: str | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Build a tagged union, so that pydantic reports mistakes for the selected section only."""
        choices = {_kind(section): handler.generate_schema(section) for section in get_args(source)}
        first = next(iter(choices))

        def selected(value: Any) -> str | None:
            if isinstance(value, Mapping):
                return str(value["kind"]) if "kind" in value else self.default
            return str(getattr(value, "kind", first))  # a value of any other type fails in every section

        return core_schema.tagged_union_schema(choices, discriminator=selected)


Seed = Annotated[int, Field(ge=0, lt=2**63)]  # fits a signed 64-bit column
Count = Annotated[int, Field(ge=1)]

_MAX_MISTAKES = 100  # reported of one file

S = TypeVar("S", bound=BaseModel)  # not Section: astro.verify uses a plain model, because it imports nothing of astro


def load_config(section: type[S], path: Path, overrides: Iterable[str] = ()) -> S:
    """Read a YAML file, apply overrides such as search.k=4 in order, and validate.

    Raises ConfigError with one line for each mistake.
    """
    content = read_yaml(path)
    if content is None:
        content = {}
    if not isinstance(content, dict):
        raise ConfigError(f"{path} must hold a mapping of sections, not {type(content).__name__}")
    return validate(section, content, where=str(path), overrides=overrides)


def validate(section: type[S], content: Mapping[str, Any], where: str, overrides: Iterable[str] = ()) -> S:
    """Build a section from plain data and overrides.

    where: name of the data in error messages. Raises ConfigError listing every mistake.
    """
    plain, lines = _plain(content, where), []
    for override in overrides:
        try:
            _apply(plain, override)
        except ConfigError as error:
            lines.append(str(error))
    try:
        # Validate JSON: there, pydantic's strict mode accepts lists for tuples and strings for enums.
        valid = section.model_validate_json(json.dumps(plain, default=str))
    except ValidationError as error:
        lines += _explain_all(section, plain, islice(error.errors(include_url=False), _MAX_MISTAKES))
        if error.error_count() > _MAX_MISTAKES:
            lines.append(f"... and {error.error_count() - _MAX_MISTAKES} more")
    lines += _with_null(plain)
    lines += untrusted_settings(plain)
    if lines:
        noun = "mistake" if len(lines) == 1 else "mistakes"
        raise ConfigError(f"{len(lines)} {noun} in {where}:\n" + "\n".join(f"  {line}" for line in lines))
    return valid


def _plain(content: Any, where: str) -> Any:
    """Return a JSON copy of content. Raises ConfigError, naming where, if content contains itself."""
    try:
        return json.loads(json.dumps(content, default=str))
    except RecursionError as error:
        raise ConfigError(f"{where} refers to itself (a YAML alias inside its own anchor)") from error
    except ValueError as error:
        itself = "Circular" in str(error)
        why = "refers to itself (a YAML alias inside its own anchor)" if itself else f"cannot be read: {error}"
        raise ConfigError(f"{where} {why}") from error


def _with_null(content: Any, at: str = "") -> Iterator[str]:
    """One line for each text with a null character, which no path, name or prompt can have."""
    for key, value in content.items() if isinstance(content, dict) else enumerate(content):
        if isinstance(value, str) and "\0" in value:
            yield f"{at}{key}: has a null character; got {_short(value)}"
        elif isinstance(value, dict | list):
            yield from _with_null(value, f"{at}{key}.")


def _apply(content: dict[str, Any], override: str) -> None:
    key, separator, value = override.partition("=")
    if not separator or not all(key.split(".")):
        raise ConfigError(f"an override has the form section.key=value, not {override!r}")
    *parents, last = key.split(".")
    target = content
    for depth, parent in enumerate(parents, 1):
        child = target.get(parent)
        if child is None:
            child = target[parent] = {}
        if not isinstance(child, dict):
            raise ConfigError(f"override {override!r}: {'.'.join(parents[:depth])} is {child!r}, not a section")
        target = child
    try:
        target[last] = _plain(parse_yaml(value), "its value")
    except yaml.YAMLError as error:
        raise ConfigError(f"override {override!r}: the value is not valid YAML: {error}") from error
    except ConfigError as error:
        raise ConfigError(f"override {override!r}: {error}") from error


_TAG_MISTAKES = ("union_tag_invalid", "union_tag_not_found")  # about the key `kind`, but pydantic reports the section


def _explain_all(section: type[BaseModel], content: Any, mistakes: Iterable[Mapping[str, Any]]) -> list[str]:
    """One line per location. Pydantic reports each alternative of a union separately; they are joined here."""
    by_place: dict[str, list[str]] = {}
    got: dict[str, str] = {}
    for mistake in mistakes:
        written = [*_written(mistake, content), *(["kind"] if mistake["type"] in _TAG_MISTAKES else [])]
        place = ".".join(map(str, written)) or "(the whole file)"
        by_place.setdefault(place, []).append(_explain(section, mistake))
        given = mistake["input"].get("kind") if mistake["type"] == "union_tag_invalid" else mistake["input"]
        if mistake["type"] not in ("missing", "extra_forbidden") and not isinstance(given, dict):
            got[place] = f"; got {_short(given)}"
    lines = []
    for place, messages in by_place.items():
        first, *others = dict.fromkeys(messages)
        alternatives = "".join(f" or {other.removeprefix('Input should be ')}" for other in others)
        lines.append(f"{place}: {first}{alternatives}{got.get(place, '')}")
    return lines


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}..."


def _written(mistake: Mapping[str, Any], content: Any) -> list[int | str]:
    """The location as written in the file, without the names that pydantic adds for alternatives of a union."""
    location: Sequence[int | str] = mistake["loc"]
    written: list[int | str] = []
    for depth, part in enumerate(location, 1):
        is_key = isinstance(content, dict) and part in content
        is_index = isinstance(content, list) and isinstance(part, int) and part < len(content)
        if is_key or is_index:
            content = content[part]
        elif mistake["type"] != "missing" or depth < len(location):
            continue
        written.append(part)
    return written


def _explain(section: type[BaseModel], mistake: Mapping[str, Any]) -> str:
    location: Sequence[int | str] = mistake["loc"]
    if mistake["type"] == "extra_forbidden":
        known = _fields_at(section, location[:-1])
        near = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
        return f"unknown key; {hint}"
    if mistake["type"] == "union_tag_invalid":
        *others, last = mistake["ctx"]["expected_tags"].split(", ")
        return f"Input should be {', '.join(others)} or {last}" if others else f"Input should be {last}"
    if mistake["type"] in ("missing", "union_tag_not_found"):
        return "missing, and it has no default"
    return str(mistake["msg"]).removeprefix("Value error, ")


def _fields_at(section: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """Field names of the section at location."""
    here = [section]
    for part in location:
        if len(here) > 1 and (selected := [one for one in here if _kind(one) == part]):
            here = selected
            continue
        field = here[0].model_fields.get(str(part))
        if field is not None:  # otherwise part is a list index or the name of an alternative
            here = list(_sections_in(field.annotation)) or here
    return list(here[0].model_fields)


def _sections_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _sections_in(part)


def _kind(section: type[BaseModel]) -> str | None:
    """The value of kind that selects a section of a tagged union."""
    field = section.model_fields.get("kind")
    return None if field is None else field.default
