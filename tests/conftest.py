"""Small invented pages, an index of them in real Chroma, and the original pages where they lie beside the checkout."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import qa
from helpers.chroma_server import ChromaServer
from helpers.embedders import LetterEmbedder
from helpers.page_session import Tabs, open_browser
from helpers.paths import SHARED, TESTS
from qa.index.remote.address import Address, chroma_address


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they use: those with the browser fixture `browser`, those with a Chroma server `server`."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        for fixture, marker in (("browser", "browser"), ("chroma", "server")):
            if fixture in fixtures:
                item.add_marker(marker)


@pytest.fixture(scope="session")
def pages() -> Path:
    """The folder of invented pages: seven listings of text, three records, eight papers."""
    return TESTS / "pages"


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The five original pages; absent, the test is skipped, but in CI it fails."""
    return _beside("corpus")


def _beside(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"../shared/{name} is not beside the checkout, and CI must run this test")
        pytest.skip(f"../shared/{name} is not beside the checkout")
    return folder


@pytest.fixture(scope="session")
def index_folder(pages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of the invented pages that no test changes."""
    folder = tmp_path_factory.mktemp("index") / "chroma"
    qa.build_index([pages], folder)
    return folder


@pytest.fixture(scope="session")
def index(index_folder: Path) -> Iterator[qa.Index]:
    opened = qa.open_index(index_folder)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def assistant(index: qa.Index) -> qa.Assistant:
    return qa.Assistant(index)


@pytest.fixture(scope="session")
def corpus_folder(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of the five original pages, built once (about half a minute)."""
    folder = tmp_path_factory.mktemp("corpus") / "chroma"
    qa.build_index([corpus], folder)
    return folder


@pytest.fixture
def letters() -> LetterEmbedder:
    return LetterEmbedder()


@pytest.fixture(scope="session", autouse=True)
def _uploads(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Pages of this process, and the commands it runs, keep uploads and votes among the tests' own files."""
    os.environ["GRADIO_TEMP_DIR"] = str(tmp_path_factory.mktemp("uploads"))
    os.environ["QA_FEEDBACK"] = str(tmp_path_factory.mktemp("votes") / "feedback.jsonl")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium. One a file of tests: while it is open, no other test of this process can use asyncio.run."""
    with open_browser() as opened:
        yield opened


@pytest.fixture
def browser_page(browser: Any) -> Iterator[Tabs]:
    """Opens tabs, and fails the test where something happened in one that must not; see page_session."""
    tabs = Tabs(browser)
    yield tabs
    assert tabs.faults == []


@pytest.fixture(scope="module")
def chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaServer]:
    """A real Chroma server for the tests of one file."""
    with ChromaServer(tmp_path_factory.mktemp("chroma")) as server:
        yield server


@pytest.fixture
def address(chroma: ChromaServer, request: pytest.FixtureRequest) -> Address:
    """A database of this test's own."""
    return chroma_address(chroma.url, database=chroma.database(f"db-{abs(hash(request.node.name))}"))
