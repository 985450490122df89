"""Kills, faults and outages over the whole stack, judged by the invariants."""
