# SPDX-License-Identifier: Apache-2.0
"""Worlds and sentences by a language model, checked as hard as our own."""
