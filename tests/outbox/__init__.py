"""The outbox: what is told, to whom, how often, and what must never be called."""
