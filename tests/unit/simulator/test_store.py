"""The store keeps all of a transaction or nothing, in memory as on disk."""

from pathlib import Path

import pytest

from services.simulator.store import Store


def fill(store: Store) -> None:
    with store.transaction():
        for name in ("a", "b", "c"):
            store.put("am.inbox", name, {"client_id": f"id-{name}", "_domain": "x"})
        store.append("ledger", {"effect": "made"})


def test_a_committed_transaction_is_there_after_a_reopen(tmp_path: Path) -> None:
    first = Store(tmp_path)
    fill(first)
    first.close()

    second = Store(tmp_path)

    assert [one["client_id"] for one in second.all("am.inbox")] == ["id-a", "id-b", "id-c"]
    assert second.find("am.inbox", "client_id", "id-b")[0]["_n"] == 2
    assert second.entries("ledger", 0) == [{"n": 1, "effect": "made"}]
    with second.transaction():
        assert second.append("ledger", {"effect": "next"}) == 2
    second.close()


def test_a_failed_transaction_leaves_no_trace() -> None:
    store = Store(None)
    fill(store)
    before = store.all("am.inbox")

    def work() -> None:
        with store.transaction():
            store.delete("am.inbox", "a")
            store.put("am.inbox", "b", {"client_id": "changed", "_domain": "y"})
            store.put("am.inbox", "d", {"client_id": "id-d", "_domain": "x"})
            store.append("ledger", {"effect": "lost"})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        work()

    assert store.all("am.inbox") == before, "values and order"
    assert [store.count("am.inbox"), len(store.find("am.inbox", "_domain", "x"))] == [3, 3]
    assert store.find("am.inbox", "client_id", "changed") == []
    assert len(store.entries("ledger", 0)) == 1
    with store.transaction():
        assert store.append("ledger", {"effect": "second"}) == 2


def test_an_object_keeps_its_number_when_it_changes() -> None:
    store = Store(None)
    fill(store)

    with store.transaction():
        changed = store.put("am.inbox", "a", {"client_id": None, "_domain": "z"})

    assert changed["_n"] == 1
    assert store.find("am.inbox", "client_id", "id-a") == []
    assert len(store.indexed("am.inbox", "client_id")) == 2


def test_reset_empties_the_disk_too(tmp_path: Path) -> None:
    store = Store(tmp_path)
    fill(store)

    store.reset()
    store.close()

    assert Store(tmp_path).all("am.inbox") == []
