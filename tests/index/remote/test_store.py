"""What an index keeps on a Chroma server, against the real one; and what is said where it is not as it should be."""

import json
import os
import threading
import time

import numpy as np
import pytest

from helpers.chroma_server import ChromaServer, Door, free_port, make_certificate
from qa.errors import IndexBusyError, IndexDamagedError, InputError, ServerUnavailableError
from qa.index.remote.address import chroma_address, mirror_folder
from qa.index.remote.client import BUILDING_SECONDS, ChromaClient
from qa.index.remote.lease import NAME, lease, new_token
from qa.index.remote.store import PublishedPage, RemoteStore, State, papers_collection

pytestmark = pytest.mark.slow


TOKEN = "not-to-be-shown-8f2e"


@pytest.fixture
def server(address):
    opened = RemoteStore(address)
    yield opened
    opened.close()


def blocks(count, rows=4, dimension=3, seed=0):
    made = np.random.default_rng(seed).standard_normal((count, rows, dimension)).astype(np.float32)
    return list(made / np.linalg.norm(made, axis=2, keepdims=True))


def keys(count):
    return [f"{i:064x}" for i in range(count)]


def state(*pages, papers="abstracts-qa-papers-x"):
    return State(
        pages=pages, papers=papers, embedder="letters", dimension=3, rules=3, format=2,
        probe=b"\0\1\2\xff",
    )  # fmt: skip


def page(server, name, *pieces):
    count = server.put_page(name * 8, pieces)
    return PublishedPage(rank=1, name=name, source=f"{name}.txt", form="text", digest=name * 8, pieces=count, listed=0)


# Addresses


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://localhost:8000", "http://localhost:8000"),
        (" https://chroma.example.org/ ", "https://chroma.example.org"),
        ("http://LOCALHOST:8000", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_address_is_cleaned(given, url):
    assert chroma_address(given).url == url


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("localhost:8000", "is not the address"),
        ("ftp://localhost", "is not the address"),
        ("http://", "is not the address"),
        ("http://host:99999", "is not the address"),
        ("http://host:port", "is not the address"),
        ("http://a b:8000", "is not the address"),
        ("http://[::1:8000", "is not the address"),
        ("http://me:hush@localhost:8000", "QA_CHROMA_TOKEN"),
        ("http://localhost:8000/api/v2", "without a path"),
        ("http://localhost:8000/?x=1", "without a path"),
        ("", "is not the address"),
    ],
)
def test_wrong_address_says_what_to_give(given, said):
    with pytest.raises(InputError, match=said) as caught:
        chroma_address(given)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("name", ["a/b", "..", "a b", "x" * 200, "a?b"])
def test_database_that_could_lead_elsewhere_is_refused(name):
    with pytest.raises(InputError, match="--chroma-database"):
        chroma_address("http://localhost", database=name)


def test_token_is_never_shown():
    address = chroma_address("http://localhost", token=TOKEN)
    assert address.token == TOKEN
    assert TOKEN not in repr(address) + str(address)
    with pytest.raises(InputError) as caught:
        chroma_address("http://localhost", token="with blanks in it")
    assert "blanks in it" not in str(caught.value)


def test_each_database_has_a_mirror_of_its_own():
    url = "http://localhost:8000"
    folders = [
        mirror_folder(chroma_address(url)),
        mirror_folder(chroma_address(url, database="other")),
        mirror_folder(chroma_address(url, tenant="other")),
        mirror_folder(chroma_address("http://localhost:8001")),
    ]
    assert len(set(folders)) == 4
    assert len({folder.parent for folder in folders}) == 1
    assert mirror_folder(chroma_address(url, token="t")) == folders[0]


@pytest.mark.parametrize(
    ("url", "is_loopback"),
    [
        ("http://localhost:1", True),
        ("http://127.3.2.1", True),
        ("http://[::1]:1", True),
        ("http://127.0.0.1.org", False),
    ],
)
def test_loopback_is_told_by_the_host(url, is_loopback):
    assert chroma_address(url).is_loopback is is_loopback


# Papers


