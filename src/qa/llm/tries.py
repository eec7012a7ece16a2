"""Trying again: within a number of tries and seconds, after pauses that grow and are drawn by lot."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from qa.llm.failures import Fault

FIRST_PAUSE_SECONDS = 1.0
"""Pauses are drawn from 0 to this, doubled with each try ("full jitter"), so that many askers do not return at once."""

T = TypeVar("T")


class FaultError(Exception):
    """A fault on its way to where it is decided whether to try again; its cause is the foreign error."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.what)
        self.fault = fault


def tried(
    ask: Callable[[float], T],
    *,
    seconds: float,
    sleep: Callable[[float], None],
    leaks: Callable[[BaseException | None], bool],
) -> T:
    """What `ask(seconds left)` gives at one of its tries, which raise FaultError; ModelError after the last.

    A rejected parameter is no try: whoever asks leaves it out the next time, and each can be rejected once. A cause that
    `leaks` a secret is left out of the error, because a traceback shows its words.
    """
    until = time.monotonic() + seconds
    tries = 0
    while True:
        try:
            return ask(until - time.monotonic())
        except FaultError as error:
            fault, cause = error.fault, error.__cause__
        if fault.rejected:
            continue
        tries += 1
        drawn = random.uniform(0, FIRST_PAUSE_SECONDS * 2 ** (tries - 1))
        pause = fault.wait_seconds + (drawn if fault.pause_seconds is None else fault.pause_seconds)
        if tries >= fault.tries or time.monotonic() + pause > until:
            raise fault.error(tries) from (None if leaks(cause) else cause)
        sleep(pause)
