# SPDX-License-Identifier: Apache-2.0
"""PRISM on ROS 2: nodes that own the scene graph and serve plans.

The planning itself is in prism_core.
"""