def test_vectors_come_back_as_they_were_added(server):
    papers = server.papers("abstracts-qa-papers-x", 3)
    added = blocks(300)  # more than one request takes
    papers.add(keys(300), added)
    found = papers.fetch([*keys(300), "f" * 64])
    assert list(found) == keys(300)
    assert all(
        np.array_equal(found[key], block.astype(np.float16)) for key, block in zip(keys(300), added, strict=True)
    )
    assert papers.count() == 300
    assert papers.known([*keys(2), "f" * 64]) == set(keys(2))
    assert set(papers.keys()) == set(keys(300))


def test_paper_of_very_many_sentences_comes_back_whole_and_goes_whole(server):
    papers = server.papers("abstracts-qa-papers-x", 384)
    long, short = blocks(1, rows=300, dimension=384)[0], blocks(1, rows=2, dimension=384, seed=1)[0]
    papers.add(keys(2), [long, short])
    assert np.array_equal(papers.fetch(keys(1))[keys(1)[0]], long.astype(np.float16))
    assert papers.nearest(long[0], 10) == keys(2)
    papers.delete(keys(1))
    assert papers.count() == 1


def test_paper_of_which_a_record_is_lost_counts_as_not_there(server):
    papers = server.papers("abstracts-qa-papers-x", 384)
    papers.add(keys(2), [*blocks(1, rows=300, dimension=384), *blocks(1, rows=2, dimension=384)])
    own_id = server.rest.collections("GET", "/abstracts-qa-papers-x")["id"]
    server.rest.collections("POST", f"/{own_id}/delete", {"ids": [f"{keys(1)[0]}.1"]})
    assert set(papers.fetch(keys(2))) == {keys(2)[1]}


def test_nearest_papers_come_in_order_of_their_cosine(server):
    papers = server.papers("abstracts-qa-papers-x", 3)
    vectors = [np.array([[np.cos(angle), np.sin(angle), 0]], np.float32) for angle in (0.1, 1.0, 0.5)]
    papers.add(keys(3), vectors)
    assert papers.nearest(np.array([1, 0, 0], np.float32), 5) == [keys(3)[i] for i in (0, 2, 1)]


def test_requests_and_records_keep_the_limits_of_the_hosted_service(chroma):
    with Door(chroma.port) as door:
        server = RemoteStore(chroma_address(door.url, database=chroma.database("limits")))
        papers = server.papers("abstracts-qa-papers-x", 384)
        papers.add(keys(301), [*blocks(300, dimension=384), *blocks(1, rows=200, dimension=384)])
        papers.fetch(keys(301))
        page(server, "a", os.urandom(9_000_000))
        bodies = [json.loads(body) for body in door.bodies if body]
        assert max(map(len, door.bodies)) < 8_000_000
    assert max(len(body["ids"]) for body in bodies if "ids" in body) <= 300
    records = [metadata for body in bodies for metadata in body.get("metadatas") or ()]
    assert len(records) > 301
    assert max(map(len, records)) <= 32
    assert max(len(str(value)) for metadata in records for value in metadata.values()) == 4096


def test_collection_that_is_not_there_is_empty(server):
    papers = server.papers("abstracts-qa-papers-x", 3)
    assert (papers.known(keys(1)), papers.fetch(keys(1)), papers.count(), list(papers.keys())) == (set(), {}, 0, [])
    assert papers.nearest(np.ones(3, np.float32), 5) == []
    papers.delete(keys(1))


def test_adding_again_overwrites_and_deleting_passes_over_the_unknown(server):
    papers = server.papers("abstracts-qa-papers-x", 3)
    papers.add(keys(2), blocks(2))
    papers.add(keys(2), blocks(2, seed=9))
    assert np.array_equal(papers.fetch(keys(1))[keys(1)[0]], blocks(2, seed=9)[0].astype(np.float16))
    papers.delete([keys(2)[0], "f" * 64])
    assert set(papers.keys()) == {keys(2)[1]}


