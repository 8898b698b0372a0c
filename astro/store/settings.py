"""The identity of a run: its settings, without those that only affect speed."""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

_ABSENT = "(absent)"


def settings_hash(settings: Mapping[str, Any], ignored: Collection[str] = ()) -> str:
    """16 hexadecimal digits, equal for configurations that differ only in the ignored dotted keys."""
    kept = {key: value for key, value in flatten(settings) if not _covers(ignored, key)}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]


def differences(old: Mapping[str, Any], new: Mapping[str, Any], ignored: Collection[str] = ()) -> list[str]:
    """One line for each setting that differs: name, old value, new value."""
    before, after = dict(flatten(old)), dict(flatten(new))
    lines = []
    for key in [*before, *(key for key in after if key not in before)]:
        was, now = before.get(key, _ABSENT), after.get(key, _ABSENT)
        if was != now and not _covers(ignored, key):
            lines.append(f"{key}: {_show(was)} before, {_show(now)} now")
    return lines


def flatten(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted key and value of every leaf; an empty section is a leaf."""
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _covers(ignored: Collection[str], key: str) -> bool:
    parts = key.split(".")
    return any(".".join(parts[:depth]) in ignored for depth in range(1, len(parts) + 1))


def _show(value: Any) -> str:
    return value if value == _ABSENT else json.dumps(value)
