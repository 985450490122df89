"""One thin client per vendor, behind the ports."""
