"""From worlds to a published student in one go: all stages, each done once."""
