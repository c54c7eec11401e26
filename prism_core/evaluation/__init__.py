# SPDX-License-Identifier: Apache-2.0
"""How good a planner is: tasks that nobody trained on, closed-loop trials, scores."""
