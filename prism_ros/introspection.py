# SPDX-License-Identifier: Apache-2.0
"""Service introspection: calls told on topics, where this distribution of ROS has it.

https://docs.ros.org/en/jazzy/Tutorials/Demos/Service-Introspection.html; services have it since
Jazzy, ROS actions later. Humble has none.
"""

from __future__ import annotations

from typing import Any

from rclpy.clock import Clock
from rclpy.qos import qos_profile_services_default


def introspect(server: Any, mode: str, clock: Clock) -> bool:
    """Have what comes to a service or ROS action told on topic `<name>/_service_event`.

    Args:
        server: as rclpy made it.
        mode: `disabled`, `metadata` or `contents`.
        clock: of the stamps.

    Returns:
        Whether that can be done here.
    """
    configure = getattr(server, 'configure_introspection', None)
    if configure is None:
        return False
    from rclpy.service_introspection import ServiceIntrospectionState

    states = {
        'disabled': ServiceIntrospectionState.OFF,
        'metadata': ServiceIntrospectionState.METADATA,
        'contents': ServiceIntrospectionState.CONTENTS,
    }
    configure(clock, qos_profile_services_default, states[mode])
    return True
