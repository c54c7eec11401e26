# SPDX-License-Identifier: Apache-2.0
"""Language models behind one seam, and the planner that is made of one."""
