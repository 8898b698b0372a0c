import subprocess
import sys
from pathlib import Path

import pytest

from astro.store import leases as leases_module
from astro.store.leases import Leases

HOLDER = """
import sys, time
from pathlib import Path
from astro.store.leases import Leases
leases = Leases(Path(sys.argv[1]), "other")
print(leases.take_new("a"), flush=True)
time.sleep(600)
"""


def holder(folder: Path) -> "subprocess.Popen[str]":
    """A worker in another process that has the lease a."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    return process


def test_a_lease_has_one_holder_until_its_work_is_done(tmp_path: Path) -> None:
    """Nobody else gets it, and nobody gets it again once it is done."""
    with Leases(tmp_path, "one") as one, Leases(tmp_path, "two") as two:
        assert one.take_new("a")
        assert not two.take_new("a")
        assert not two.take("a")
        assert two.expired() == []
        assert two.undone(["a"])
        one.done("a")
        assert not two.take("a")
        assert not two.undone(["a"])
        assert two.undone(["a", "b"])
        two.reopen("a")
        assert two.take("a")


def test_leases_of_a_worker_that_ends_are_free(tmp_path: Path) -> None:
    """One that closes gives up what it has not done."""
    with Leases(tmp_path, "one") as one:
        one.take("a")
        one.take("b")
        one.done("b")
    with Leases(tmp_path, "two") as two:
        assert two.expired() == ["a"]
        assert two.take("a")
        assert not two.take("b")


def test_leases_of_a_killed_worker_are_taken_over_at_once_on_the_same_machine(tmp_path: Path) -> None:
    """The operating system frees its lock; until then its leases are safe."""
    process = holder(tmp_path)
    with Leases(tmp_path, "one") as one:
        assert not one.take("a")
        process.kill()
        process.wait()
        assert one.expired() == ["a"]
        assert one.take("a")


def test_a_worker_of_another_machine_is_dead_when_its_count_stands_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Locks say nothing across machines; the count does, by the clock of the one who looks."""
    process = holder(tmp_path)
    process.kill()
    process.wait()
    monkeypatch.setattr(leases_module, "_this_machine", lambda: "another kernel")
    now = [1000.0]
    monkeypatch.setattr(leases_module.time, "monotonic", lambda: now[0])
    with Leases(tmp_path, "one") as one:
        assert not one.take("a")
        now[0] += leases_module.EXPIRY - 1
        assert one.expired() == []
        alive = tmp_path / "other.alive"
        alive.write_text(alive.read_text().replace("0\n", "1\n"))  # it counts: it is alive
        now[0] += 2
        assert not one.take("a")
        now[0] += leases_module.EXPIRY
        assert one.take("a")


def test_after_another_worker_has_finished_the_run_nothing_is_left(tmp_path: Path) -> None:
    """The leases of a finished run are deleted, perhaps while a worker still looks for work."""
    with Leases(tmp_path / "leases", "one") as one, Leases(tmp_path / "leases", "two") as two:
        assert two.undone(["a"])
        one.clear()
        assert not two.undone(["a"])
        assert two.expired() == []
        assert not two.take("a")
        assert not two.take_new("a")
