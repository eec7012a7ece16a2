"""README and documentation: every command and Python block that can run offline runs, and the website builds strictly."""

import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from helpers.paths import ROOT

pytestmark = pytest.mark.slow

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(
    r"(?:<!-- (?P<mark>[^>]*?) -->\n)?^```(?P<language>\w+)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)
"""A comment before a block says that it is not run, and why, or which exit code its last command has."""


def blocks(page: Path, language: str) -> list[tuple[str, str]]:
    """The blocks of a language as (mark, code); those marked "not run: …" are left out."""
    found = [match for match in BLOCK.finditer(page.read_text(encoding="utf-8")) if match["language"] == language]
    return [
        (match["mark"] or "", match["code"]) for match in found if not (match["mark"] or "").startswith("not run: ")
    ]


def pages_with(language: str) -> list[Path]:
    return [page for page in PAGES if blocks(page, language)]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the shipped pages and their index, as a checkout has after `make index`."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "index" / "pages", folder / "index" / "pages")
    run(["qa", "index", "index/pages"], folder)
    return folder


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "PYTHONPATH", "TMPDIR") if name in os.environ}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**kept, "PATH": path, "QA_CACHE": str(folder / "cache"), "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


@pytest.mark.parametrize("page", pages_with("bash"), ids=lambda page: page.stem)
def test_commands_of_a_page_run(page, checkout):
    for mark, code in blocks(page, "bash"):
        done = run(["bash", "-euo", "pipefail", "-c", code], checkout)
        expected = int(match[1]) if (match := re.match(r"exit code: (\d+)", mark)) else 0
        assert done.returncode == expected, f"{code}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", pages_with("python"), ids=lambda page: page.stem)
def test_python_of_a_page_runs_from_top_to_bottom(page, checkout):
    code = "\n".join(code for _, code in blocks(page, "python"))
    done = run([sys.executable, "-c", code], checkout)
    assert done.returncode == 0, done.stderr
    assert "[1]" in done.stdout


def test_every_block_names_its_language():
    for page in PAGES:
        fences = re.findall(r"^```(.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert all(fences[::2]), page
        assert not any(fences[1::2]), page


class Resources(HTMLParser):
    """Collects the addresses that a browser would fetch to show a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        fetched = tag in ("script", "img", "iframe", "source") or (tag == "link" and values.get("rel") != "canonical")
        self.found += [value for name in ("src", "href") if fetched and (value := values.get(name))]


def test_website_builds_strictly_and_fetches_nothing_from_other_hosts(tmp_path):
    done = run(
        [
            sys.executable,
            "-m",
            "mkdocs",
            "build",
            "--strict",
            "--site-dir",
            str(tmp_path),
            "-f",
            str(ROOT / "mkdocs.yml"),
        ],
        ROOT,
    )
    assert done.returncode == 0, done.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 10
    for page in pages:
        resources = Resources()
        resources.feed(page.read_text(encoding="utf-8"))
        assert resources.found
        assert [url for url in resources.found if re.match(r"(https?:)?//", url)] == []


def test_links_between_files_lead_somewhere():
    sources = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("*/README.md")]
    for page in sources:
        for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
