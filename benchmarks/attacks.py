"""Do hostile programs get out of the sandbox, on machines with fewer and fewer protections?

    python benchmarks/attacks.py [--environments all,no-namespaces,no-landlock,nothing] [--every 1] [--json]

Runs the programs of tests/verify/attacks.jsonl through `astro verify`. An environment takes protections away by a
seccomp filter that refuses their system calls, as containers do. In each there are a process to kill, a file to read
and change, a listening port, and two sockets for datagrams, all outside the sandbox. An attack has succeeded if one of
them was touched, or if the verdict is not the expected one. KNOWN are those that docs/verifiers.md names. The last
figure of a line is the most memory that two programs, with their judges, held at once (PSS). Exits with status 1 if an
attack succeeds that is not known, or if programs run where they should be refused.

2 CPU cores: about 40 seconds for each environment in which programs run.
"""

import argparse
import ctypes
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from astro.verify import seccomp

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "tests" / "verify" / "attacks.jsonl"
# The system calls of each protection: unshare; landlock_*; seccomp, and prctl with PR_SET_SECCOMP.
WITHOUT: dict[str, tuple[str, ...]] = {
    "all": (),
    "no-namespaces": ("namespaces",),
    "no-landlock": ("namespaces", "landlock"),
    "nothing": ("namespaces", "landlock", "seccomp"),
}
RUNS = ("all", "no-namespaces")  # in the others programs are refused
KNOWN = {
    "all": {"18-mutate-argument", "18b-mutate-expected-shared"},
    "no-namespaces": {"18-mutate-argument", "18b-mutate-expected-shared", "02-read-proc-environ"},
}
_REFUSE, _ALLOW = 0x00050001, 0x7FFF0000


@dataclass(slots=True)
class Outcome:
    """What happened in one environment. wrong: cases with another verdict than expected, known ones included."""

    environment: str
    refused: bool
    programs: int = 0
    wrong: list[str] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)
    peak_mib: float = 0.0

    @property
    def as_documented(self) -> bool:
        """Whether nothing succeeded but what the documentation names."""
        if self.environment not in RUNS:
            return self.refused and not self.touched
        return not self.refused and not self.touched and set(self.wrong) <= KNOWN[self.environment]


def take_away(layers: Sequence[str]) -> None:
    """Make the system calls of these protections fail with EPERM in this process and its descendants."""
    calls = {"namespaces": [272], "landlock": [444, 445, 446], "seccomp": [317]}
    load, equal, answer = 0x20, 0x15, 0x06
    code = [seccomp.instruction(load, 0)]
    for number in (number for layer in layers for number in calls[layer]):
        code += [seccomp.instruction(equal, number, 0, 1), seccomp.instruction(answer, _REFUSE)]
    if "seccomp" in layers:  # prctl(PR_SET_SECCOMP)
        code += [seccomp.instruction(equal, 157, 0, 3), seccomp.instruction(load, 16)]
        code += [seccomp.instruction(equal, 22, 0, 1), seccomp.instruction(answer, _REFUSE)]
    code.append(seccomp.instruction(answer, _ALLOW))
    ctypes.CDLL(None).prctl(38, ctypes.c_ulong(1), 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    seccomp.load(b"".join(code))


def attack(environment: str, every: int = 1, settings: Sequence[str] = ()) -> Outcome:
    """Run every n-th case in an environment; every: n."""
    with TemporaryDirectory() as folder, _victims(Path(folder)) as victims:
        cases, verdicts = Path(folder, "cases.jsonl"), Path(folder, "verdicts.jsonl")
        lines = CASES.read_text(encoding="utf-8").splitlines()[::every]
        cases.write_text("\n".join(map(victims.named, lines)), encoding="utf-8")
        command = [sys.executable, __file__, "--inside", environment, "--", "verify", str(cases), "--out"]
        with _watching() as peak:
            done = subprocess.run(
                [*command, str(verdicts), "workers=2", *settings], capture_output=True, text=True, check=False
            )
        refused = done.returncode == 2 and "programs are not run on this machine" in done.stderr
        if done.returncode and not refused:
            raise SystemExit(f"astro verify failed in {environment}: {done.stderr}")
        outcome = Outcome(environment, refused, peak_mib=peak[0])
        if not refused:
            expected = {case["id"]: case["expected"] for case in map(json.loads, lines)}
            found = [json.loads(line) for line in verdicts.read_text(encoding="utf-8").splitlines()]
            outcome.programs = len(found)
            outcome.wrong = [row["id"] for row in found if row["correct"] != expected[row["id"]]]
        outcome.touched = victims.touched()
        return outcome


@dataclass(frozen=True, slots=True)
class _Victims:
    """What lies outside the sandbox: a process, a file in a folder of its own, a listening port, and sockets.

    mailboxes: for datagrams; one has a path, the other an abstract name.
    """

    process: subprocess.Popen[bytes]
    file: Path
    server: socket.socket
    mailboxes: Sequence[socket.socket]

    def named(self, line: str) -> str:
        """A case with the process id, the path and the port in place of their names."""
        path, abstract = (box.getsockname() for box in self.mailboxes)
        words = {"PORT": self.server.getsockname()[1], "VICTIM": self.process.pid, "FILE": self.file}
        words |= {"MAILBOX": path, "ABSTRACT": abstract.decode().removeprefix("\0")}
        return re.sub(r"@(VICTIM|FILE|PORT|MAILBOX|ABSTRACT)@", lambda found: str(words[found[1]]), line)

    def touched(self) -> list[str]:
        """The victims that are no longer as they were."""
        found = ["the process was killed"] if self.process.poll() is not None else []
        if [path.name for path in self.file.parent.iterdir()] != [self.file.name]:
            found.append("the folder has other files")
        elif self.file.read_text(encoding="utf-8") != "before" or self.file.stat().st_mode & 0o777 != 0o666:
            found.append("the file was changed")
        arrivals: list[tuple[str, Callable[[], object]]] = [("the port was reached", self.server.accept)]
        arrivals += [("a datagram arrived", partial(box.recv, 1)) for box in self.mailboxes]
        for what, arrives in arrivals:
            with suppress(BlockingIOError):
                arrives()
                found.append(what)
        return found


@contextmanager
def _victims(folder: Path) -> Iterator[_Victims]:
    file = folder / "outside" / "secret"
    file.parent.mkdir()
    file.parent.chmod(0o777)
    file.write_text("before", encoding="utf-8")
    file.chmod(0o666)
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as box,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as abstract,
        subprocess.Popen(["sleep", "3600"]) as process,
    ):
        box.bind(str(folder / "mailbox"))
        abstract.bind(f"\0astro-attacks-{os.getpid()}")
        for each in (server, box, abstract):
            each.setblocking(False)
        try:
            yield _Victims(process, file, server, (box, abstract))
        finally:
            process.kill()


