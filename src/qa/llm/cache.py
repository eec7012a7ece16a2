"""Replies kept on disk by the exact request, so that asking the same again costs nothing.

One small file a reply, readable by its owner alone. A file that cannot be read counts as none; what cannot be written is
reported once, in `fault`, and never stops an answer.
"""

import contextlib
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.llm.base import Message

FORMAT = 1
"""Part of every key: to be raised when the same request would be sent in another way."""
LARGEST_BYTES = 4_000_000
"""A larger file is not a cached reply: replies are cut long before."""

_FILE = re.compile(r"[0-9a-f]{64}\.json|reply-\w+\.part")


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A whole reply, and the tokens it took when it was given."""

    text: str
    tokens_in: int
    tokens_out: int


def request_key(messages: Sequence[Message], *, name: str, address: str, reply_tokens: int) -> str:
    """64 hexadecimal digits that identify this request to the model of this name at this address."""
    plain = [[message["role"], message["content"]] for message in messages]
    value = json.dumps([FORMAT, address, name, reply_tokens, plain])
    return hashlib.sha256(value.encode()).hexdigest()


def default_folder(environment: Mapping[str, str]) -> Path:
    """QA_CACHE, else the folder for caches of this system's user."""
    named = environment.get("QA_CACHE", "").strip()
    if named:
        return Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("abstracts-qa")) / "replies"


class ReplyCache:
    """The replies in a folder, which is made when the first is kept. Several processes may use it at a time."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.fault: str | None = None
        """Why the first reply that could not be kept was not, in a sentence with what to do; None while all is well."""

    def get(self, key: str) -> Reply | None:
        """The reply cached under this key; None if there is none, or it cannot be read."""
        try:
            with self._path(key).open("rb") as file:
                values = json.loads(file.read(LARGEST_BYTES + 1))
            text: Any = values["text"]
            reply = Reply(text=text, tokens_in=values["tokens_in"], tokens_out=values["tokens_out"])
            whole = values["key"] == key and isinstance(text, str) and bool(text.strip())
            counts = all(type(count) is int and count >= 0 for count in (reply.tokens_in, reply.tokens_out))
            return reply if whole and counts else None
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None

    def put(self, key: str, reply: Reply) -> None:
        """Keep the reply, whole or not at all."""
        values = {"key": key, "text": reply.text, "tokens_in": reply.tokens_in, "tokens_out": reply.tokens_out}
        part: str | None = None
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, part = tempfile.mkstemp(prefix="reply-", suffix=".part", dir=self.folder)  # 0600 from the beginning
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(values, file)
            os.replace(part, self._path(key))
        except OSError as error:
            self.fault = self.fault or (
                f"Replies cannot be kept in {self.folder} ({error.strerror or error})."
                " Name another folder in QA_CACHE, or add --no-cache."
            )
            if part is not None:
                with contextlib.suppress(OSError):
                    os.unlink(part)

    def clear(self) -> int:
        """Delete every reply, and nothing else that may lie in the folder; how many there were. OSError where one
        cannot be deleted."""
        replies = 0
        for path in self._files():
            path.unlink(missing_ok=True)
            replies += path.suffix == ".json"
        return replies

    def size(self) -> tuple[int, int]:
        """How many replies there are, and how many bytes they take."""
        sizes: list[int] = []
        for path in self._files():
            with contextlib.suppress(OSError):  # another process may clear the folder meanwhile
                sizes.append(path.stat().st_size if path.suffix == ".json" else 0)
        return len([size for size in sizes if size]), sum(sizes)

    def trouble(self) -> str | None:
        """Why no reply could be kept, as the system words it; None where one could. It is tried, and nothing stays:
        permissions alone do not tell."""
        try:
            folder = self.folder.absolute()
            there = next(one for one in (folder, *folder.parents) if one.exists())
            with tempfile.TemporaryFile(dir=there) as file:
                file.write(b"x")
        except OSError as error:
            return error.strerror or str(error)
        return None

    def _files(self) -> Iterator[Path]:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            yield from sorted(path for path in self.folder.iterdir() if _FILE.fullmatch(path.name))

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"
