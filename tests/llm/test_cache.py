"""Replies on disk: by the exact request, for their owner alone, and never in the way of an answer."""

import errno
import os
import stat
import sys
from pathlib import Path

import pytest

from qa.llm.cache import LARGEST_BYTES, Reply, ReplyCache, default_folder, request_key

MESSAGES = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Why?"}]
KEY = request_key(MESSAGES, name="m", address="http://h/a/v1", reply_tokens=50)
REPLY = Reply(text="Because. “Ωμέγα” \x1b", tokens_in=12, tokens_out=3)


@pytest.fixture
def cache(tmp_path):
    return ReplyCache(tmp_path / "a" / "replies")


def test_reply_that_was_put_is_got_by_another_process(cache):
    cache.put(KEY, REPLY)
    assert ReplyCache(cache.folder).get(KEY) == REPLY
    assert cache.fault is None


def test_nothing_is_made_before_the_first_reply_is_kept(cache):
    assert cache.get(KEY) is None
    assert (cache.size(), cache.clear()) == ((0, 0), 0)
    assert not cache.folder.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="rights are kept in another way there")
def test_folder_and_files_are_their_owners_alone(cache):
    cache.put(KEY, REPLY)
    (file,) = cache.folder.iterdir()
    assert stat.S_IMODE(cache.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.name == f"{KEY}.json"


OTHERS = {
    "model": {"name": "n"},
    "host": {"address": "http://i/a/v1"},
    "scheme": {"address": "https://h/a/v1"},
    "path": {"address": "http://h/b/v1"},
    "length": {"reply_tokens": 51},
    "text": {"messages": [MESSAGES[0], {"role": "user", "content": "Why ?"}]},
    "role": {"messages": [MESSAGES[0], {"role": "assistant", "content": "Why?"}]},
    "order": {"messages": MESSAGES[::-1]},
    "fewer messages": {"messages": MESSAGES[1:]},
}


@pytest.mark.parametrize("change", OTHERS.values(), ids=OTHERS)
def test_any_other_request_has_another_key(change):
    given = {"messages": MESSAGES, "name": "m", "address": "http://h/a/v1", "reply_tokens": 50} | change
    assert request_key(given.pop("messages"), **given) != KEY


def test_text_that_no_file_can_hold_has_a_key_too():
    assert len(request_key([{"role": "user", "content": "\ud800"}], name="m", address="h", reply_tokens=1)) == 64


DAMAGED = {
    "empty": "",
    "cut": '{"key": "',
    "no object": "[]",
    "no text": f'{{"key": "{KEY}", "tokens_in": 1, "tokens_out": 1}}',
    "a text that is none": f'{{"key": "{KEY}", "text": 7, "tokens_in": 1, "tokens_out": 1}}',
    "a blank text": f'{{"key": "{KEY}", "text": " ", "tokens_in": 1, "tokens_out": 1}}',
    "tokens that are none": f'{{"key": "{KEY}", "text": "x", "tokens_in": "1", "tokens_out": 1}}',
    "tokens below nothing": f'{{"key": "{KEY}", "text": "x", "tokens_in": -1, "tokens_out": 1}}',
    "the reply to something else": '{"key": "0", "text": "x", "tokens_in": 1, "tokens_out": 1}',
    "no text file": b"\xff\xfe\x00",
    "nested too deep": "[" * 100_000,
    "too large": f'{{"key": "{KEY}", "tokens_in": 1, "tokens_out": 1, "text": "{"x" * LARGEST_BYTES}"}}',
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_damaged_file_counts_as_none_and_is_replaced(cache, content):
    cache.folder.mkdir(parents=True)
    file = cache.folder / f"{KEY}.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert cache.get(KEY) is None
    cache.put(KEY, REPLY)
    assert cache.get(KEY) == REPLY


def test_folder_that_cannot_be_written_is_told_once_and_stops_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    cache = ReplyCache(tmp_path / "file" / "replies")
    cache.put(KEY, REPLY)
    told = cache.fault
    assert told == (
        f"Replies cannot be kept in {cache.folder} (Not a directory). Name another folder in QA_CACHE, or add --no-cache."
    )
    cache.put(KEY, REPLY)
    assert cache.fault is told
    assert (cache.get(KEY), cache.size(), cache.clear()) == (None, (0, 0), 0)


def test_reply_that_cannot_be_put_in_its_place_leaves_nothing_behind(cache):
    (cache.folder / f"{KEY}.json" / "x").mkdir(parents=True)
    cache.put(KEY, REPLY)
    assert cache.fault is not None
    assert [path.name for path in cache.folder.iterdir()] == [f"{KEY}.json"]


def test_folder_that_can_be_written_has_no_trouble_and_nothing_is_made(cache, tmp_path):
    assert cache.trouble() is None
    assert list(tmp_path.iterdir()) == []


def test_trouble_is_told_in_the_systems_words(tmp_path):
    (tmp_path / "file").write_text("no folder")
    assert ReplyCache(tmp_path / "file" / "replies").trouble() == os.strerror(errno.ENOTDIR)


def test_clear_deletes_replies_and_what_an_interrupted_one_left_and_nothing_else(cache):
    cache.put(KEY, REPLY)
    cache.put("f" * 64, REPLY)
    (cache.folder / "reply-x1_.part").write_text("half")
    for name in ("notes.json", "reply.txt", "A" * 64 + ".json"):
        (cache.folder / name).write_text("mine")
    assert cache.size()[0] == 2
    assert cache.size()[1] > 100
    assert cache.clear() == 2
    assert sorted(path.name for path in cache.folder.iterdir()) == ["A" * 64 + ".json", "notes.json", "reply.txt"]


def test_folder_is_the_one_named_else_the_users_own():
    assert default_folder({"QA_CACHE": "/x/y"}) == Path("/x/y")
    assert default_folder({"QA_CACHE": "~/z"}) == Path.home() / "z"
    default = default_folder({"QA_CACHE": " "})
    assert default.parts[-2:] == ("abstracts-qa", "replies") or default.name == "replies"
    assert default_folder({}) == default
