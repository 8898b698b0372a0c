import enum
from pathlib import Path

import pytest
import yaml

from astro.errors import StoreError
from astro.store.claim import Claim, Refusal

REFUSAL = Refusal("holds other work", "Delete it.")


class Color(enum.StrEnum):
    RED = "red"


def test_the_first_identity_is_written_and_the_same_one_accepted(tmp_path: Path) -> None:
    """Paths, tuples and enumerations are compared as they read back."""
    identity = {"color": Color.RED, "sizes": (1, 2), "file": Path("a")}
    for _ in range(2):
        with Claim(tmp_path / "new" / "folder") as claim:
            claim.take(identity, begun=True, refusal=REFUSAL)
    text = (tmp_path / "new" / "folder" / "settings.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text) == {"color": "red", "sizes": [1, 2], "file": "a"}


def test_another_identity_is_refused_with_what_differs(tmp_path: Path) -> None:
    """The error has the caller's words around one line for each difference; the file stays."""
    with Claim(tmp_path) as claim:
        claim.take({"seed": 1, "deep": {"k": 2}}, begun=False, refusal=REFUSAL)
        with pytest.raises(StoreError) as caught:
            claim.take({"seed": 1, "deep": {"k": 3}}, begun=True, refusal=REFUSAL)
        assert str(caught.value) == f"{tmp_path} holds other work:\n  deep.k: 2 before, 3 now\nDelete it."
        assert claim.identity()["deep"] == {"k": 2}


def test_a_folder_without_work_takes_a_new_identity(tmp_path: Path) -> None:
    """As after a start that failed before anything was made."""
    with Claim(tmp_path) as claim:
        claim.take({"seed": 1}, begun=False, refusal=REFUSAL)
        claim.take({"seed": 2}, begun=False, refusal=REFUSAL)
        assert claim.identity() == {"seed": 2}


def test_ignored_parts_may_differ(tmp_path: Path) -> None:
    """They are neither refused nor written again."""
    with Claim(tmp_path) as claim:
        claim.take({"seed": 1, "speed": {"workers": 2}}, begun=True, refusal=REFUSAL)
        claim.take({"seed": 1, "speed": {"workers": 9}}, {"speed"}, begun=True, refusal=REFUSAL)
        assert claim.identity()["speed"] == {"workers": 2}


def test_one_claim_at_a_time(tmp_path: Path) -> None:
    """A second one is refused until the first is released; without the lock a reader gets in."""
    with Claim(tmp_path):
        assert not Claim(tmp_path, lock=False).taken
        with pytest.raises(StoreError, match="is being written by"):
            Claim(tmp_path)
    Claim(tmp_path).release()


def test_a_damaged_identity_is_named(tmp_path: Path) -> None:
    """A file that is not YAML, or holds no settings, is not silently replaced."""
    for content in ("a: [", "- 1\n", f"# sealed {'0' * 64}\na: 1\n"):
        (tmp_path / "settings.yaml").write_text(content, encoding="utf-8")
        with Claim(tmp_path) as claim, pytest.raises(StoreError, match=r"settings\.yaml"):
            claim.take({"seed": 1}, begun=True, refusal=REFUSAL)


def test_an_edited_identity_is_refused(tmp_path: Path) -> None:
    """A setting that was changed by hand does not fit the seal, so one folder never mixes two settings."""
    with Claim(tmp_path) as claim:
        claim.take({"k": 4}, begun=False, refusal=REFUSAL)
        assert claim.identity() == {"k": 4}
        claim.file.write_text(claim.file.read_text(encoding="utf-8").replace("k: 4", "k: 5"), encoding="utf-8")
        with pytest.raises(StoreError, match="changed after it was written"):
            claim.take({"k": 5}, begun=True, refusal=REFUSAL)
