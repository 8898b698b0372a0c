"""The licences of the locked packages, and their known vulnerabilities.

    python -m tools.audit             # writes docs/licences.md, then asks pip-audit
    python -m tools.audit --licences  # the licences only, without a network

pip-audit is installed into build/audit, a virtual environment of its own, so that its dependencies do not enter the
lock. It asks the advisory database of PyPI for every pin of requirements/cpu.txt. Without a network nothing is audited;
the command says so and exits with status 3. Exits with status 1 if a pin has a known vulnerability.
"""

import argparse
import re
import subprocess
import sys
import venv
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from pathlib import Path

from tools.lock import LOCK, pins

ROOT = Path(__file__).parents[1]
LICENCES = ROOT / "docs" / "licences.md"
AUDITOR = "pip-audit==2.10.1"
_OFFLINE = re.compile(r"ConnectionError|Max retries|Temporary failure|No matching distribution|unreachable|resolve")
_CLASSIFIER = "License :: "
_HEAD = """# Licences of the locked packages

Made by `python -m tools.audit --licences` from the metadata of the packages in `requirements/cpu.txt`. ASTRO itself is
under Apache-2.0 and contains none of their code.

| package | version | licence |
|---|---|---|
"""


def main() -> None:
    """Write the licences, and audit unless only they are wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--licences", action="store_true", help="write docs/licences.md and stop")
    only_licences = parser.parse_args().licences
    LICENCES.write_text(licences(), encoding="utf-8")
    print(f"{LICENCES.relative_to(ROOT)}: the licences of {len(pins())} packages")
    if not only_licences:
        sys.exit(audit())


def licences() -> str:
    """A table of every pin with the licence that its metadata states."""
    rows = []
    for pin in pins():
        name, _, version = pin.partition("==")
        name = name.partition("[")[0]
        rows.append(f"| {name} | {version} | {licence_of(name)} |")
    return _HEAD + "\n".join(rows) + "\n"


def licence_of(package: str) -> str:
    """The licence in the metadata of an installed package: its SPDX expression, classifier or first line."""
    try:
        found = metadata(package)
    except PackageNotFoundError:
        return "not installed here"
    if expression := _field(found, "License-Expression"):
        return expression
    kinds = [line.rpartition(" :: ")[2] for line in found.get_all("Classifier") or () if line.startswith(_CLASSIFIER)]
    stated = _field(found, "License").strip().split("\n")[0][:80]
    return ", ".join(kind for kind in kinds if kind != "OSI Approved") or stated or "not stated"


def _field(found: PackageMetadata, name: str) -> str:
    return str(found[name]) if name in found else ""


def audit() -> int:
    """Ask pip-audit about every pin; the exit status."""
    folder = ROOT / "build" / "audit"
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    installed = _run(str(python), "-m", "pip", "install", "--quiet", AUDITOR)
    if installed.returncode:
        return _failed("pip-audit cannot be installed", installed.stderr)
    asked = _run(str(python), "-m", "pip_audit", "--disable-pip", "--require-hashes", "--requirement", str(LOCK))
    print(asked.stdout, end="")
    if asked.returncode and not asked.stdout.strip():
        return _failed("the advisory database was not reached", asked.stderr)
    return min(asked.returncode, 1)


def _failed(what: str, stderr: str) -> int:
    if _OFFLINE.search(stderr):
        print(f"offline: {what}, so nothing was audited")
        return 3
    print(f"{what}:\n{stderr[-2000:]}")
    return 2


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed commands


if __name__ == "__main__":
    main()
