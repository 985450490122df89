"""Mail content: kept in one place, named by references, erased with its thread."""