@contextmanager
def _watching() -> Iterator[list[float]]:
    """Yields a list whose one element becomes the most MiB that all sandboxed processes below this one held at once."""
    peak, ended = [0.0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.02):
            peak[0] = max(peak[0], sum(map(_proportional_kib, _sandboxed(os.getpid()))) / 1024)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        ended.set()
        thread.join()


def _sandboxed(root: int) -> list[int]:
    """The processes below root that run a sandbox's code, or what it has started."""
    found, level = [], [(root, False)]
    while level:
        pid, inside = level.pop()
        try:
            inside = inside or b"types.ModuleType(name)" in Path(f"/proc/{pid}/cmdline").read_bytes()
            children = Path(f"/proc/{pid}/task").iterdir()
            below = [int(one) for task in children for one in (task / "children").read_text().split()]
        except OSError:
            continue
        found += [pid] if inside else []
        level += [(child, inside) for child in below]
    return found


def _proportional_kib(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)
    return int(found[1]) if found else 0


def _inside(environment: str, arguments: Sequence[str]) -> None:
    """Become `astro ARGUMENTS` without the protections that the environment lacks."""
    take_away(WITHOUT[environment])
    os.execv(sys.executable, [sys.executable, "-m", "astro", *arguments])


def main() -> None:
    """Read the arguments, attack in each environment and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environments", default=",".join(WITHOUT))
    parser.add_argument("--every", type=int, default=1, help="run every n-th case (default %(default)s)")
    parser.add_argument("--inside", choices=list(WITHOUT), help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    parser.add_argument("arguments", nargs="*", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        _inside(arguments.inside, arguments.arguments)
    outcomes = [attack(environment, arguments.every) for environment in arguments.environments.split(",")]
    if arguments.json:
        print(json.dumps({one.environment: {name: getattr(one, name) for name in _SHOWN} for one in outcomes}))
    else:
        for one in outcomes:
            what = "refused" if one.refused else f"{one.programs} programs, other verdicts: {one.wrong or 'none'}"
            print(f"{one.environment}: {what}; outside: {one.touched or 'untouched'}; {one.peak_mib:.0f} MiB at once")
    sys.exit(not all(one.as_documented for one in outcomes))


_SHOWN = ("refused", "programs", "wrong", "touched", "peak_mib", "as_documented")

if __name__ == "__main__":
    main()
