"""The Puffle dialect: `/api/…`."""

from services.gateway.dialects.puffle.render import render_answer

__all__ = ["render_answer"]
