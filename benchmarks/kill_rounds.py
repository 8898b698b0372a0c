"""Does a run of several rounds that is killed at any moment end like one that is not?

    python benchmarks/kill_rounds.py configs/rounds/star.yaml problems.limit=16 [KEY=VALUE ...] [--kills 6] [--seed 0]

The configuration runs once without a kill. Then it runs again: SIGKILL of its whole process group at a random moment,
and the same command after it, until it has ended. Kills are spread evenly over the time of the first run, start
included; --seed draws the moments. Compared are, byte by byte, every table without costs and every weight, and the
recorded figures without seconds. Prints the file that changed last before each kill, which shows the stage, and every
difference; exits with status 1 if there is one.

2 CPU cores; twice the time of the configuration.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from kills import ROOT, contents

_POLL = 0.2  # seconds


class Place:
    """A folder to run the configuration in, with the same relative paths as in any other."""

    def __init__(self, folder: Path, config: Path, settings: Sequence[str]) -> None:
        self.folder, self._log = folder, folder.with_suffix(".log")
        self._command = [sys.executable, "-m", "astro", "run", str(config.resolve()), "name=killed", *settings]
        folder.mkdir()
        (folder / "data").symlink_to(ROOT / "data")

    def run(self, seconds: float | None = None) -> bool:
        """Begin or resume the run, and kill it after this many seconds; returns whether it ended before."""
        began = time.monotonic()
        with self._log.open("ab") as stream:
            process = subprocess.Popen(
                self._command, cwd=self.folder, stdout=stream, stderr=stream, start_new_session=True
            )
        while (code := process.poll()) is None:
            if seconds is not None and time.monotonic() - began >= seconds:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                return False
            time.sleep(_POLL)
        if code:
            raise SystemExit(f"the run failed; the end of its output:\n{self._log.read_text(errors='replace')[-2000:]}")
        return True

    def newest(self) -> str:
        """The file that changed last."""
        files = [path for path in (self.folder / "runs").rglob("*") if path.is_file()]
        return str(max(files, key=lambda path: path.stat().st_mtime).relative_to(self.folder)) if files else "nothing"

    def contents(self) -> dict[str, str]:
        """A hash of everything that must not depend on kills."""
        return contents(self.folder / "runs")


def main() -> None:
    """Read the arguments, run twice, and print kills and differences."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE")
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_intermixed_args()
    rng = random.Random(arguments.seed)
    with TemporaryDirectory() as folder:
        first, killed = (Place(Path(folder, name), arguments.config, arguments.settings) for name in ("a", "b"))
        began = time.monotonic()
        first.run()
        whole = time.monotonic() - began
        print(f"without a kill: {whole:.0f} s", flush=True)
        kills = 0
        while not killed.run(rng.uniform(0.5, 1.5) * whole / arguments.kills if kills < arguments.kills else None):
            kills += 1
            print(f"kill {kills}: last written {killed.newest()}", flush=True)
        expected, found = first.contents(), killed.contents()
    different = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    print(f"{kills} kills; {len(expected)} files, {len(different)} differ")
    for name in different:
        print(f"  {name}")
    sys.exit(bool(different) or kills < arguments.kills)


if __name__ == "__main__":
    main()
