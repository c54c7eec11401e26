"""The system message for language models that were never trained on the mapping domain."""

from __future__ import annotations

from prism_core.actions import ActionTable
from prism_core.conversation import Dialect


def make_header(dialect: Dialect, table: ActionTable) -> str:
    """Who the model is, what it can do, what it is told, how it answers."""
    return table.describe()
