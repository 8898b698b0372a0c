"""Each test attacks one property of the sandbox."""

import os
import socket
import textwrap
import threading
import time
from pathlib import Path

import pytest

from astro.verify.jail import Protection
from astro.verify.sandbox import Limits, run_script, run_tests, sandbox_report

ADD = "def add(a, b):\n    return a + b\n"


def script(code, stdin="", **limits):
    return run_script(textwrap.dedent(code), stdin, Limits(**limits))


def reached(code, **limits):
    """What a program prints."""
    return script(code, **limits).output.decode()


def needs(*protections):
    missing = [protection for protection in protections if not sandbox_report()[protection]]
    if missing:
        pytest.skip(f"this machine does not allow {', '.join(missing)}")


def test_report_names_every_protection():
    """The report says of each protection whether it holds, and limits always do."""
    assert sandbox_report().keys() == set(Protection)
    assert sandbox_report()[Protection.LIMITS]


def test_no_network():
    """A connection to a port that is open on the loopback does not arrive."""
    needs(Protection.SYSCALLS)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        said = reached(f"""
            import socket
            try:
                socket.create_connection(("127.0.0.1", {port}), timeout=1)
                print("connected")
            except OSError as error:
                print("refused")
        """)
        with pytest.raises(TimeoutError):
            server.accept()
    assert said == "refused\n"


def test_no_write_outside_the_folder(tmp_path):
    """A file outside cannot be made or changed, and the folder itself can be written."""
    needs(Protection.LANDLOCK)
    victim = tmp_path / "victim"
    victim.write_text("before")
    tmp_path.chmod(0o777)
    said = reached(f"""
        import os
        open("inside", "w").write("x")
        print(os.path.exists("inside"))
        for path in ({str(victim)!r}, {str(tmp_path / "new")!r}, "/escaped", "/usr/escaped", "/etc/escaped"):
            try:
                open(path, "w").write("after")
                print("wrote", path)
            except OSError:
                pass
        try:
            os.remove({str(victim)!r})
            print("removed")
        except OSError:
            pass
    """)
    assert said == "True\n"
    assert victim.read_text() == "before"
    assert list(tmp_path.iterdir()) == [victim]


def test_nothing_is_left_of_the_folder(tmp_path, monkeypatch):
    """After the run the folder and what was written there are gone."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert reached("open('kept', 'w').write('x'); print('done')") == "done\n"
    assert list(tmp_path.iterdir()) == []


def test_no_reading_of_other_files(tmp_path):
    """A secret outside of Python's own folders cannot be read."""
    needs(Protection.LANDLOCK)
    secret = tmp_path / "secret"
    secret.write_text("password")
    said = reached(f"""
        for path in ({str(secret)!r}, "/etc/passwd", "/proc/self/environ"):
            try:
                print(open(path).read())
            except OSError:
                print("refused")
    """)
    assert said == "refused\n" * 3


def test_no_environment(monkeypatch):
    """Nothing of the caller's environment is there."""
    monkeypatch.setenv("ASTRO_TEST_SECRET", "password")
    said = reached("import os; print(dict(os.environ))")
    assert said == "{}\n"


def test_no_new_processes():
    """Neither fork nor a subprocess starts; a fork bomb is one process."""
    needs(Protection.SYSCALLS)
    said = reached("""
        import os, subprocess, sys
        try:
            while True:
                os.fork()
        except OSError:
            print("no fork")
        try:
            subprocess.run([sys.executable, "-c", "print(1)"])
        except OSError:
            print("no subprocess")
    """)
    assert said == "no fork\nno subprocess\n"


def test_no_signals_to_others():
    """A program cannot kill its parent, nor everything it can see."""
    needs(Protection.SYSCALLS)
    said = reached(f"""
        import os
        for pid in (os.getppid(), -1, {os.getpid()}):
            try:
                os.kill(pid, 9)
                print("killed", pid)
            except OSError:
                print("refused")
    """)
    assert said == "refused\n" * 3


def test_memory_is_limited():
    """An allocation above the limit fails in the program."""
    run = script("x = bytearray(64 * 2**30)", memory_bytes=256 << 20)
    assert run.status not in {0, None}


def test_disk_is_limited():
    """A file above the limit cannot be written."""
    said = reached(
        """
        try:
            with open("big", "wb") as file:
                for _ in range(64):
                    file.write(bytes(1 << 20))
        except OSError:
            print("refused")
        """,
        file_bytes=1 << 20,
    )
    assert said == "refused\n"


