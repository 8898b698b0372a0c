"""The ledger of a run: what it notices, and that a kill between its lines and the files does no harm."""

import json
import os

import pytest

from astro.store import ledger
from astro.store.atomic import write_entered, write_marker
from astro.store.ledger import LEDGER, announce, enter, entered, read_lines, remove
from astro.store.seals import Damage, find_faults


@pytest.fixture
def run(tmp_path):
    """A run with a finished data set of one file."""
    write_entered(tmp_path / "config.yaml", "# astro 1\nname: r\n", copy=True)
    enter(tmp_path / "config.yaml", copy=True)  # the first time there was no run to enter it in
    (tmp_path / "datasets" / "sft").mkdir(parents=True)
    shard = tmp_path / "datasets" / "sft" / "train-00000-of-00001.parquet"
    shard.write_bytes(b"rows")
    write_marker(tmp_path / "datasets" / "complete.json", [(shard, 1)])
    assert find_faults(tmp_path) == []
    return tmp_path


def named(run):
    return {fault.file: fault.damage for fault in find_faults(run)}


def spoil(path, change):
    path.write_bytes(change(path.read_bytes()))


@pytest.mark.parametrize("bit", range(8))
def test_a_flipped_end_of_the_last_line_is_named(run, bit):
    """The line is whole and one more byte follows it, which no kill leaves behind."""
    spoil(run / LEDGER, lambda content: content[:-1] + bytes([content[-1] ^ 1 << bit]))
    assert named(run)[LEDGER] is Damage.CHANGED


@pytest.mark.parametrize("junk", [b"x", b"\x00" * 9, b'{"file": '])
def test_bytes_behind_the_last_line_are_named_unless_a_kill_can_leave_them(run, junk):
    """Every line begins alike, so a line that was cut short does, too."""
    spoil(run / LEDGER, lambda content: content + junk)
    assert named(run) == {LEDGER: Damage.CHANGED}
    spoil(run / LEDGER, lambda content: content.removesuffix(junk) + b'{"crc": 17, "fi')
    assert named(run) == {}


def test_lines_that_were_cut_away_are_missed(run):
    """A marker without a line means that the ledger has lost it; what the marker lists is still compared."""
    spoil(run / LEDGER, lambda content: content.splitlines(keepends=True)[0])
    assert named(run) == {LEDGER: Damage.CHANGED}
    spoil(run / "datasets" / "sft" / "train-00000-of-00001.parquet", lambda _: b"swor")
    assert len(named(run)) == 2


def test_a_line_without_its_end_still_counts(run):
    """A power cut may take the last byte only; the next line says that it follows a whole one."""
    spoil(run / LEDGER, lambda content: content[:-1])
    assert "datasets/complete.json" in entered(run)[0]
    enter(run / "datasets" / "sft" / "train-00000-of-00001.parquet")
    assert read_lines(run / LEDGER)[1] == []
    assert named(run) == {}


def test_a_kill_before_an_announced_file_is_written_does_no_harm(run):
    """A new file may be missing and an old one may be as it was; a third content is damage."""
    new, old = run / "problems.json", run / "datasets" / "complete.json"
    announce(new, b"{}")
    before = old.read_bytes()
    announce(old, before + b"\n")
    assert named(run) == {}
    old.write_bytes(before + b"\n")  # killed before it was entered
    assert named(run) == {}
    old.write_bytes(before + b" ")
    assert named(run) == {"datasets/complete.json": Damage.CHANGED}
    old.write_bytes(before + b"\n")
    enter(old)
    old.write_bytes(before)  # no longer one of the two
    assert named(run) == {"datasets/complete.json": Damage.CHANGED}


def test_a_kill_within_a_removal_does_no_harm(run, monkeypatch):
    """The ledger says first that the file is gone, so none is missed."""
    marker = run / "datasets" / "complete.json"
    monkeypatch.setattr(type(marker), "unlink", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        remove(marker)
    monkeypatch.undo()
    assert named(run) == {}
    remove(marker)
    assert named(run) == {}


def test_a_kill_while_a_trainer_deletes_an_old_checkpoint_does_no_harm(run):
    """Only the last checkpoint has to be whole; what is left of an earlier one is in nobody's way."""
    stage = run / "checkpoints" / "astro" / "sft"
    for step in (1, 2):
        weights = stage / f"checkpoint-{step}" / "model.safetensors"
        weights.parent.mkdir(parents=True)
        weights.write_bytes(b"weights")
        (weights.parent / "trainer_state.json").write_text("{}")
        write_marker(weights.parent / "resumable.json", [(weights, 0)])
    (stage / "checkpoint-1" / "model.safetensors").unlink()
    assert named(run) == {}
    (stage / "checkpoint-1" / "resumable.json").unlink()
    assert named(run) == {}
    (stage / "checkpoint-2" / "model.safetensors").unlink()
    assert named(run) == {"checkpoints/astro/sft/checkpoint-2/model.safetensors": Damage.MISSING}
    (stage / "checkpoint-2" / "resumable.json").unlink()
    assert named(run) == {"checkpoints/astro/sft/checkpoint-2/resumable.json": Damage.MISSING}


def test_a_table_that_the_run_did_not_write_is_named(run):
    """A shard beside those of a finished data set would be trained on."""
    (run / "datasets" / "sft" / "train-00001-of-00002.parquet").write_bytes(b"more")
    assert named(run) == {"datasets/sft/train-00001-of-00002.parquet": Damage.FOREIGN}


def test_a_line_that_a_full_disk_takes_in_parts_is_written_whole(run, monkeypatch):
    """os.write may take fewer bytes than it is given."""
    write = os.write
    monkeypatch.setattr(ledger.os, "write", lambda descriptor, content: write(descriptor, bytes(content[:7])))
    enter(run / "datasets" / "sft" / "train-00000-of-00001.parquet")
    monkeypatch.undo()
    assert json.loads((run / LEDGER).read_bytes().splitlines()[-1])["file"].endswith("train-00000-of-00001.parquet")
    assert named(run) == {}
