"""Worlds and sentences by a language model, checked as hard as our own."""
