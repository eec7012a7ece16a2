"""Who gets in: accounts of a file, where the page answers, and what the guard refuses."""

import asyncio
import os
import socket

import pytest

from qa.errors import InputError
from qa.ui.auth import MAX_BODY_BYTES, POLICY, Guard, is_readable_by_others, login, read_accounts
from qa.ui.sockets import address_of, is_everywhere, is_local, listen, port_of


def accounts_file(tmp_path, text):
    path = tmp_path / "accounts.txt"
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize(
    ("text", "accounts"),
    [
        pytest.param("ann:one\nbob:two\n", {"ann": "one", "bob": "two"}, id="one a line"),
        pytest.param("# who\n\n  # more\nann:one\n", {"ann": "one"}, id="comments and blank lines"),
        pytest.param("ann:a:b#c: \n", {"ann": "a:b#c: "}, id="all after the first colon is the password"),
        pytest.param(" ann :one\r\nbob:two\r\n", {"ann": "one", "bob": "two"}, id="blanks around names and line ends"),
        pytest.param("\ufeffann:one", {"ann": "one"}, id="a byte order mark"),
        pytest.param("zoë:größe\n", {"zoë": "größe"}, id="other letters"),
    ],
)
def test_accounts_are_read(tmp_path, text, accounts):
    assert read_accounts(accounts_file(tmp_path, text)) == accounts


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("", "has no account", id="empty"),
        pytest.param("# ann:hushed\n\n", "has no account", id="only comments"),
        pytest.param("ann:hushed\nhushed-word\n", "Line 2 of .* has no colon", id="no colon"),
        pytest.param("\n:hushed\n", "Line 2 of .* has no name", id="no name"),
        pytest.param("ann:\n", "Line 1 of .* has no password", id="no password"),
        pytest.param("ann:  \n", "Line 1 of .* has no password", id="a password of blanks"),
        pytest.param("ann:hushed\n\nann:hushed2\n", "Line 3 of .* has a name that stood before", id="a name twice"),
    ],
)
def test_fault_in_accounts_is_named_by_its_line_without_its_text(tmp_path, text, fault):
    with pytest.raises(InputError, match=fault) as raised:
        read_accounts(accounts_file(tmp_path, text))
    assert "Write one name:password on each line." in str(raised.value)
    assert "hushed" not in str(raised.value)


def test_accounts_that_cannot_be_read_are_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"accounts.txt cannot be read \(No such file or directory\)"):
        read_accounts(tmp_path / "accounts.txt")
    (tmp_path / "accounts.txt").write_bytes(b"ann:\xff\xfe")
    with pytest.raises(InputError, match="is not UTF-8 text"):
        read_accounts(tmp_path / "accounts.txt")


@pytest.mark.skipif(os.name != "posix", reason="modes of files are those of POSIX")
@pytest.mark.parametrize(("mode", "open_to_others"), [(0o600, False), (0o640, True), (0o604, True)])
def test_file_that_others_may_read_is_known(tmp_path, mode, open_to_others):
    path = accounts_file(tmp_path, "ann:one\n")
    path.chmod(mode)
    assert is_readable_by_others(path) is open_to_others


@pytest.mark.parametrize(
    ("name", "password", "right"),
    [
        ("ann", "one", True), ("bob", "zwei ü", True), ("ann", "zwei ü", False), ("bob", "one", False),
        ("ann", "", False), ("", "", False), ("eve", "one", False), ("ann", "One", False), ("ann", "one ", False),
    ],
)  # fmt: skip
def test_login_takes_a_name_with_its_own_password_only(name, password, right):
    assert login({"ann": "one", "bob": "zwei ü"})(name, password) is right


def test_login_of_many_accounts_keeps_each_apart():
    right = login({f"n{i}": f"p{i}" for i in range(50)})
    assert [(i, j) for i in range(50) for j in range(50) if right(f"n{i}", f"p{j}")] == [(i, i) for i in range(50)]


async def passed_through(guard, **headers):
    """What comes back through a guard to a request: status, headers, text."""
    sent = []

    async def send(message):
        sent.append(message)

    method, path = headers.pop("method", "POST"), headers.pop("path", "/")
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    await guard({"type": "http", "method": method, "path": path, "headers": pairs}, None, send)
    names = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], names, sent[1]["body"].decode()


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"Referrer-Policy", b"origin")]})
    await send({"type": "http.response.body", "body": b"the page"})


@pytest.mark.parametrize(
    "host",
    ["localhost:7860", "127.0.0.1:7860", "[::1]:7860", "LOCALHOST", "127.0.0.1"],
)
def test_local_page_answers_to_the_names_of_this_machine(host):
    assert asyncio.run(passed_through(Guard(app, local=True, uploads=True), host=host, method="GET"))[0] == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example:7860", "localhost.evil.example", "127.0.0.1.evil.example:7860", "", "evil.example@localhost.example", "[::1", "0.0.0.0:7860"],
)  # fmt: skip
def test_local_page_answers_to_no_other_name(host):
    status, headers, text = asyncio.run(passed_through(Guard(app, local=True, uploads=True), host=host, method="GET"))
    assert status == 403
    assert text == "This page is for this machine alone. Open it as http://localhost or http://127.0.0.1."
    assert headers["content-security-policy"] == POLICY