def test_vectors_of_another_dimension_are_an_error_that_says_where(server):
    papers = server.papers("abstracts-qa-papers-x", 3)
    papers.add(keys(1), blocks(1))
    with pytest.raises(IndexDamagedError, match="dimension"):
        papers.add(keys(1), blocks(1, dimension=4))


def test_collection_made_anew_by_another_process_is_found(server, address):
    papers = server.papers("abstracts-qa-papers-x", 3)
    papers.add(keys(2), blocks(2))
    other = RemoteStore(address)
    other.rest.collections("DELETE", "/abstracts-qa-papers-x")
    other.papers("abstracts-qa-papers-x", 3).add(keys(1), blocks(1))
    assert papers.known(keys(2)) == set(keys(1))
    papers.add(keys(2), blocks(2))
    assert papers.count() == 2


def test_embedders_and_rebuilds_have_collections_of_their_own():
    name = papers_collection({"embedder": "a", "dimension": 3})
    assert name == papers_collection({"dimension": 3, "embedder": "a"})
    assert name != papers_collection({"embedder": "b", "dimension": 3})
    again = papers_collection({"embedder": "a", "dimension": 3}, instead_of=name)
    assert again != name
    assert papers_collection({"embedder": "a", "dimension": 3}, instead_of=again) == name


# The state


def test_nothing_counts_before_it_is_published(server, address):
    assert server.stamp() is None
    assert server.state() is None
    made = page(server, "a", b"text")
    assert RemoteStore(address).state() is None
    published = server.publish(state(made))
    assert published.stamp
    found = RemoteStore(address).state()
    assert found is not None
    assert found.pages == (made,)
    assert found == published
    assert found.stamp == server.stamp()


def test_pages_come_back_piece_by_piece(server):
    pieces = [b"", "öß\ud800".encode("utf-8", "surrogatepass"), os.urandom(100_000), b"x" * 3_000_000]
    assert list(server.page(page(server, "a", *pieces))) == pieces


def test_each_publication_has_another_stamp_also_on_an_emptied_server(server):
    stamps = {server.publish(state()).stamp for _ in range(2)}
    server.rest.collections("DELETE", "/abstracts-qa-pages")
    stamps |= {server.publish(state()).stamp for _ in range(2)}
    assert len(stamps) == 4


def test_cleaning_up_leaves_what_counts_and_what_is_not_ours(server):
    old, new = page(server, "a", b"old"), page(server, "b", b"new", b"er")
    first, other = "abstracts-qa-papers-1", "abstracts-qa-papers-2"
    server.papers(first, 3).add(keys(2), blocks(2))
    server.publish(state(old, papers=first))
    server.papers(other, 3).add(keys(4), blocks(4))
    server.rest.collections("POST", "", {"name": "somebody-elses"})
    published = server.publish(state(new, papers=other))
    server.clean_up(published, gone=keys(1), papers=set(keys(3)))
    assert list(server.page(new)) == [b"new", b"er"]
    with pytest.raises(KeyError):
        list(server.page(old))
    assert server.papers(first, 3).count() == 0
    assert set(server.papers(other, 3).keys()) == set(keys(3)[1:])
    names = {row["name"] for row in server.rest.collections("GET")}
    assert names == {"abstracts-qa-pages", other, "somebody-elses"}
    assert server.state() == published


def test_state_of_another_form_and_a_lost_one_are_told(server):
    published = server.publish(state())
    server._pages.delete([f"state-{published.stamp}"])
    with pytest.raises(IndexDamagedError, match="Index your pages again: qa index FILES"):
        server.state()
    server._pages.put([(f"state-{published.stamp}", np.ones(3, np.float32), b"garbled")])
    with pytest.raises(IndexDamagedError, match="cannot be read"):
        server.state()


# Who may write


def test_second_writer_is_told_who_writes(server):
    with lease(server.rest), pytest.raises(IndexBusyError, match=f"process {os.getpid()}"), lease(server.rest):
        pass
    with lease(server.rest):
        pass  # given back


def test_right_to_write_is_given_back_after_an_error(server):
    with pytest.raises(KeyboardInterrupt), lease(server.rest):
        raise KeyboardInterrupt
    with lease(server.rest) as held:
        held.check()


