"""The conformance suite of stores, one part for each capability, combined into one class to inherit."""

from __future__ import annotations

from agentmem.testing.store_commit import CommitConformance
from agentmem.testing.store_concurrency import ConcurrencyConformance
from agentmem.testing.store_filling import FillingConformance
from agentmem.testing.store_gather import GatherConformance, PrefixSearchConformance
from agentmem.testing.store_isolation import IsolationConformance
from agentmem.testing.store_journal import JournalConformance
from agentmem.testing.store_neighbourhood import NeighbourhoodConformance
from agentmem.testing.store_reads import ReadConformance
from agentmem.testing.store_search import KeyAndTimeSearchConformance, TextSearchConformance
from agentmem.testing.store_transfer import TransferConformance
from agentmem.testing.store_vectors import VectorSearchConformance
from agentmem.testing.store_views import ViewConformance


class StoreConformance(
    CommitConformance,
    JournalConformance,
    ReadConformance,
    ViewConformance,
    TextSearchConformance,
    KeyAndTimeSearchConformance,
    VectorSearchConformance,
    PrefixSearchConformance,
    GatherConformance,
    NeighbourhoodConformance,
    IsolationConformance,
    ConcurrencyConformance,
    TransferConformance,
    FillingConformance,
):
    """Everything that the Store protocol promises, as tests. Inherit it and give the URL of an empty store.

    ```python
    class TestMyStore(StoreConformance):
        @pytest.fixture
        def store_url(self, tmp_path: Path) -> str:
            return f"mystore:///{tmp_path}/memory"

        def open(self, url: str) -> Store:
            return MyStore(url)
    ```

    Set `persistent = False` for a store that lives and dies with the object.
    """
