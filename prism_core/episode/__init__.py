# SPDX-License-Identifier: Apache-2.0
"""Tasks, turns and episodes; what planners and simulators promise; the closed loop."""