def test_page_for_other_machines_answers_to_any_name():
    assert (
        asyncio.run(passed_through(Guard(app, local=False, uploads=False), host="papers.example", method="GET"))[0]
        == 200
    )


@pytest.mark.parametrize("local", [True, False], ids=["local", "for others"])
@pytest.mark.parametrize(
    ("method", "origin", "status"),
    [
        ("POST", "http://localhost:7860", 200), ("POST", "http://LOCALHOST:7860", 200), ("POST", None, 200),
        ("POST", "http://localhost:9000", 403), ("POST", "https://evil.example", 403), ("POST", "null", 403),
        ("POST", "http://localhost:7860.evil.example", 403), ("POST", "", 403), ("POST", "http://[", 403),
        ("PUT", "https://evil.example", 403), ("DELETE", "https://evil.example", 403),
        ("GET", "https://evil.example", 200),
    ],
)  # fmt: skip
def test_what_another_site_sends_is_refused(method, origin, status, local):
    given = {} if origin is None else {"origin": origin}
    done = asyncio.run(
        passed_through(Guard(app, local=local, uploads=local), host="localhost:7860", method=method, **given)
    )
    assert done[0] == status
    if status == 403:
        assert done[2] == "This came from another site's page. Open the address of this page itself, and do it there."


def test_every_response_has_the_headers_once():
    _, headers, _ = asyncio.run(passed_through(Guard(app, local=True, uploads=True), host="localhost", method="GET"))
    assert headers == {
        "content-security-policy": POLICY, "x-content-type-options": "nosniff", "referrer-policy": "no-referrer",
    }  # fmt: skip


def test_policy_names_no_other_host_and_no_frame():
    rules = dict(rule.split(" ", 1) for rule in POLICY.split("; "))
    assert rules["default-src"] == rules["connect-src"] == "'self'"
    assert rules["frame-ancestors"] == rules["object-src"] == "'none'"
    assert {word for rule in rules.values() for word in rule.split()} <= {
        "'self'", "'none'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:",
    }  # fmt: skip


def test_port_that_was_asked_for_is_taken_or_an_error():
    with listen(port=0) as first:
        port = port_of(first)
        assert address_of(first) == f"http://127.0.0.1:{port}/"
        assert is_local(first)
        with pytest.raises(InputError, match=f"--port {port} cannot be used: taken by another program"):
            listen(port=port)
    with listen(port=port) as again:
        assert port_of(again) == port


def test_next_free_port_is_taken_where_none_was_asked_for():
    with listen(port=0) as taken:
        assert port_of(taken) < 65000
        with listen(first=port_of(taken)) as found:
            assert port_of(found) > port_of(taken)


@pytest.mark.parametrize(
    ("host", "port", "fault"),
    [
        ("192.0.2.1", 0, "--host 192.0.2.1 is not an address of this machine. Use 127.0.0.1"),
        ("x" * 70, 0, "is not a known address. Use 127.0.0.1"),
        ("127.0.0.1", 65536, "--port is 65536, but ports go from 1 to 65535"),
        ("127.0.0.1", -1, "--port is -1"),
    ],
)
def test_address_that_cannot_be_is_an_input_error(host, port, fault):
    with pytest.raises(InputError, match=fault):
        listen(host, port)


def test_address_for_every_network_is_known_and_opened_here_by_name():
    with listen("0.0.0.0", 0) as sock:
        assert (is_everywhere(sock), is_local(sock)) == (True, False)
        assert address_of(sock) == f"http://localhost:{port_of(sock)}/"


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_address_of_ipv6_stands_in_brackets():
    try:
        sock = listen("::1", 0)
    except InputError:
        pytest.skip("this machine has no ::1")
    with sock:
        assert address_of(sock) == f"http://[::1]:{port_of(sock)}/"
        assert is_local(sock)


@pytest.mark.parametrize(
    ("path", "headers", "uploads", "status"),
    [
        ("/gradio_api/upload", {"content-length": "30000000"}, True, 200),
        ("/gradio_api/upload", {"content-length": "10"}, False, 403),
        ("/gradio_api/upload/", {"content-length": "10"}, False, 403),
        ("/gradio_api/queue/join", {"content-length": str(MAX_BODY_BYTES)}, False, 200),
        ("/gradio_api/queue/join", {"content-length": str(MAX_BODY_BYTES + 1)}, True, 413),
        ("/gradio_api/queue/join", {"content-length": "-1"}, True, 413),
        ("/gradio_api/queue/join", {"transfer-encoding": "chunked"}, True, 413),
        ("/gradio_api/queue/join", {}, True, 200),
    ],
    ids=[
        "file",
        "file where none is taken",
        "the same",
        "large",
        "too large",
        "of negative size",
        "of no size",
        "empty",
    ],
)
def test_files_and_large_requests_are_taken_only_where_they_should_be(path, headers, uploads, status):
    guard = Guard(app, local=True, uploads=uploads)
    done = asyncio.run(passed_through(guard, host="localhost", method="POST", path=path, **headers))
    assert done[0] == status
