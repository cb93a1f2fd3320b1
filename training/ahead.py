"""Making the next batches while the present one is learned from."""

from collections.abc import Callable, Iterator
from queue import Queue
from threading import Event, Thread
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")

_ITEMS_AHEAD: Final = 6


class Ahead(Generic[Item]):
    """Makes numbered items in a thread of its own, a few ahead of whoever takes them.

    Args:
        make: Makes the item of a number; an error of it is raised where the item is taken.
        first: The first number.
        end: One more than the last number.
    """

    def __init__(self, make: Callable[[int], Item], first: int, end: int) -> None:
        self._queue: Queue[tuple[Item] | Exception] = Queue(_ITEMS_AHEAD)
        self._stopped = Event()
        self._make_item, self._first, self._end = make, first, end
        self._thread = Thread(target=self._make, name="batches", daemon=True)

    def __enter__(self) -> Iterator[Item]:
        self._thread.start()
        return (self._take() for _ in range(self._first, self._end))

    def __exit__(self, *exception: object) -> None:
        self._stopped.set()
        while not self._queue.empty():
            self._queue.get_nowait()
        self._thread.join(timeout=10.0)
        if self._thread.is_alive():
            raise RuntimeError("the thread that makes batches does not end")

    def _take(self) -> Item:
        made = self._queue.get()
        if isinstance(made, Exception):
            raise made
        (item,) = made
        return item

    def _make(self) -> None:
        for number in range(self._first, self._end):
            if self._stopped.is_set():
                return
            try:
                made: tuple[Item] | Exception = (self._make_item(number),)
            except Exception as error:  # raised again in the thread that takes
                made = error
            self._queue.put(made)
            if isinstance(made, Exception):
                return
