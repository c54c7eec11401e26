# SPDX-License-Identifier: Apache-2.0
"""Rounds of training, playing, choosing what to be taught next, and training again."""
