"""Rounds of training, playing, choosing what to be taught next, and training again."""
