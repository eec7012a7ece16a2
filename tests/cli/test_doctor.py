"""What `qa doctor` finds: a well house, and each thing that can be wrong, with what to do about it."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import qa
from helpers.fake_endpoint import FakeEndpoint, breaks_off, drops, fails, hangs, page, refused_url
from qa.cli import doctor
from qa.cli.checks import HINT, OK, WRONG, Check, check_text
from qa.cli.doctor import run_checks
from qa.llm.cache import Reply, ReplyCache

KEY = "sk-test-5ecret-4bcd"
NAMES = ["program", "packages", "index", "embedder", "tokens", "model", "cache", "proxies"]


@pytest.fixture
def environment(index_folder: Path, tmp_path: Path) -> dict[str, str]:
    return {"QA_INDEX": str(index_folder), "QA_CACHE": str(tmp_path / "replies")}


def look(environment: dict[str, str], **options) -> dict[str, Check]:
    return {check.name: check for check in run_checks(environment, **options)}


def looked_at(environment: dict[str, str], name: str, **options) -> tuple[str, str, str]:
    check = look(environment, **options)[name]
    return check.state, check.found, check.advice


def test_without_a_model_all_is_well_and_says_how_to_add_one(environment, index_folder, tmp_path):
    checks = look(environment)
    assert list(checks) == NAMES
    assert {name: check.state for name, check in checks.items()} == dict.fromkeys(NAMES, OK) | {"model": HINT}
    assert checks["program"].found.startswith(f"abstracts-qa {qa.__version__}, Python 3.")
    assert "chromadb 1." in checks["packages"].found
    assert checks["index"].found == f"{index_folder}: 8 papers on 4 pages, embedder abstracts-minilm"
    assert checks["embedder"].found.startswith("abstracts-minilm, 384 dimensions, ")
    assert checks["tokens"].found == "counted with the table cl100k_base"
    assert checks["model"].found == "none: quotes only"
    assert checks["model"].advice.startswith("For a language model set OPENAI_API_KEY, or OPENAI_BASE_URL")
    assert checks["cache"].found == f"{tmp_path / 'replies'}: 0 replies, 0.0 MB"
    assert checks["proxies"].found == "none set"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"QA_MODEL": "none"}, (OK, "turned off: quotes only", "")),
        ({"QA_MODEL": "None", "OPENAI_API_KEY": KEY}, (OK, "turned off: quotes only", "")),
        ({"QA_MODEL": "llama"}, (HINT, "none: quotes only (QA_MODEL is llama, but there is nowhere to ask it)",
                                 "For a language model set OPENAI_API_KEY, or OPENAI_BASE_URL for your own endpoint.")),
        ({"OPENAI_BASE_URL": "localhost:1"}, (WRONG, "'localhost:1' is not the address of an endpoint",
                                              "Give one like http://localhost:8000/v1 in OPENAI_BASE_URL or --base-url.")),
    ],
    ids=["QA_MODEL=none", "none with a key", "a model and nowhere to ask", "no address"],
)  # fmt: skip
def test_what_is_set_for_the_model_is_read(environment, more, expected):
    assert looked_at(environment | more, "model") == expected


def test_endpoint_that_has_the_model_is_well(environment):
    with FakeEndpoint(models=["other", "mine"]) as server:
        found = looked_at(environment, "model", base_url=server.url, model="mine")
    assert found == (OK, f"mine at {server.url}, OPENAI_API_KEY not set; free", "")
    assert server.requests == []


def test_only_model_of_an_endpoint_is_found_and_its_price_told(environment, tmp_path):
    prices = tmp_path / "prices.json"
    prices.write_text('{"models": {"fake-model": {"in": 0.4, "out": 1.6}}}')
    with FakeEndpoint() as server:
        state, found, _ = looked_at(environment | {"OPENAI_BASE_URL": server.url, "QA_PRICES": str(prices)}, "model")
    assert state == OK
    assert found == f"fake-model at {server.url}, OPENAI_API_KEY not set; $0.4 in, $1.6 out per million tokens"


def test_tag_that_ollama_adds_is_no_other_model(environment):
    with FakeEndpoint(models=["llama3.2:latest"]) as server:
        assert looked_at(environment, "model", base_url=server.url, model="llama3.2")[0] == OK


@pytest.mark.parametrize(
    "models",
    [None, [], *(fails(status, "<html>") for status in (404, 405, 501))],
    ids=["no list", "none", "404", "405", "501"],
)
def test_endpoint_without_a_list_is_a_hint_to_call_it(environment, models):
    with FakeEndpoint(models=models) as server:
        state, found, advice = looked_at(environment, "model", base_url=server.url, model="mine")
        assert (state, found.endswith("; it lists no models")) == (HINT, True)
        assert advice == "To test it: qa doctor --call"
        called = look(environment, base_url=server.url, model="mine", call=True)
        assert (called["model"].state, called["model"].advice, called["call"].state) == (OK, "", OK)
        assert looked_at(environment, "model", base_url=server.url)[0] == WRONG


def test_model_that_is_not_listed_is_wrong_and_those_listed_are_named(environment):
    many = [f"model-{i}" for i in range(12)]
    with FakeEndpoint(models=many) as server:
        state, found, advice = looked_at(environment, "model", base_url=server.url, model="mine")
    assert state == WRONG
    assert found.endswith("; it is not among the models listed")
    assert advice.startswith("Set QA_MODEL or --model to one of: model-0, ")
    assert "model-7 and others. Or test it" in advice


@pytest.mark.parametrize(
    ("models", "words", "advice"),
    [
        (fails(401, f"no such key: {KEY}"), "refuses the key (401)", "Set OPENAI_API_KEY to a valid key"),
        (fails(500, "on fire"), "on fire", "Ask again"),
        (drops(), "broke", "Ask again"),
        (page(), "", "http"),
        (hangs(), "said nothing for", "Ask again"),
    ],
    ids=["wrong key", "500", "drops", "a web page", "silence"],
)
def test_endpoint_that_does_not_answer_is_wrong_and_the_key_is_never_shown(
    environment, monkeypatch, models, words, advice
):
    monkeypatch.setattr(doctor, "LIST_SECONDS", 0.3)
    with FakeEndpoint(models=models) as server:
        checks = look(environment | {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": KEY, "QA_MODEL": "mine"})
    assert checks["model"].state == WRONG
    assert f"{server.url}, OPENAI_API_KEY set: " in checks["model"].found
    assert words in checks["model"].found
    assert checks["model"].advice
    assert KEY not in repr(checks)


def test_server_that_is_not_there_is_wrong(environment):
    state, found, advice = looked_at(environment, "model", base_url=refused_url(), model="mine")
    assert state == WRONG
    assert "(connection refused)" in found
    assert advice.startswith("Is it running?")


def test_call_is_made_only_where_it_is_asked_for(environment):
    with FakeEndpoint(reply="Which papers?") as server:
        check = look(environment, base_url=server.url, model="fake-model", call=True)["call"]
    assert len(server.requests) == 1
    assert (check.state, check.found.startswith("answered in ")) == (OK, True)


@pytest.mark.parametrize(
    ("behaviour", "state", "words"),
    [
        (fails(400, "no room"), WRONG, "no room"),
        (breaks_off("Which pap"), HINT, "but the reply was cut: "),
    ],
    ids=["an error", "cut"],
)
def test_call_that_fails_says_why(environment, behaviour, state, words):
    with FakeEndpoint(behaviour) as server:
        check = look(environment, base_url=server.url, model="fake-model", call=True)["call"]
    assert check.state == state
    assert words in check.found
    assert check.advice


def test_missing_index_is_wrong_and_the_rest_is_looked_at(environment, tmp_path):
    checks = look(environment, index=str(tmp_path / "none"))
    assert checks["index"].state == WRONG
    assert checks["index"].found == f"No index in {tmp_path / 'none'}"
    assert checks["index"].advice.startswith("Build one from your files: qa index FILES…")
    assert (list(checks), checks["embedder"].state) == (NAMES, OK)


def test_index_of_other_rules_is_wrong(environment, pages, tmp_path, monkeypatch):
    folder = tmp_path / "old"
    with monkeypatch.context() as before:
        before.setattr("qa.index.versions.RULES_VERSION", "0")
        qa.build_index([pages / "table.csv"], folder)
    state, found, advice = looked_at(environment, "index", index=str(folder))
    assert state == WRONG
    assert "another version of abstracts-qa (rules 0" in found
    assert advice == f"To build it again: qa index --rebuild --index {folder}"


def test_index_of_other_vectors_is_wrong(environment, pages, tmp_path):
    from qa.embedding.onnx import ShippedEmbedder

    class Another(ShippedEmbedder):
        def embed_question(self, question):
            return -super().embed_question(question)

    qa.build_index([pages / "table.csv"], tmp_path / "other", embedder=Another())
    state, found, advice = looked_at(environment, "index", index=str(tmp_path / "other"))
    assert state == WRONG
    assert "no longer gives the vectors" in found
    assert "qa index --rebuild" in advice


def test_empty_index_is_wrong(environment, pages, tmp_path):
    qa.build_index([pages / "table.csv"], tmp_path / "empty")
    qa.remove_pages(["table.csv"], tmp_path / "empty")
    state, found, advice = looked_at(environment, "index", index=str(tmp_path / "empty"))
    assert (state, advice) == (WRONG, "Read pages into it: qa index FILES…")
    assert "0 papers" in found


class SlowEmbedder:
    name, dimension = "slow", 3

    def embed_question(self, question):
        import threading

        threading.Event().wait(10)
        return [1.0, 0.0, 0.0]


class BrokenEmbedder:
    name, dimension = "broken", 3

    def embed_question(self, question):
        raise qa.EmbedderError("The embedder broken broke. Mend it.")


@pytest.mark.parametrize(
    ("embedder", "words"),
    [(SlowEmbedder(), "slow gave no vector within 0.1 s"), (BrokenEmbedder(), "The embedder broken broke")],
    ids=["slow", "broken"],
)
def test_embedder_that_does_not_answer_is_wrong_and_nobody_waits(monkeypatch, embedder, words):
    monkeypatch.setattr(doctor, "EMBEDDER_SECONDS", 0.1)
    check = doctor._embedder(embedder)
    assert (check.state, check.found) == (WRONG, words)
    assert check.advice


def test_missing_package_is_wrong(monkeypatch):
    monkeypatch.setattr(doctor, "PACKAGES", ("numpy", "no-such-package"))
    assert doctor._packages() == Check(
        name="packages", state=WRONG, found="not installed: no-such-package", advice="Install abstracts-qa again; it brings them.",
    )  # fmt: skip


def test_tokens_are_estimated_where_there_is_no_table(monkeypatch):
    from qa.llm import token_count as budget

    monkeypatch.setattr(budget, "_encoding", lambda: None)
    assert doctor._tokenizer().state == HINT


def test_cache_that_cannot_be_written_is_a_hint(environment, tmp_path):
    (tmp_path / "file").write_text("no folder")
    state, found, advice = looked_at(environment | {"QA_CACHE": str(tmp_path / "file" / "replies")}, "cache")
    assert (state, advice) == (HINT, "Name another folder in QA_CACHE, or add --no-cache.")
    assert "it cannot be written (" in found


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that nobody can write, root neither")
def test_cache_that_only_seems_to_be_writable_is_a_hint(environment):
    state, found, _ = looked_at(environment | {"QA_CACHE": "/proc/self/replies"}, "cache")
    assert (state, "it cannot be written (" in found) == (HINT, True)


def test_one_reply_is_counted_as_one(environment):
    ReplyCache(environment["QA_CACHE"]).put("0" * 64, Reply(text="x", tokens_in=1, tokens_out=1))
    state, found, _ = looked_at(environment, "cache")
    assert (state, found) == (OK, f"{environment['QA_CACHE']}: 1 reply, 0.0 MB")


def test_proxies_are_named_without_their_values(environment):
    set_ones = {"HTTPS_PROXY": "http://user:secret@proxy:1", "all_proxy": "x", "NO_PROXY": " "}
    checks = look(environment | set_ones)
    assert (checks["proxies"].state, checks["proxies"].found) == (HINT, "set: HTTPS_PROXY, all_proxy")
    assert "secret" not in repr(checks)


def test_check_is_a_line_with_what_to_do_under_it():
    check = Check(name="model", state=WRONG, found="evil \x1b[2J", advice="Mend it.")
    assert check_text(check) == "not ok  model     evil \\x1b[2J\n                  Mend it."


# As a person types it


def run(arguments: Sequence[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("QA_", "OPENAI_")) and not name.upper().endswith("_PROXY")
    }
    return subprocess.run(
        [sys.executable, "-m", "qa", "doctor", *arguments],
        capture_output=True, text=True, encoding="utf-8", env=clean | environment, check=False,
    )  # fmt: skip


def test_doctor_exits_with_0_where_all_is_well(environment):
    done = run([], environment)
    assert (done.returncode, done.stderr) == (0, "")
    states = {line[8:17].strip(): line[:8].strip() for line in done.stdout.splitlines() if line[:1].strip()}
    assert {name: states[name] for name in NAMES} == dict.fromkeys(NAMES, OK) | {"model": HINT}
    assert done.stdout.endswith("\n\nAll checks passed.\n")


def test_doctor_exits_with_4_and_names_what_is_not(environment, tmp_path):
    done = run(["--index", str(tmp_path / "none"), "--base-url", refused_url(), "--model", "x"], environment)
    assert (done.returncode, done.stderr) == (4, "")
    assert done.stdout.endswith("\n\nFailed: index, model.\n")


def test_doctor_as_json(environment):
    done = run(["--json", "--no-model"], environment)
    values = json.loads(done.stdout)
    assert done.returncode == 0
    assert values["well"] is True
    assert values["checks"][5] == {
        "name": "model",
        "state": OK,
        "found": "turned off: quotes only",
        "advice": "",
    }
