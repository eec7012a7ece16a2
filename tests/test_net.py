"""Why a connection failed, and attempts repeated within a limit of seconds."""

import socket
import ssl

import pytest

from qa.net import ConnectionFault, connection_fault, retry

FAULTS = {
    "refused": (ConnectionRefusedError(111, "refused"), ConnectionFault.REFUSED),
    "refused, told by its text alone": (OSError("[Errno 111] Connect call failed"), ConnectionFault.REFUSED),
    "unknown host": (socket.gaierror(-2, "Name or service not known"), ConnectionFault.UNKNOWN_HOST),
    "certificate": (ssl.SSLCertVerificationError("self-signed"), ConnectionFault.UNTRUSTED_CERTIFICATE),
    "plain HTTP": (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version"), ConnectionFault.NOT_TLS),
    "another": (ConnectionResetError(104, "reset"), None),
}


@pytest.mark.parametrize(("cause", "fault"), FAULTS.values(), ids=FAULTS)
def test_reason_of_a_failed_connection_is_found_behind_the_clients_error(cause, fault):
    error = RuntimeError("wrapped")
    error.__cause__ = cause
    assert connection_fault(error) == (fault, cause)


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


def attempts(*outcomes):
    """An attempt that raises or returns these in turn, and the seconds that were left to each."""
    left, queue = [], list(outcomes)

    def attempt(seconds):
        left.append(seconds)
        outcome = queue.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return attempt, left


def run(*outcomes, seconds, pause, before_pause=None):
    clock = Clock()
    attempt, left = attempts(*outcomes)
    result = retry(
        attempt, on=KeyError, pause=pause, seconds=seconds, sleep=clock.sleep, now=clock.now, before_pause=before_pause
    )
    return result, left, clock.slept


def test_attempt_is_repeated_after_its_pause_until_it_succeeds():
    first, second, notes = KeyError(1), KeyError(2), []
    assert run(first, second, "done", seconds=9, pause=lambda error: float(error.args[0]), before_pause=notes.append) == (
        "done", [9, 8, 6], [1, 2],
    )  # fmt: skip
    assert notes == [first, second]


def test_pause_of_zero_repeats_at_once():
    assert run(KeyError(), "done", seconds=0, pause=lambda error: 0.0) == ("done", [0, 0], [])


@pytest.mark.parametrize("pause", [lambda error: None, lambda error: 2.0], ids=["no more", "past the limit"])
def test_last_error_is_raised_where_no_attempt_may_follow(pause):
    last, notes = KeyError(), []
    with pytest.raises(KeyError) as caught:
        run(last, seconds=1, pause=pause, before_pause=notes.append)
    assert (caught.value, notes) == (last, [])


def test_other_errors_are_not_retried():
    with pytest.raises(ValueError, match="x"):
        run(ValueError("x"), seconds=9, pause=lambda error: 1.0)
