"""The numbers of the reference contracts' statements that tests must name."""

from __future__ import annotations

STATEMENTS: dict[str, int] = {"S0": 57, "S1": 34}
"""How many statements each contract has: create account, retry warmup."""

READINGS = 22
"""How many of the adopted readings tests must name: those of create account and retry warmup."""

IDS = frozenset(f"{contract}-{n}" for contract, last in STATEMENTS.items() for n in range(1, last + 1)) | {
    f"A{n}" for n in range(1, READINGS + 1)
}
