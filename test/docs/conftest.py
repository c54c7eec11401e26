# SPDX-License-Identifier: Apache-2.0
"""The README's commands are tried on real nodes, as the ROS tests are."""

from ..ros.conftest import haunted_domains, ros  # noqa: F401
