# SPDX-License-Identifier: Apache-2.0
"""The embedded planner: what to do next for an intent."""
