# SPDX-License-Identifier: Apache-2.0
"""Plans: the table of actions, the steps as text, what is valid, grammars."""
