"""`qa ui` as a person starts it: real processes that answer on loopback, and the errors that keep one from answering."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gradio as gr
import httpx
import pytest

from helpers.page_session import open_page
from helpers.paths import ROOT
from qa.cli.parser import parser
from qa.ui.server import launch_page
from qa.ui.sockets import HOST, PORT, listen, port_of

pytestmark = pytest.mark.slow


ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("QA_", "OPENAI_", "GRADIO_")) and not name.lower().endswith("_proxy")
}
PATIENCE_SECONDS = 120
CLOSED = "Files can be added and removed only on this machine or with --auth"
# Where tests run in the background SIGINT is ignored from the beginning, and must be heard again. Whatever the process
# looks up or connects to outside of this machine is said on stderr, and so are libraries that no start needs.
LAUNCH = """
import atexit, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
def heard(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        host = arguments[1][0] if event in ("socket.connect", "socket.sendto") else arguments[0]
        if isinstance(host, str) and host not in ("127.0.0.1", "::1", "localhost", "0.0.0.0"):
            print("OUTSIDE", event, host, file=sys.stderr)
sys.addaudithook(heard)
def needless():
    loaded = {name.split(".")[0] for name in sys.modules} & {"openai", "llama_index", "tiktoken"}
    if loaded:
        print("LOADED", *loaded, file=sys.stderr)
atexit.register(needless)
from qa.cli.main import entry
entry()
"""


class Served:
    """A process of `qa ui` that has printed its line: `line`, `address`; `end` stops it and gives code and stderr."""

    def __init__(self, process: "subprocess.Popen[str]", line: str) -> None:
        self.process = process
        self.line = line
        self.address = line.partition("/:")[0].partition("/,")[0] + "/"

    def end(self, by: signal.Signals = signal.SIGINT) -> tuple[int, str, str]:
        self.process.send_signal(by)
        out, err = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, out, err


@contextmanager
def served(*arguments: str, cwd: Path | None = None, **environment: str) -> Iterator[Served]:
    process = subprocess.Popen(
        [sys.executable, "-c", LAUNCH, "ui", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", cwd=cwd, env=ENVIRONMENT | environment,
    )  # fmt: skip
    watchdog = threading.Timer(PATIENCE_SECONDS, process.kill)
    watchdog.start()
    try:
        assert process.stdout
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield Served(process, line.rstrip("\n"))
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()


def run(*arguments: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "qa", "ui", *arguments],
        capture_output=True, text=True, encoding="utf-8", cwd=cwd, env=ENVIRONMENT, check=False, timeout=PATIENCE_SECONDS,
    )  # fmt: skip


def test_page_answers_with_guarded_headers_until_ctrl_c_and_asks_nobody(index_folder):
    key = "sk-hushed-key"
    environment = {
        "OPENAI_API_KEY": key, "OPENAI_BASE_URL": "http://user:hushed-word@127.0.0.1:9/v1",
        # Nothing of this may change what is served, and nobody listens at the proxy.
        "HTTP_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9", "GRADIO_SERVER_NAME": "0.0.0.0",
        "GRADIO_SHARE": "true", "GRADIO_ALLOWED_PATHS": "/", "GRADIO_ROOT_PATH": "/elsewhere", "GRADIO_DEBUG": "1",
        "GRADIO_MCP_SERVER": "true", "GRADIO_SSR_MODE": "true", "GRADIO_ANALYTICS_ENABLED": "True",
    }  # fmt: skip
    with served("--port", "0", "--index", str(index_folder), **environment) as page:
        assert re.fullmatch(
            r"http://127\.0\.0\.1:\d+/: 8 papers, answers by a model at 127\.0\.0\.1:9\. Ctrl-C ends\.", page.line
        )
        with httpx.Client(base_url=page.address, trust_env=False) as client:
            first, config, theme = client.get("/"), client.get("/config"), client.get("/theme.css")
            for response in (first, config, theme):
                assert response.status_code == 200
                assert "hushed" not in response.text
                assert "connect-src 'self'" in response.headers["content-security-policy"]
                assert response.headers["x-content-type-options"] == "nosniff"
                assert response.headers["referrer-policy"] == "no-referrer"
            assert "--qa-ink" in first.text
            assert CLOSED not in first.text
            assert config.json()["analytics_enabled"] is False
            assert str(index_folder) not in first.text + config.text
            assert client.get("/", headers={"Host": "evil.example"}).status_code == 403
            join = "/gradio_api/queue/join"
            assert client.post(join, json={}, headers={"Origin": "https://evil.example"}).status_code == 403
            assert client.post(join, json={}, headers={"Origin": page.address.rstrip("/")}).status_code == 422
            for secret in ("pyproject.toml", "/etc/passwd", str(index_folder / "CURRENT")):
                assert client.get(f"/gradio_api/file={secret}").status_code == 403
            assert [client.get(path).status_code for path in ("/openapi.json", "/docs", "/gradio_api/runs")] == [
                404
            ] * 3
            assert client.get("/monitoring").status_code == 403
            assert client.get("/gradio_api/startup-events").json() is False  # they have been, and must not be again
            assert client.get("/gradio_api/info").json() == {"named_endpoints": {}, "unnamed_endpoints": {}}
        assert page.end() == (0, "The page is closed.\n", "")


def test_what_ends_a_service_ends_the_page_and_what_was_sent_to_it(index_folder):
    with served("--port", "0", "--no-model", "--index", str(index_folder)) as page:
        assert page.line.endswith("/: 8 papers, answers by quotes. Ctrl-C ends.")
        sent = httpx.post(f"{page.address}gradio_api/upload", files={"files": ("a.txt", b"text")}).json()
        assert [Path(file).read_bytes() for file in sent] == [b"text"]
        assert page.end(signal.SIGTERM) == (0, "The page is closed.\n", "")
    assert not any(Path(file).exists() for file in sent)


def test_index_is_built_from_the_pages_of_this_folder_where_there_is_none(pages, tmp_path):
    (tmp_path / "index" / "pages").mkdir(parents=True)
    (tmp_path / "index" / "pages" / "harbour.txt").write_bytes((pages / "harbour.txt").read_bytes())
    with served("--port", "0", "--host", "localhost", cwd=tmp_path) as page:
        papers = int(re.findall(r": (\d+) papers", page.line)[0])
        assert papers > 0
        code, _, told = page.end()
    assert code == 0
    assert (
        told.splitlines()[0] == f"qa: No index in {Path('index/chroma')} yet; building it from {Path('index/pages')}."
    )
    assert f"The index has {papers} papers from 1 file" in told


def test_page_for_every_network_says_that_nobody_may_change_it(index_folder):
    with served("--port", "0", "--host", "0.0.0.0", "--index", str(index_folder)) as page:
        assert "/, and at every address of this machine: 8 papers" in page.line
        answered = httpx.get(page.address, headers={"Host": "papers.example"})
        assert answered.status_code == 200
        assert CLOSED in answered.text
        code, _, told = page.end()
    assert code == 0
    assert told == (
        "qa: Everyone who reaches this page can ask, but not add or remove files. To allow that with a login: --auth FILE\n"
    )


@pytest.fixture(scope="module")
def guarded(assistant):
    with open_page(assistant, accounts={"ann": "one:two", "bob": "three"}) as page:
        yield page.address


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "config"), ("GET", "gradio_api/info"), ("GET", "gradio_api/openapi.json"), ("GET", "gradio_api/queue/status"),
        ("GET", "gradio_api/file=x"), ("GET", "gradio_api/upload_progress?upload_id=x"), ("GET", "gradio_api/dev/reload"),
        ("GET", "gradio_api/queue/data?session_hash=x"), ("GET", "gradio_api/call/x/x"), ("GET", "gradio_api/proxy=x"),
        ("GET", "gradio_api/deep_link?session_hash=x"), ("GET", "monitoring"),
        ("POST", "gradio_api/queue/join"), ("POST", "gradio_api/upload"), ("POST", "gradio_api/component_server"),
        ("POST", "gradio_api/run/predict"), ("POST", "gradio_api/api/predict"), ("POST", "gradio_api/call/x"),
        ("POST", "gradio_api/process_recording"),
    ],
)  # fmt: skip
def test_without_a_login_nothing_that_matters_is_answered(guarded, method, path):
    assert httpx.request(method, guarded + path, json={} if method == "POST" else None).status_code == 401


def test_login_takes_the_right_password_only(guarded):
    with httpx.Client(base_url=guarded) as client:
        assert "TideNet" not in client.get("/").text
        assert '"components":[]' in client.get("/").text
        for name, wrong in (("ann", "three"), ("bob", "one:two"), ("eve", "one:two")):
            assert client.post("/login", data={"username": name, "password": wrong}).status_code == 400
            assert client.get("/config").status_code == 401
        assert client.post("/login", data={"username": "ann", "password": "one:two"}).status_code == 200
        assert client.get("/config").status_code == 200
        assert '"components":[]' not in client.get("/").text


def test_upload_beyond_the_size_is_refused_and_a_smaller_one_taken(assistant):
    with open_page(assistant) as page:
        upload = f"{page.address}gradio_api/upload"
        assert httpx.post(upload, files={"files": ("a.txt", b"x" * 1000)}).status_code == 200
        assert httpx.post(upload, files={"files": ("a.txt", b"x" * (33 << 20))}).status_code == 413


def test_closed_page_frees_its_port_and_several_run_at_once(assistant):
    with open_page(assistant) as one, open_page(assistant) as other:
        assert one.address != other.address
        assert httpx.get(one.address).status_code == httpx.get(other.address).status_code == 200
    for page in (one, other):
        with pytest.raises(httpx.ConnectError):
            httpx.get(page.address)


def test_page_closes_while_it_is_streaming_and_says_nothing_about_it(capfd):
    with gr.Blocks(analytics_enabled=False) as demo:
        gr.Markdown("A page.")
    page = launch_page(demo, listen(port=0))
    with httpx.stream("GET", f"{page.address}gradio_api/heartbeat/visitor", timeout=PATIENCE_SECONDS) as stream:
        lines = stream.iter_lines()  # kept: without it the client would hang up
        assert next(lines) == "data: ALIVE"
        page.close()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        pytest.param(["--port", "70000"], "--port is 70000, but ports go from 1 to 65535. Use --port 7860.", id="no port"),
        pytest.param(["--host", "192.0.2.1"], "--host 192.0.2.1 is not an address of this machine. Use 127.0.0.1, or 0.0.0.0 for every network.", id="foreign host"),
        pytest.param(["--auth", "none.txt"], "--auth none.txt cannot be read (No such file or directory). Check the name.", id="no accounts"),
        pytest.param([], "No index in index/chroma. Build one from your files: qa index FILES… --index index/chroma", id="no index"),
        pytest.param(["--base-url", "nonsense"], None, id="no URL"),
        pytest.param(["--papers", "0"], None, id="no papers"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_line_and_nothing_is_served(index_folder, tmp_path, arguments, fault):
    index = ["--index", str(index_folder)] if fault is None else []
    done = run(*(["--port", "0"] if "--port" not in arguments else []), *index, *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr == f"qa: {fault}\n" if fault else done.stderr.startswith("qa: ")


def test_taken_port_is_an_error_where_it_was_asked_for_and_passed_over_where_not(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = run("--port", str(port), cwd=tmp_path)
    assert (
        done.stderr
        == f"qa: --port {port} cannot be used: taken by another program. Name another, or none for a free one.\n"
    )
    with socket.socket() as other:
        try:
            other.bind(("127.0.0.1", PORT))
            other.listen()
        except OSError:
            pass  # taken already, which will do as well
        told, _ = run(cwd=tmp_path).stderr.splitlines()
    assert re.fullmatch(rf"qa: Port {PORT} is taken, so the page is at port 78\d\d\.", told)


@pytest.mark.skipif(os.name != "posix", reason="modes of files are those of POSIX")
def test_accounts_that_others_can_read_are_told_of_and_never_shown(tmp_path):
    accounts = tmp_path / "accounts.txt"
    accounts.write_text("ann:hushed\n", encoding="utf-8")
    accounts.chmod(0o644)
    told = run("--port", "0", "--auth", str(accounts), cwd=tmp_path).stderr
    assert told.startswith(f"qa: Others on this machine can read {accounts}. Close it to them: chmod 600 {accounts}\n")
    assert "hushed" not in told
    accounts.chmod(0o600)
    assert "chmod" not in run("--port", "0", "--auth", str(accounts), cwd=tmp_path).stderr


def test_ctrl_c_while_gradio_is_imported_ends_with_130(index_folder):
    code = f"""
import os, signal, sys, threading
{LAUNCH.partition("from qa.cli.main")[0]}
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "gradio.blocks":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupt())
from qa.cli.main import entry
entry()
"""
    done = subprocess.run(
        [sys.executable, "-c", code, "ui", "--port", "0", "--index", str(index_folder)],
        capture_output=True, text=True, encoding="utf-8", env=ENVIRONMENT, check=False, timeout=PATIENCE_SECONDS,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "qa: interrupted before the page was open.\n")


@pytest.mark.skipif(os.name != "posix", reason="ends a group of processes")
def test_gradio_command_serves_ui_app_with_our_looks_and_guard(index_folder):
    with listen(port=0) as probe:
        environment = {"QA_INDEX": str(index_folder), "GRADIO_SERVER_PORT": str(port_of(probe))}
    process = subprocess.Popen(
        [sys.executable, "-c", "from gradio.cli import cli; cli()", "ui/app.py"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", cwd=ROOT,
        env=ENVIRONMENT | environment, start_new_session=True,
    )  # fmt: skip
    watchdog = threading.Timer(PATIENCE_SECONDS, os.killpg, (process.pid, signal.SIGKILL))
    watchdog.start()
    try:
        assert process.stdout
        told = ""
        while not (found := re.search(r"Running on local URL:\s+(\S+)\n", told)):
            line = process.stdout.readline()
            assert line, told
            told += line
        address = found[1]
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", address)
        answered = httpx.get(address)
        assert "--qa-ink" in answered.text
        assert "connect-src 'self'" in answered.headers["content-security-policy"]
        assert httpx.get(address, headers={"Host": "evil.example"}).status_code == 403
    finally:
        watchdog.cancel()
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_options_name_the_true_defaults():
    options = parser("1").parse_args(["ui"])
    assert (options.host, options.port, options.auth) == (HOST, None, None)
    assert f"(default: {PORT}, else" in " ".join(run("--help").stdout.split())
