"""A generator read in a thread of its own: everything comes, nobody who leaves waits, and it is closed in the end."""

import asyncio
import threading
from contextlib import aclosing

import pytest

from qa.ui.async_bridge import beside

LONG = 30
"""Seconds after which a test that would wait for ever fails."""


async def all_of(items):
    return [item async for item in beside(items)]


def run(coroutine):
    """A coroutine in a loop and a thread of its own: a browser may be open in this one."""
    result = []

    def work():
        try:
            result.append(asyncio.run(asyncio.wait_for(coroutine, LONG)))
        except BaseException as error:
            result.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if isinstance(result[0], BaseException):
        raise result[0]
    return result[0]


class Waiting:
    """A generator that gives `first`, waits for `go`, and gives numbers on; `closed` is set when it was."""

    def __init__(self, *first):
        self.first = first
        self.waits, self.go, self.closed = threading.Event(), threading.Event(), threading.Event()
        self.given = 0

    def items(self):
        try:
            yield from self.first
            self.waits.set()
            self.go.wait(LONG)
            while True:
                self.given += 1
                yield self.given
        finally:
            self.closed.set()


@pytest.mark.parametrize(
    "items", [[], ["a"], [1, 2, 3], [None, False, (), None]], ids=["none", "one", "three", "falsy"]
)
def test_items_come_in_their_order(items):
    assert run(all_of(item for item in items)) == items


def test_many_items_come_each_once():
    assert run(all_of(i for i in range(20_000))) == list(range(20_000))


def test_error_is_an_item_where_it_is_an_item():
    error = ValueError("only told")
    assert run(all_of(item for item in [error])) == [error]


@pytest.mark.parametrize(
    "error", [ValueError("broken"), KeyboardInterrupt("stop"), SystemExit(3)], ids=lambda e: type(e).__name__
)
def test_error_comes_through_behind_what_was_given(error):
    def items():
        yield 1
        yield 2
        raise error

    async def read():
        seen = []
        try:
            async for item in beside(items()):
                seen.append(item)
        except type(error) as raised:
            return seen, raised
        return seen, None

    # The loop itself would be stopped by the last two: they are caught before they reach it.
    assert run(read()) == ([1, 2], error)


def test_generator_runs_in_another_thread_and_the_loop_goes_on_meanwhile():
    waiting = Waiting()

    async def read():
        loop_thread = threading.get_ident()
        items = beside(named())
        first = asyncio.ensure_future(anext(items))
        while not waiting.waits.is_set():  # the loop is free to look, however long the generator waits
            await asyncio.sleep(0)
        assert not first.done()
        waiting.go.set()
        assert await first != loop_thread
        await items.aclose()

    def named():
        for _ in waiting.items():
            yield threading.get_ident()

    run(read())


def test_whoever_stops_reading_is_free_at_once_although_the_generator_waits():
    waiting = Waiting("a")

    async def read():
        async with aclosing(beside(waiting.items())) as items:
            assert await anext(items) == "a"
            await asyncio.to_thread(waiting.waits.wait, LONG)
        assert not waiting.go.is_set()  # it still waits, and we are here
        assert not waiting.closed.is_set()
        waiting.go.set()
        assert await asyncio.to_thread(waiting.closed.wait, LONG)

    run(read())
    assert waiting.given == 1


def test_whoever_is_cancelled_while_waiting_is_free_at_once():
    waiting = Waiting()

    async def read():
        reading = asyncio.create_task(all_of(waiting.items()))
        await asyncio.to_thread(waiting.waits.wait, LONG)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert not waiting.closed.is_set()
        waiting.go.set()
        assert await asyncio.to_thread(waiting.closed.wait, LONG)

    run(read())
    assert waiting.given == 1


def test_generator_that_was_read_to_its_end_is_closed():
    closed = threading.Event()

    def items():
        try:
            yield 1
        finally:
            closed.set()

    assert run(all_of(items())) == [1]
    assert closed.is_set()


def test_error_while_the_generator_is_closed_is_nobodys_business_any_more():
    closed = threading.Event()

    def items():
        try:
            yield 1
            yield 2
            go.wait(LONG)
            yield 3
        finally:
            closed.set()
            raise ValueError("too late")

    go = threading.Event()

    async def read():
        async with aclosing(beside(items())) as given:
            assert await anext(given) == 1
        go.set()
        assert await asyncio.to_thread(closed.wait, LONG)

    run(read())


def test_generator_that_nobody_reads_is_never_begun():
    begun = threading.Event()

    def items():
        begun.set()
        yield 1

    async def read():
        await beside(items()).aclose()

    run(read())
    assert not begun.is_set()


def test_many_at_a_time_do_not_wait_for_one_another():
    together = threading.Barrier(12)

    def items(name):
        for i in range(50):
            if i == 25:
                together.wait(LONG)  # none gets further unless all run at once
            yield name, i

    async def read():
        return await asyncio.gather(*(all_of(items(name)) for name in range(12)))

    assert run(read()) == [[(name, i) for i in range(50)] for name in range(12)]


def test_one_that_fails_does_not_touch_the_others():
    def items(name):
        yield name
        if name == 1:
            raise ValueError("broken")
        yield name

    async def read():
        return await asyncio.gather(*(all_of(items(name)) for name in range(3)), return_exceptions=True)

    first, second, third = run(read())
    assert (first, str(second), third) == ([0, 0], "broken", [2, 2])


def test_loop_that_was_closed_meanwhile_leaves_the_generator_closed_and_no_error(monkeypatch):
    waiting, errors = Waiting("a"), []
    monkeypatch.setattr(threading, "excepthook", errors.append)

    async def read():
        return await anext(beside(waiting.items()))

    assert run(read()) == "a"  # the loop is closed here
    assert waiting.waits.wait(LONG)
    waiting.go.set()
    assert waiting.closed.wait(LONG)
    for thread in threading.enumerate():
        if thread.name == "beside":
            thread.join(LONG)
    assert errors == []


def test_generator_of_a_loop_that_was_dropped_is_not_read_on_and_on():
    waiting = Waiting("a")
    loop = asyncio.new_event_loop()
    items = beside(waiting.items())
    result = []
    thread = threading.Thread(target=lambda: result.append(loop.run_until_complete(anext(items))))
    thread.start()
    thread.join()
    loop.close()  # without closing what is read
    waiting.go.set()
    assert waiting.closed.wait(LONG)
    assert (result, waiting.given) == (["a"], 1)
