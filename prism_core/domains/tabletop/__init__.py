# SPDX-License-Identifier: Apache-2.0
"""SayCan's tabletop: blocks and bowls, a gripper that picks and places, and sentences about where
things shall be.
"""

from prism_core.domains.tabletop.domain import TabletopDomain

__all__ = ['TabletopDomain']
