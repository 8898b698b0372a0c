from tools.lock import LOCK, pins


def test_every_pin_has_a_hash():
    """pip installs nothing from the lock but files with these hashes; `python -m tools.lock` adds a missing one."""
    found = pins()
    assert len(found) > 150
    assert [pin for pin, sealed in found.items() if sealed is None] == []


def test_the_lock_is_laid_out_as_the_tool_writes_it():
    """Every pin is on a line of its own, and its hash on the next one."""
    text = LOCK.read_text(encoding="utf-8")
    assert text.count(" \\\n    --hash=sha256:") == len(pins())


def test_the_list_of_licences_has_every_pin():
    """`python -m tools.audit --licences` writes it again after a change of the lock."""
    listed = (LOCK.parents[1] / "docs" / "licences.md").read_text(encoding="utf-8")
    rows = [pin.replace("==", " | ") for pin in pins()]
    assert [row for row in rows if f"| {row} |" not in listed] == []