def test_of_many_writers_at_once_one_begins(server):
    outcomes, together, done = [], threading.Barrier(6), threading.Event()

    def write():
        together.wait()
        try:
            with lease(server.rest):
                outcomes.append("wrote")
                done.wait(20)
        except IndexBusyError:
            outcomes.append("busy")
        if len(outcomes) == 6:
            done.set()

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads[:5]:
        thread.join(1)
    until = time.monotonic() + 10
    while len(outcomes) < 6 and time.monotonic() < until:
        time.sleep(0.01)
    done.set()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["busy"] * 5 + ["wrote"]


def abandoned(server, **metadata):
    """A lease whose holder has ended without giving it back."""
    values = {"token": "t", "who": "elsewhere, process 7", "renewed": time.time() - 30} | metadata
    return server.rest.collections("POST", "", {"name": NAME, "metadata": values})["id"]


@pytest.mark.parametrize(("age", "watched"), [(30, 60), (-500, 60), (300, 10)])
def test_lease_that_nobody_renews_is_taken_over(server, age, watched):
    abandoned(server, renewed=time.time() - age)
    slept, said = [], []
    with lease(server.rest, said=said.append, sleep=slept.append) as held:
        held.check()
    assert sum(slept) == watched
    assert said == ["taking over from elsewhere, process 7, which stopped responding"]


def test_lease_that_is_renewed_while_one_watches_is_left_alone(server):
    own_id = abandoned(server)

    def renew(seconds):
        values = {"token": "t", "who": "elsewhere, process 7", "renewed": time.time()}
        server.rest.collections("PUT", f"/{own_id}", {"new_metadata": values})

    with pytest.raises(IndexBusyError, match="elsewhere"), lease(server.rest, sleep=renew):
        pass
    assert server.rest.collections("GET", f"/{NAME}")["id"] == own_id


def test_lease_of_a_process_known_to_have_ended_is_taken_over_at_once(server):
    token = new_token()
    abandoned(server, token=token)
    with lease(server.rest, before=[token], sleep=pytest.fail):
        pass


def test_who_lost_the_right_to_write_is_told(server):
    with (
        lease(server.rest) as first,
        lease(server.rest, before=[first.token]),
        pytest.raises(IndexBusyError, match="nothing is lost"),
    ):
        first.check()


def test_who_lost_the_right_to_write_does_not_take_it_from_the_next(server):
    with lease(server.rest) as first, lease(server.rest, before=[first.token]) as second:
        first.release()
        second.check()


# A server that is not as it should be


def test_database_and_tenant_that_are_not_there_are_named(chroma):
    with pytest.raises(InputError, match=r"no database 'absent'.*--chroma-database"):
        RemoteStore(chroma_address(chroma.url, database="absent")).stamp()
    with pytest.raises(InputError, match=r"no tenant 'absent'.*--chroma-tenant"):
        RemoteStore(chroma_address(chroma.url, tenant="absent", database="absent")).stamp()


def test_tenants_and_databases_do_not_see_each_other(chroma):
    chroma.tenant("company", "library")
    there = RemoteStore(chroma_address(chroma.url, tenant="company", database="library"))
    published = there.publish(state())
    assert there.stamp() == published.stamp
    elsewhere = chroma.database("elsewhere")
    assert RemoteStore(chroma_address(chroma.url, database=elsewhere)).stamp() is None


def test_server_that_is_away_is_one_clear_error():
    port = free_port()
    rest = ChromaClient(chroma_address(f"http://127.0.0.1:{port}"), patience_seconds=0.3)
    with pytest.raises(ServerUnavailableError) as caught:
        rest.check()
    assert str(caught.value) == (
        f"The Chroma server at http://127.0.0.1:{port} does not answer (connection refused)."
        f" Start it (chroma run --path DIR --port {port}) and ask again."
    )


