"""What the simulated providers remember: objects in memory, written through to SQLite together with ledger and calls."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from services.simulator.wire import Json

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (kind TEXT, key TEXT, data TEXT NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ledger (n INTEGER PRIMARY KEY, entry TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS calls (n INTEGER PRIMARY KEY, entry TEXT NOT NULL);
"""

INDEXES: dict[str, tuple[str, ...]] = {
    "am.inbox": ("client_id", "_domain"),
    "am.key": ("inbox_id", "_secret"),
    "am.domain": ("_verifying",),
    "am.message": ("inbox_id", "thread_id"),
    "am.thread": ("inbox_id",),
    "am.draft": ("inbox_id", "_client_key"),
    "am.webhook": ("client_id",),
    "in.job": ("_open",),
    "in.tag": ("label",),
    "in.mapping": ("resource_id", "tag_id"),
    "cf.record": ("_zone_id", "name"),
}

_MISSING: Json = {}


class Store:
    """Objects by kind and key, an append-only ledger and the calls received.

    Objects are replaced, never changed in place. A commit puts objects, ledger entries and calls down in one SQLite
    transaction (WAL): they survive the death of the process at any instant, not the loss of power.
    """

    def __init__(self, folder: Path | None) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        target = ":memory:" if folder is None else str(folder / "simulator.sqlite")
        self._db = sqlite3.connect(target, isolation_level=None, check_same_thread=False)
        self._db.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; {_SCHEMA}")
        self._forget()
        self._load()

    def _forget(self) -> None:
        self._objects: dict[str, dict[str, Json]] = {}
        self._index: dict[tuple[str, str], dict[Any, dict[str, None]]] = {}
        self._undo: list[tuple[str, str, Json]] = []
        self._entries: dict[str, list[Json]] = {"ledger": [], "calls": []}
        self._last = {"ledger": 0, "calls": 0}
        self._number = 0

    def _load(self) -> None:
        rows = self._db.execute("SELECT kind, key, data FROM objects").fetchall()
        loaded = sorted(
            ((kind, key, json.loads(data)) for kind, key, data in rows), key=lambda row: row[2]["_n"]
        )
        for kind, key, data in loaded:
            self._place(kind, key, data)
            self._number = data["_n"]
        for table in self._last:
            self._last[table] = self._db.execute(f"SELECT coalesce(max(n), 0) FROM {table}").fetchone()[0]  # noqa: S608

    def get(self, kind: str, key: str) -> Json | None:
        """Return one object, or None."""
        return self._objects.get(kind, {}).get(key)

    def all(self, kind: str) -> list[Json]:
        """Return every object of a kind, oldest first."""
        return list(self._objects.get(kind, {}).values())

    def count(self, kind: str) -> int:
        """Return how many objects of a kind there are."""
        return len(self._objects.get(kind, {}))

    def find(self, kind: str, field: str, value: object) -> list[Json]:
        """Return the objects whose indexed field has this value, oldest first."""
        keys = self._index.get((kind, field), {}).get(value, {})
        objects = self._objects.get(kind, {})
        return [objects[key] for key in keys]

    def indexed(self, kind: str, field: str) -> list[Json]:
        """Return the objects that have a value in this indexed field."""
        objects = self._objects.get(kind, {})
        return [objects[key] for keys in self._index.get((kind, field), {}).values() for key in keys]

    def values(self, kind: str, field: str) -> list[str]:
        """Return every value that this indexed field has in some object."""
        return list(self._index.get((kind, field), {}))

    def put(self, kind: str, key: str, data: Json) -> Json:
        """Create or replace an object, only within a transaction; `_n` numbers objects in order of creation."""
        old = self._objects.get(kind, {}).get(key)
        if old is None:
            self._number += 1
        new = {**data, "_n": self._number if old is None else old["_n"]}
        self._undo.append((kind, key, _MISSING if old is None else old))
        self._place(kind, key, new)
        return new

    def delete(self, kind: str, key: str) -> None:
        """Remove an object, only within a transaction."""
        old = self._objects[kind][key]
        self._undo.append((kind, key, old))
        self._displace(kind, key, old)

    def append(self, table: str, entry: Json) -> int:
        """Append to `ledger` or `calls`, only within a transaction, and return its number."""
        self._last[table] += 1
        self._entries[table].append({"n": self._last[table], **entry})
        return self._last[table]

    def entries(self, table: str, after: int, limit: int = -1) -> list[Json]:
        """Return the committed entries of `ledger` or `calls` past a number; a negative limit means all."""
        query = f"SELECT entry FROM {table} WHERE n > ? ORDER BY n LIMIT ?"  # noqa: S608
        return [json.loads(row[0]) for row in self._db.execute(query, (after, limit))]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything done inside at its end, or nothing when it raises."""
        try:
            yield
            self._commit()
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._undo.clear()
            for entries in self._entries.values():
                entries.clear()

    def reset(self) -> None:
        """Forget everything, also the ledger and the calls."""
        self._db.executescript("DELETE FROM objects; DELETE FROM ledger; DELETE FROM calls;")
        self._forget()

    def close(self) -> None:
        """Close the database file."""
        self._db.close()

    def _commit(self) -> None:
        if not self._undo and not any(self._entries.values()):
            return
        changed = dict.fromkeys((kind, key) for kind, key, _ in self._undo)
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for kind, key in changed:
                data = self._objects.get(kind, {}).get(key)
                if data is None:
                    self._db.execute("DELETE FROM objects WHERE kind = ? AND key = ?", (kind, key))
                else:
                    self._db.execute(
                        "INSERT OR REPLACE INTO objects VALUES (?, ?, ?)", (kind, key, json.dumps(data))
                    )
            for table, entries in self._entries.items():
                rows = [(entry["n"], json.dumps(entry)) for entry in entries]
                self._db.executemany(f"INSERT INTO {table} VALUES (?, ?)", rows)  # noqa: S608
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise

    def _roll_back(self) -> None:
        for table, entries in self._entries.items():
            self._last[table] -= len(entries)
        revived = set()
        for kind, key, old in reversed(self._undo):
            current = self.get(kind, key)
            if old is not _MISSING:
                if current is None:
                    revived.add(kind)
                self._place(kind, key, old)
            elif current is not None:
                self._displace(kind, key, current)
        for kind in revived:
            self._objects[kind] = dict(sorted(self._objects[kind].items(), key=lambda item: item[1]["_n"]))

    def _place(self, kind: str, key: str, data: Json) -> None:
        objects = self._objects.setdefault(kind, {})
        old = objects.get(key, _MISSING)
        objects[key] = data
        for field in INDEXES.get(kind, ()):
            before, after = old.get(field), data.get(field)
            if before == after and old is not _MISSING:
                continue
            self._unindex(kind, field, before, key)
            if after is not None:
                self._index.setdefault((kind, field), {}).setdefault(after, {})[key] = None

    def _displace(self, kind: str, key: str, old: Json) -> None:
        del self._objects[kind][key]
        for field in INDEXES.get(kind, ()):
            self._unindex(kind, field, old.get(field), key)

    def _unindex(self, kind: str, field: str, value: object, key: str) -> None:
        by_value = self._index.get((kind, field), {})
        keys = by_value.get(value)
        if keys is None:
            return
        keys.pop(key, None)
        if not keys:
            del by_value[value]
