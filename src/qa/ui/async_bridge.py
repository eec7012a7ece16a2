"""Runs a generator in a thread and yields its items to the event loop.

Gradio reads a plain generator itself, but to stop one it waits until its next item came, and everybody with it.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Generator
from typing import TypeVar

T = TypeVar("T")


async def beside(items: Generator[T, None, None]) -> AsyncGenerator[T, None]:
    """The items of a generator as they come. A reader that stops returns at once; the generator is closed, in its
    thread, as soon as it gives its next item. What it raises is raised here."""
    loop = asyncio.get_running_loop()
    read: asyncio.Queue[tuple[T] | BaseException | None] = asyncio.Queue()
    left = threading.Event()

    def iterate_in_thread(item: tuple[T] | BaseException | None) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(read.put_nowait, item)

    def work() -> None:
        try:
            for item in items:
                if left.is_set() or loop.is_closed():
                    break
                iterate_in_thread((item,))
            items.close()
        except BaseException as error:  # raised again where it is read
            iterate_in_thread(error)
        else:
            iterate_in_thread(None)

    threading.Thread(target=work, name="beside", daemon=True).start()
    try:
        while (item := await read.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item[0]
    finally:
        left.set()
