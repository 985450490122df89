"""The Puffle dialect: `/api/…`."""

from services.gateway.dialects.puffle.answers import render_answer

__all__ = ["render_answer"]
