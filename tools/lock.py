"""Give every pin of requirements/cpu.txt the SHA-256 of the file that pip would install.

    python -m tools.lock

A pin without a hash gets one; `python -m tools.lock --all` looks all of them up again. pip then installs nothing but
these files: the lock holds for Python 3.11 on Linux x86-64.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

LOCK = Path(__file__).parents[1] / "requirements" / "cpu.txt"
_PIN = re.compile(r"(?P<name>[\w.-]+)(?:\[[^\]]*\])?==(?P<version>\S+)")
_HASH = re.compile(r"\s*\\\s*--hash=sha256:[0-9a-f]{64}")


def main() -> None:
    """Rewrite the lock with hashes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="look up the hashes that are there, too")
    text = LOCK.read_text(encoding="utf-8")
    if parser.parse_args().all:
        text = _HASH.sub("", text)
    lines = text.replace("\\\n", "\\").splitlines()
    bare = [line for line in lines if _PIN.match(line) and "--hash=" not in line]
    hashes = look_up(bare) if bare else {}
    locked = [f"{line} \\\n    --hash=sha256:{hashes[_name(line)]}" if line in bare else line for line in lines]
    LOCK.write_text("\n".join(line.replace("\\ ", "\\\n ") for line in locked) + "\n", encoding="utf-8")
    print(f"{len(bare)} hashes added, {sum('--hash=' in line for line in locked)} pins")


def look_up(pins: list[str]) -> dict[str, str]:
    """The SHA-256 of the file that pip would install for each pin, by the package's normalized name."""
    with TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        quiet = ["--quiet", "--dry-run", "--ignore-installed", "--no-deps", "--report", str(report)]
        subprocess.run([sys.executable, "-m", "pip", "install", *quiet, *pins], check=True)  # noqa: S603 - the lock's pins
        found = json.loads(report.read_text(encoding="utf-8"))["install"]
    return {_normal(one["metadata"]["name"]): one["download_info"]["archive_info"]["hashes"]["sha256"] for one in found}


def pins() -> dict[str, str | None]:
    """The hash of every pin by its line without it; None where there is none."""
    lines = LOCK.read_text(encoding="utf-8").replace("\\\n", "\\").splitlines()
    found: dict[str, str | None] = {}
    for line in lines:
        if pin := _PIN.match(line):
            sealed = re.search(r"--hash=sha256:([0-9a-f]{64})", line)
            found[pin[0]] = sealed[1] if sealed else None
    return found


def _name(line: str) -> str:
    pin = _PIN.match(line)
    assert pin is not None
    return _normal(pin["name"])


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    main()
