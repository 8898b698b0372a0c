"""YAML with bounds: 1e-3 is a number, keys are unique scalars, and no file makes the reader work for long.

Aliases are counted as often as they stand, because validation expands them ("billion laughs").
"""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from astro.errors import ConfigError

_MAX_BYTES = 1 << 20
_MAX_NODES = 8_000  # written in the file, and after expanding the aliases
_MAX_DEPTH = 60


class _Loader(yaml.SafeLoader):
    """SafeLoader that reads 1e-3 as a number (YAML 1.2) and rejects duplicate keys and keys that are not scalars."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = self._nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._depth += 1
        self._nodes += 1
        if self._depth > _MAX_DEPTH:
            raise ConfigError(f"{self._here()}: more than {_MAX_DEPTH} levels")
        if self._nodes > _MAX_NODES:
            raise ConfigError(f"{self._here()}: more than {_MAX_NODES} values")
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def get_single_node(self) -> yaml.Node | None:
        node: yaml.Node | None = super().get_single_node()
        if node is not None and _expanded(node, {}) > _MAX_NODES:
            raise ConfigError(f"its aliases expand to more than {_MAX_NODES} values")
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: dict[Any, int] = {}
        for key_node, _ in node.value:
            key, line = self.construct_object(key_node, deep=True), key_node.start_mark.line + 1
            if not isinstance(key, Hashable):
                raise ConfigError(f"line {line}: {key!r:.100} cannot be a key; use a name")
            if key in seen:
                raise ConfigError(f"line {line}: {key!r:.100} was already set on line {seen[key]}; keep one of them")
            seen[key] = line
        return super().construct_mapping(node, deep)

    def _here(self) -> str:
        return f"line {self.line + 1}"


def _expanded(node: yaml.Node, known: dict[int, int]) -> int:
    """The nodes below and with node when every alias is a copy; an alias inside its own anchor counts as nothing."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) not in known:
        known[id(node)] = 0
        parts = (part for pair in node.value for part in (pair if isinstance(pair, tuple) else (pair,)))
        known[id(node)] = 1 + sum(_expanded(part, known) for part in parts)
    return known[id(node)]


# YAML 1.1 reads 010 as 8 and 1:30 as 90. Here both stay text, which a numeric field rejects.
_INT = "tag:yaml.org,2002:int"
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _INT]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    _INT, re.compile(r"^[-+]?(0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|0b[01_]+)$"), list("-+0123456789")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)[eE][-+]?\d+$"),
    list("-+0123456789."),
)


def read_yaml(path: Path) -> Any:
    """The content of a YAML file. Raises ConfigError that names the file."""
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise ConfigError(f"the configuration {path} has more than {_MAX_BYTES >> 20} MiB; is it the right file?")
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the configuration {path}: {error}") from error
    try:
        return parse_yaml(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not valid YAML: {error}") from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def parse_yaml(text: str) -> Any:
    """The value of a YAML text. Raises yaml.YAMLError where it is not YAML, ConfigError where it exceeds a bound."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader subclass
    except (ValueError, OverflowError, RecursionError) as error:  # 2024-13-45, or an int of 5,000 digits
        raise ConfigError(f"a value cannot be read: {error}") from error
