"""What clients ask: accepted once, waited for, answered once."""