def test_build_waits_longer_and_says_so():
    waited, slept = [], []
    clock = iter(range(10_000))
    rest = ChromaClient(
        chroma_address(f"http://127.0.0.1:{free_port()}"),
        patience_seconds=BUILDING_SECONDS, waiting=waited.append, sleep=slept.append, now=lambda: float(next(clock)),
    )  # fmt: skip
    with pytest.raises(ServerUnavailableError, match="run the same command again: nothing is lost"):
        rest.check()
    assert set(waited) == {"connection refused"}
    assert len(slept) > 20


def test_host_that_does_not_exist_is_not_waited_for():
    rest = ChromaClient(chroma_address("http://no-such-host.invalid"), patience_seconds=60, sleep=pytest.fail)
    with pytest.raises(ServerUnavailableError, match="its host is not known"):
        rest.check()


def test_requests_outlive_a_restart(tmp_path):
    with ChromaServer(tmp_path) as chroma:
        server = RemoteStore(chroma_address(chroma.url), patience_seconds=30)
        papers = server.papers("abstracts-qa-papers-x", 3)
        papers.add(keys(3), blocks(3))
        published = server.publish(state())
        chroma.kill()
        restarted = threading.Thread(target=chroma.start)
        restarted.start()
        assert papers.known(keys(5)) == set(keys(3))
        restarted.join()
        chroma.kill()
        chroma.start()
        papers.add(keys(5), blocks(5))
        assert papers.count() == 5
        assert server.stamp() == published.stamp


@pytest.mark.parametrize("status", [429, 503])
def test_server_that_says_to_come_again_is_asked_again(chroma, status):
    refusals = [status, status]
    with Door(chroma.port, before=lambda *_: (refusals.pop(), "") if refusals else None) as door:
        assert RemoteStore(chroma_address(door.url, database=chroma.database(f"again-{status}"))).stamp() is None
    assert refusals == []


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (404, "is not a Chroma server"),
        (302, "is not a Chroma server"),
        (200, "is not a Chroma server"),
        (401, "wants a token.*QA_CHROMA_TOKEN"),
    ],
)
def test_what_is_no_chroma_server_is_told(chroma, status, said):
    with Door(chroma.port, before=lambda *_: (status, "<p>hello</p>")) as door, pytest.raises(InputError, match=said):
        RemoteStore(chroma_address(door.url)).stamp()


def test_endpoint_that_speaks_no_tls_is_told(chroma):
    with pytest.raises(InputError, match="Write http:// instead of https://"):
        RemoteStore(chroma_address(chroma.url.replace("http:", "https:"))).stamp()


def test_token_goes_to_the_server_over_tls_and_into_no_message(chroma, tmp_path, monkeypatch):
    certificate = make_certificate(tmp_path)
    database = chroma.database("with-token")
    with Door(chroma.port, certificate=certificate, token=TOKEN) as door:
        with pytest.raises(InputError, match=r"certificate.*SSL_CERT_FILE"):
            RemoteStore(chroma_address(door.url, database=database, token=TOKEN)).stamp()
        assert door.headers == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert RemoteStore(chroma_address(door.url, database=database, token=TOKEN)).stamp() is None
        assert door.headers[-1]["X-Chroma-Token"] == TOKEN
        assert door.headers[-1]["Authorization"] == f"Bearer {TOKEN}"
        with pytest.raises(InputError, match="refuses the token") as caught:
            RemoteStore(chroma_address(door.url, database=database, token="wrong-and-secret")).stamp()
        assert "wrong-and-secret" not in str(caught.value)


def test_words_of_a_server_that_repeats_the_token_are_shown_without_it(chroma):
    said = json.dumps({"error": "InternalError", "message": f"the disk is full, said {TOKEN}\n\x1b[31m"})
    with Door(chroma.port, before=lambda *_: (500, said)) as door:
        rest = ChromaClient(chroma_address(door.url, token=TOKEN), patience_seconds=0.2)
        with pytest.raises(
            ServerUnavailableError, match=r"the disk is full, said … \[31m\)\. Look at its log"
        ) as caught:
            rest.check()
    assert TOKEN not in str(caught.value)


def test_no_proxy_is_asked_for_this_machines_own_server(chroma, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    ChromaClient(chroma_address(chroma.url), patience_seconds=0.2).check()
