"""What the benchmarks share: a command run as a child of a small parent, and figures kept with date, commit and versions.

It times commands from outside only, and knows nothing about what they do. Linux and macOS only.
"""

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PACKAGES = ("abstracts-qa", "chromadb", "onnxruntime", "tokenizers", "numpy")
_LAUNCHER = """\
import json, os, sys, time
started = time.monotonic()
child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(child, 0)
seconds = time.monotonic() - started
figures = [os.waitstatus_to_exitcode(status), started, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss]
with open(sys.argv[1], "w") as file:
    json.dump(figures, file)
"""
"""Runs a command and writes what it took. A child's peak includes what its parent held when it was started, and so the
parent must be small."""


@dataclass(frozen=True, kw_only=True)
class Child:
    """A command that has ended: seconds by the clock and of all processors, peak memory in MB (a million bytes), what
    it wrote to its output. `started` is on the scale of time.monotonic(), which all processes share."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    stdout: str
    started: float
    code: int


def run_child(argv: Sequence[str], env: Mapping[str, str] | None = None, *, check: bool = True) -> Child:
    """Runs a command to its end, with bytecode allowed; `env` is added to the environment, and errors are shown.

    SystemExit where it ends with another code than 0, unless `check` is False (a signal is a negative code).
    """
    allowed = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder, "figures.json")
        launcher = subprocess.run(
            [sys.executable, "-S", "-c", _LAUNCHER, str(figures), *argv],
            env={**allowed, **(env or {})}, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=True,
        )  # fmt: skip
        code, started, seconds, processor, peak = json.loads(figures.read_text())
    if check and code:
        raise SystemExit(f"{' '.join(argv)} ended with code {code}. Its message stands above.")
    unit = 1 if sys.platform == "darwin" else 1024
    return Child(
        seconds=seconds, cpu_seconds=processor, peak_mb=peak * unit / 1e6, stdout=launcher.stdout, started=started,
        code=code,
    )  # fmt: skip


def commit() -> str:
    """The commit of this checkout, with "dirty" behind it where files differ from it; empty outside a checkout."""
    here = Path(__file__).parent
    answers = []
    for command in (["rev-parse", "--short", "HEAD"], ["status", "--porcelain"]):
        git = subprocess.run(["git", *command], cwd=here, capture_output=True, text=True, check=False)
        answers.append(git.stdout.strip())
    return answers[0] + (" dirty" if answers[0] and answers[1] else "")


def save(path: str | os.PathLike[str], name: str, tables: Mapping[str, Any]) -> None:
    """Writes the tables of one benchmark as JSON, beside when, of what and on what they were measured."""
    installed = {found.metadata["Name"]: found.version for found in importlib.metadata.distributions()}
    about = {
        "name": name,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "python": platform.python_version(),
        "packages": {package: installed[package] for package in PACKAGES if package in installed},
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count(),
    }
    text = json.dumps({**about, "tables": tables}, indent=1, ensure_ascii=False)
    Path(path).write_text(text + "\n", encoding="utf-8")
