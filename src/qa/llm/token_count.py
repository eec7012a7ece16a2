"""How many tokens a text has, counted with the table that llama-index ships; nothing is ever fetched.

Where that table or tiktoken is not there, a plain estimate from the length serves.
"""

import base64
import functools
import importlib.util
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qa.llm.base import Message

BYTES_PER_TOKEN = 3
"""Of the estimate: with cl100k_base the shipped abstracts have 5.2 bytes of UTF-8 a token, Chinese 2.4 to 3, so this leans to too many."""
MESSAGE_TOKENS = 4
"""What the marks around each message take (OpenAI's cookbook counts 3, and 1 for the name of its role)."""
LONGEST_RUN = 256
"""Runs of words or of blanks are cut there: merging takes tiktoken 0.9 the square of a run (100,000 letters 4 s)."""

_TABLE = "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"  # sha1 of the address of cl100k_base.tiktoken
_PATTERN = r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"""
_LONG = re.compile(rf"\S{{{LONGEST_RUN + 1}}}|\s{{{LONGEST_RUN + 1}}}")
_PART = re.compile(rf".{{1,{LONGEST_RUN}}}", re.DOTALL)


def count_tokens(text: str) -> int:
    """Tokens of the text by cl100k_base; marks like <|endoftext|> count as the characters they are. 0 for ""."""
    text = text.encode("utf-8", "replace").decode()  # half a surrogate pair cannot be counted, nor sent
    table = _encoding()
    if table is None:
        return -(-len(text.encode()) // BYTES_PER_TOKEN)
    parts = _PART.findall(text) if _LONG.search(text) else [text]
    return sum(len(table.encode_ordinary(part)) for part in parts)


def request_tokens(messages: Sequence[Message]) -> int:
    """Tokens that a request of these messages takes, about."""
    return sum(count_tokens(message["content"]) + MESSAGE_TOKENS for message in messages)


@functools.cache
def _encoding() -> Any | None:
    path = _table_path()
    if path is None:
        return None
    try:
        import tiktoken

        # Read here, because tiktoken's own loader goes to the network where a file is not the one it expects.
        lines = (line.split() for line in path.read_bytes().splitlines() if line)
        ranks = {base64.b64decode(token): int(rank) for token, rank in lines}
        return tiktoken.Encoding("cl100k_base", pat_str=_PATTERN, mergeable_ranks=ranks, special_tokens={})
    except (ImportError, OSError, ValueError, KeyError):
        return None


def _table_path() -> Path | None:
    """Found without importing llama_index.core, which takes two seconds."""
    try:
        package = importlib.util.find_spec("llama_index")
    except (ImportError, ValueError):
        return None
    for folder in (package.submodule_search_locations or ()) if package else ():
        path = Path(folder) / "core" / "_static" / "tiktoken_cache" / _TABLE
        if path.is_file():
            return path
    return None
