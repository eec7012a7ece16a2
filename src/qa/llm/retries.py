"""Retries a request to a language model: how often and after which pause its `ProviderFault` says."""

import random
from collections.abc import Callable
from typing import TypeVar

from qa.llm.failures import ProviderFault
from qa.net import retry

FIRST_PAUSE_SECONDS = 1.0
"""Pauses are drawn from 0 to this, doubled with each try ("full jitter"), so that many askers do not return at once."""

T = TypeVar("T")


class ProviderFaultError(Exception):
    """Carries a fault to `retry_faults`; its cause is the error of the client."""

    def __init__(self, fault: ProviderFault) -> None:
        super().__init__(fault.what)
        self.fault = fault


def retry_faults(
    ask: Callable[[float], T],
    *,
    seconds: float,
    sleep: Callable[[float], None],
    leaks: Callable[[BaseException | None], bool],
) -> T:
    """The result of `ask(seconds left)` at one of its tries; each may raise ProviderFaultError. ModelError after the last.

    A rejected parameter does not count as a try: the caller omits it the next time, and each can be rejected once. A
    cause that `leaks` a secret is not chained to the error, because a traceback shows it.
    """
    tries = 0

    def pause(error: ProviderFaultError) -> float | None:
        nonlocal tries
        fault = error.fault
        if fault.rejected:
            return 0.0
        tries += 1
        if tries >= fault.tries:
            return None
        drawn = random.uniform(0, FIRST_PAUSE_SECONDS * 2 ** (tries - 1))
        return fault.wait_seconds + (drawn if fault.pause_seconds is None else fault.pause_seconds)

    try:
        return retry(ask, on=ProviderFaultError, pause=pause, seconds=seconds, sleep=sleep)
    except ProviderFaultError as error:
        fault, cause = error.fault, error.__cause__
    # Outside the handler, so that no context with a secret is attached.
    raise fault.error(tries) from (None if leaks(cause) else cause)
