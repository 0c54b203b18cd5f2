"""What every part of the store conformance suite starts from: an empty store, and the same place opened again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from agentmem.stores import Store, open_store


class StoreSuite:
    """Fixtures of the suite. A subclass gives `store_url`; the rest follows from it."""

    persistent: bool = True
    """False for a store that lives and dies with the object, so that it cannot be opened a second time."""

    @pytest.fixture
    def store_url(self) -> str:
        """The URL of an empty store."""
        raise NotImplementedError("Give the class a fixture store_url: the URL of an empty store.")

    def open(self, url: str) -> Store:
        """Open a store; to be replaced where `open_store` does not know the store."""
        return open_store(url)

    @pytest.fixture
    def store(self, store_url: str) -> Iterator[Store]:
        """An empty store."""
        with closing(self.open(store_url)) as store:
            yield store

    @pytest.fixture
    def reopen(self, store: Store, store_url: str) -> Iterator[Callable[[], Store]]:
        """Opens the place of `store` once more, beside it."""
        if not self.persistent:
            pytest.skip("this store lives in memory and cannot be opened twice")
        with ExitStack() as opened:
            yield lambda: opened.enter_context(closing(self.open(store_url)))

    @pytest.fixture
    def second_store(self, reopen: Callable[[], Store]) -> Store:
        """The place of `store`, opened again beside it."""
        return reopen()
