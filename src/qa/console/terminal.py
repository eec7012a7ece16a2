"""Output for terminals: escapes untrusted text, wraps lines, shows progress."""

import json
import re
import shutil
import sys
import time
import unicodedata
from collections import deque
from collections.abc import Callable
from typing import Any, TextIO

PACE_SECONDS = 60
"""Estimates the remaining time from this many seconds of recent progress."""
DRAWN_SECONDS, LOGGED_SECONDS = 0.1, 60
"""Seconds between updates of progress, on a terminal and in a log."""

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_WIDE = re.compile("[\u2e80-\u303f\u3040-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")
# Chinese, Japanese and Korean break between signs, but not before closing punctuation.
_UNITS = re.compile(rf"\n|[^\S\n]+|{_WIDE.pattern}[、。，．！？；：」』）】〕》]*|(?:(?!{_WIDE.pattern})\S)+")


def escape_terminal(text: str) -> str:
    """A text with its control characters made visible; line feeds and tabs stay."""
    return _CONTROL.sub(lambda m: f"\\x{ord(m[0]):02x}" if ord(m[0]) < 256 else f"\\u{ord(m[0]):04x}", text)


def as_json(value: Any) -> str:
    """JSON for people and programs: readable, with every control character escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return _CONTROL.sub(lambda m: f"\\u{ord(m[0]):04x}", text)


class Lines:
    """Text that comes in pieces, broken between words at a width in columns; at None, lines stay whole.

    What `feed` gives for the pieces, joined, is what it gives for the whole. Blanks at the end are held back.
    """

    def __init__(self, width: int | None, *, first: str = "", indent: str = "") -> None:
        self._width, self._indent, self._next = width, indent, first
        self._column = 0
        self._blanks = ""
        self._breakable = False

    def feed(self, text: str) -> str:
        out: list[str] = []
        for part in _UNITS.findall(text):
            if part == "\n":
                out.append("\n")
                self._column, self._blanks, self._next, self._breakable = 0, "", self._indent, False
            elif part.isspace():
                self._blanks += part
            else:
                wide = _WIDE.match(part) is not None
                columns = len(part) + sum(unicodedata.east_asian_width(c) in "WF" for c in part)
                room = self._width is None or self._column + len(self._blanks) + columns <= self._width
                if not room and self._column and (self._blanks or wide or self._breakable):
                    out.append("\n")
                    self._column, self._blanks, self._next = 0, "", self._indent
                before = self._blanks if self._column else self._next + self._blanks
                out.append(before + part)
                self._column += len(before) + columns
                self._blanks, self._breakable = "", wide
        return "".join(out)


def columns_of(stream: TextIO) -> int | None:
    """Where to break lines: the terminal's width (40 to 100 columns); None in a pipe or file."""
    return max(40, min(shutil.get_terminal_size().columns, 100)) if stream.isatty() else None


def wrap(text: str, indent: str = "", first: str | None = None) -> str:
    """Text broken at the terminal's width; in a pipe, lines stay whole."""
    return Lines(columns_of(sys.stdout), first=indent if first is None else first, indent=indent).feed(text)


class ProgressRate:
    """How long a stage will take yet, by what the last minute has done: work that was done before goes by at once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._stage = ""
        self._marks: deque[tuple[float, int]] = deque()

    def left(self, stage: str, done: int, total: int) -> float | None:
        """Estimated seconds; None if unknown."""
        now = self._clock()
        if stage != self._stage:
            self._stage = stage
            self._marks.clear()
        if not self._marks or now - self._marks[-1][0] >= 1:
            self._marks.append((now, done))
        while len(self._marks) > 1 and now - self._marks[0][0] > PACE_SECONDS:
            self._marks.popleft()
        began, before = self._marks[0]
        return (now - began) / (done - before) * (total - done) if done > before and done < total else None


def progress_line() -> Callable[[str, int, int], None]:
    """Progress on one line of a terminal, with the time left; in a log a line a minute, the first after a minute."""
    watched = sys.stderr.isatty()
    pace, last = ProgressRate(time.monotonic), [time.monotonic() - (LOGGED_SECONDS if watched else 0)]
    every = DRAWN_SECONDS if watched else LOGGED_SECONDS

    def show(stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        left = pace.left(stage, done, total)
        ended = watched and done >= total
        if not ended and now - last[0] < every:
            return
        last[0] = now
        what = escape_terminal(stage)  # it may name a file
        rest = "" if left is None else f", about {_duration(left)} left"
        how_far = f" {done:,} of {total:,} ({done * 100 // total} %){rest}" if total > 1 else ""
        if watched:
            sys.stderr.write("\r\x1b[K" if ended else f"\r\x1b[K{what}{how_far}")
        else:
            sys.stderr.write(f"{what}{how_far}\n")
        sys.stderr.flush()

    return show


def _duration(seconds: float) -> str:
    """Seconds, minutes or hours, whichever reads best."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
