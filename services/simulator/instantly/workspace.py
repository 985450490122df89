"""The one workspace that every simulated Instantly key belongs to."""

WORKSPACE_ID = "7d1f4a36-3f5e-4c2b-9a53-1c0e8b2f6d90"
