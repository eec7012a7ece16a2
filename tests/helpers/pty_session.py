"""A command on a terminal of its own, as a person sits before it: what it shows, typing, and Ctrl-C.

    with Session("chat", "--index", folder, environment=ENVIRONMENT) as session:
        session.until("> ")
        session.type("How accurate is TideNet?\\n")
        session.until("[1] TideNet")
        session.type(CTRL_D)
        assert session.ended() == 0

Nothing here depends on the clock but that a test fails after a minute instead of waiting for ever.
"""

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping

CTRL_C, CTRL_D = "\x03", "\x04"
PATIENCE_SECONDS = 60

# The terminal becomes the child's own, so that Ctrl-C reaches it; where tests run in the background, SIGINT is ignored
# from the beginning and must be heard again.
_LAUNCH = """
import fcntl, signal, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGINT, signal.default_int_handler)
from qa.cli.main import entry
entry()
"""


class Session:
    def __init__(self, *arguments: str, environment: Mapping[str, str], columns: int = 80) -> None:
        self.seen = ""
        self._leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-c", _LAUNCH, *arguments],
            stdin=follower, stdout=follower, stderr=follower, start_new_session=True,
            env={**{name: value for name, value in environment.items() if name not in ("COLUMNS", "LINES")}, "TERM": "dumb"},
        )  # fmt: skip
        os.close(follower)
        self._raw = b""

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *raised: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._leader)

    def type(self, text: str) -> None:
        os.write(self._leader, text.encode())

    def until(self, text: str) -> str:
        """What was shown from the last call to the end of this text."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while text not in self.seen:
            assert self._read(give_up), f"{text!r} never came; seen: {self.seen!r}"
        before, found, self.seen = self.seen.partition(text)
        return before + found

    def interrupt(self, text: str) -> str:
        """Press Ctrl-C until this text comes, as a person would: one that arrives between the prompt and Python's waiting
        for a key is heard only at the next key. Gives what was shown to the end of the text."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while text not in self.seen:
            self.type(CTRL_C)
            again = min(give_up, time.monotonic() + PATIENCE_SECONDS / 3)
            while text not in self.seen and self._read(again):
                pass
            assert time.monotonic() < give_up, f"{text!r} never came; seen: {self.seen!r}"
        return self.until(text)

    def ended(self) -> int:
        """The exit code, once it has ended; what was shown until then is in `seen`."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while self._read(give_up):
            pass
        return self.process.wait(PATIENCE_SECONDS)

    @property
    def is_whole(self) -> bool:
        """Whether the terminal shows what is typed and takes it line by line, as it did before."""
        flags = termios.tcgetattr(self._leader)[3]
        return bool(flags & termios.ECHO and flags & termios.ICANON)

    def _read(self, give_up: float) -> bool:
        ready, _, _ = select.select([self._leader], [], [], max(0.0, give_up - time.monotonic()))
        data = b""
        if ready:
            with contextlib.suppress(OSError):  # Linux says so where the last process has gone
                data = os.read(self._leader, 65536)
        self._raw += data
        with contextlib.suppress(UnicodeDecodeError):  # half of a character: the rest will come
            self.seen += self._raw.decode().replace("\r\n", "\n")
            self._raw = b""
        return bool(data)