def test_output_is_limited():
    """A flood of output is cut at the limit and the program stopped."""
    run = script("while True: print('x' * 1000)", output_bytes=10_000)
    assert len(run.output) == 10_000
    assert run.status is None


def test_processor_time_is_limited():
    """An endless loop is stopped and said to be out of time."""
    assert script("while True: pass", cpu_seconds=1, wall_seconds=20.0).timed_out


def test_wall_time_is_limited():
    """A program that sleeps is stopped too."""
    start = time.monotonic()
    assert script("import time; time.sleep(100)", wall_seconds=1.0).timed_out
    assert time.monotonic() - start < 50


def test_child_of_a_stopped_run_is_gone():
    """Nothing of a stopped run goes on: its folder can no longer be held open by a living process."""
    script("import time; time.sleep(100)", wall_seconds=1.0)
    commands = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                status = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(status[1]) == os.getpid() or int(status[3]) == os.getpid():
                    commands.append((entry / "cmdline").read_bytes())
            except OSError:
                continue
    assert not any(b"astro.verify.program" in command for command in commands)


def test_equality_of_the_program_does_not_decide():
    """An object that says it equals everything does not cross to the judge."""
    program = "class Any:\n    def __eq__(self, other): return True\ndef add(a, b): return Any()\n"
    run = run_tests(program, ["assert add(1, 2) == 3"], "add")
    assert (run.passed, run.total) == (0, 1)


def test_subclass_of_int_does_not_cross():
    """A subclass of a built-in type with an equality of its own is refused."""
    program = "class N(int):\n    def __eq__(self, other): return True\ndef add(a, b): return N(0)\n"
    assert run_tests(program, ["assert add(1, 2) == 3"], "add").passed == 0


@pytest.mark.parametrize("ending", ["raise SystemExit(0)", "import os; os._exit(0)", "exit(0)", "quit()"])
def test_early_exit_is_no_success(ending):
    """A program that exits with status 0 has passed nothing, at the start or in a call."""
    tests = ["assert add(1, 2) == 3", "assert add(2, 2) == 4"]
    assert run_tests(ADD + ending, tests, "add").passed == 0
    inside = "def add(a, b):\n    " + ending
    assert run_tests(inside, tests, "add").passed == 0


def test_patched_builtins_do_not_reach_the_judge():
    """Replacing AssertionError or the comparison functions changes nothing on the other side."""
    program = (
        "import builtins\nbuiltins.AssertionError = type('X', (BaseException,), {})\nbuiltins.all = lambda x: True\n"
    )
    assert run_tests(program + "def add(a, b): return 0", ["assert add(1, 2) == 3"], "add").passed == 0


def test_tests_are_not_in_the_program():
    """No object of the program's process holds the expected value, and no file descriptor leads to the tests."""
    program = textwrap.dedent("""
        import gc, os
        found = []
        def look():
            for thing in gc.get_objects():
                try:
                    if isinstance(thing, (str, bytes, dict, list)) and "94" + "1257" in str(thing):
                        found.append(type(thing).__name__)
                except Exception:
                    pass
            for fd in range(64):
                try:
                    os.lseek(fd, 0, 0)
                    if ("94" + "1257").encode() in os.read(fd, 1 << 16):
                        found.append(fd)
                except OSError:
                    pass
            return found
    """)
    run = run_tests(program, ["assert look() == []", "assert 941257 == 941257"], "look")
    assert (run.passed, run.total) == (2, 2)


def test_forged_replies_do_not_pass():
    """A program that writes to the channel itself can only say values, never that a test has passed."""
    program = textwrap.dedent("""
        import os
        def add(a, b):
            for fd in range(3, 64):
                for text in (b'["passed", "", 9]', b'["value", 3, null]', b"passed"):
                    try:
                        os.write(fd, len(text).to_bytes(4, "big") + text)
                    except OSError:
                        pass
            return 0
    """)
    run = run_tests(program, ["assert add(1, 1) == 2", "assert add(2, 2) == 4", "assert add(3, 3) == 6"], "add")
    assert run.passed == 0


def test_works_in_a_thread():
    """The sandbox depends on no signal handler and so works in any thread."""
    runs = []
    thread = threading.Thread(target=lambda: runs.append(run_tests(ADD, ["assert add(1, 2) == 3"], "add")))
    thread.start()
    thread.join()
    assert runs[0].passed == 1
