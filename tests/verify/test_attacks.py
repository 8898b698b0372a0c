"""Hostile programs on machines with fewer and fewer protections; benchmarks/attacks.py runs all of them everywhere."""

import importlib
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from astro.verify.jail import Protection
from astro.verify.sandbox import sandbox_report

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def attacks(monkeypatch):
    if platform.machine() != "x86_64" or not all(sandbox_report().values()):
        pytest.skip("the attacks use system calls of x86-64, and take away protections that hold here")
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("attacks")


@pytest.mark.parametrize(("environment", "every"), [("all", 6), ("no-namespaces", 5)])
def test_no_attack_succeeds_but_those_that_the_documentation_names(attacks, environment, every):
    """With or without namespaces, nothing outside is touched and no verdict is forged."""
    outcome = attacks.attack(environment, every)
    assert outcome.programs == len(attacks.CASES.read_text().splitlines()[::every])
    assert outcome.touched == []
    assert set(outcome.wrong) <= attacks.KNOWN[environment]


@pytest.mark.parametrize("environment", ["no-landlock", "nothing"])
def test_programs_are_refused_where_a_required_protection_is_missing(attacks, environment):
    """Without Landlock, or without anything, `astro verify` runs no program and names the setting that allows it."""
    outcome = attacks.attack(environment)
    assert outcome.refused
    assert outcome.programs == 0
    assert outcome.touched == []


def test_a_setting_allows_programs_everywhere(attacks):
    """With unconfined_programs the honest program is run and judged where nothing confines it."""
    outcome = attacks.attack("nothing", every=1000, settings=["unconfined_programs=true"])
    assert (outcome.refused, outcome.programs, outcome.wrong) == (False, 1, [])


_FILTERED = """
import ctypes, os, socket, sys
from astro.verify import seccomp

def fails(act, *arguments):
    try:
        act(*arguments)
    except PermissionError:
        return True
    return False

box = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
box.bind(sys.argv[1] + ".box")
pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
ctypes.CDLL(None).prctl(38, ctypes.c_ulong(1), 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
seccomp.install(own_root=False)
refused = [fails(os.open, sys.argv[1], os.O_RDONLY | os.O_TRUNC), fails(pair[0].sendto, b"x", sys.argv[1] + ".box")]
open(sys.argv[1] + ".own", "w").close()
pair[0].send(b"y")
print(refused, open(sys.argv[1]).read(), pair[1].recv(1))
"""


def test_the_filter_alone_keeps_files_and_sockets_from_harm(tmp_path):
    """Neither cutting a file that is opened for reading nor a datagram to another socket depends on Landlock."""
    (tmp_path / "f").write_text("kept")
    command = [sys.executable, "-c", _FILTERED, str(tmp_path / "f")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[True, True] kept b'y'"


def test_every_kernel_call_of_the_filter_has_its_own_number():
    """No number stands twice in the tables of system calls, so that none is allowed by mistake."""
    from astro.verify import syscalls

    calls = syscalls.ALLOWED | syscalls.ALLOWED_IN_OWN_ROOT
    special = [syscalls.CLONE, syscalls.CLONE3, syscalls.OPENAT2, syscalls.FCNTL, syscalls.IOCTL, syscalls.PRCTL]
    special += [syscalls.PRLIMIT, syscalls.SENDTO, *(numbers for numbers, _ in syscalls.OPENS)]
    for column in (0, 1):
        numbers = [each[column] for each in (*calls.values(), *special, *syscalls.KILLS) if each[column] is not None]
        assert len(numbers) == len(set(numbers))


def test_the_report_has_the_required_protections():
    """Required are protections that the report names."""
    from astro.verify.jail import REQUIRED

    assert set(Protection) >= REQUIRED
