"""The simulator: the three providers over their real HTTP, with a ledger of effects."""
