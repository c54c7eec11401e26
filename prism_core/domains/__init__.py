# SPDX-License-Identifier: Apache-2.0
"""One folder for each kind of robot planner: what its robot can do and how its tasks are worded."""
