"""How commands end when they are interrupted or cannot write: with a message, never with a traceback."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ASTRO = [sys.executable, "-m", "astro"]
SLOW = ["eval", "CountdownPlayer", "countdown.count=3000", "engine.kind=scripted", "prompt.template=tiny",
        "prompt.step=newline", "samples=4"]  # fmt: skip


@pytest.mark.parametrize("signals", [(signal.SIGTERM,), (signal.SIGINT, signal.SIGINT)], ids=["term", "twice"])
def test_an_interrupted_command_says_that_it_was_stopped(tmp_path, signals):
    """SIGTERM counts as Ctrl-C; a second Ctrl-C ends at once. The status is 130, or that of the second signal."""
    command = [*ASTRO, *SLOW, "--out", str(tmp_path / "out")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not list((tmp_path / "out").rglob("journal*")):
        time.sleep(0.01)
    for number in signals:
        process.send_signal(number)
        time.sleep(0.05)
    said = process.communicate(timeout=300)[1]
    assert "Traceback" not in said
    assert process.returncode in {130, -signal.SIGINT}
    if len(signals) == 1:
        assert "Stopped." in said


def test_a_background_job_of_a_script_stops_at_sigterm(tmp_path):
    """A shell without job control starts background jobs that ignore SIGINT; SIGTERM still stops them."""
    out = tmp_path / "out"
    command = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *ASTRO, *SLOW, "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not list(out.rglob("journal*")):
        time.sleep(0.01)
    process.terminate()
    said = process.communicate(timeout=300)[1]
    assert process.returncode == 130
    assert "Stopped." in said


def test_an_interrupt_inside_a_callback_is_not_lost():
    """Python drops exceptions of destructors and callbacks of weak references; Ctrl-C is sent again."""
    program = """
import signal, time, weakref
import astro.cli
class Referent: pass
def verb():
    referent = Referent()
    reference = weakref.ref(referent, lambda _: signal.raise_signal(signal.SIGINT))
    del referent
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        print("interrupted")
astro.cli.app = verb
astro.cli.main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=50)
    assert (done.stdout, done.stderr) == ("interrupted\n", "")


@pytest.mark.engine
def test_a_search_of_a_real_model_is_stopped_within_seconds(tmp_path):
    """One Ctrl-C ends the step that vLLM is in."""
    settings = ["problems.countdown={count: 500, sizes: [4]}", "problems.source=null", "plan=[search]"]
    command = [*ASTRO, "run", "configs/tiny.yaml", f"output.folder={tmp_path}", *settings]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not list(tmp_path.rglob("waves-*")):
        time.sleep(0.05)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=300)[1]
    assert time.monotonic() - begun < 30  # the search would take minutes
    assert "Traceback" not in said
    assert process.returncode == 130


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_standard_output_is_an_error_of_the_machine():
    """One line on standard error, and status 2."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*ASTRO, "problems"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_standard_error_leaves_the_exit_status():
    """A mistake whose message cannot be written is still status 2."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*ASTRO, "problems", "nosuch.jsonl"], stdout=subprocess.PIPE, stderr=full, check=False)
    assert (done.returncode, done.stdout) == (2, b"")


def test_a_reader_that_has_gone_is_no_error_of_astro():
    """`astro problems | head -0` prints nothing more."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*ASTRO, "problems"], stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert "Traceback" not in done.stderr
