"""The threads service: owner of threads, messages and suppressions."""
