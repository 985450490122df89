"""Events as subscribers know them: one golden sample per event version."""
