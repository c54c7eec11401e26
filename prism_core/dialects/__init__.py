"""The two dialects of a conversation."""
