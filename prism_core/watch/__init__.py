# SPDX-License-Identifier: Apache-2.0
"""One page on what a robot knows, plans and does, and the buttons that a person needs for it.

Knows no ROS: who hears the robot tells a `WatchBoard`, and who can tell the robot something is
handed in as `RobotCommands`. `WatchServer` shows both to browsers of this machine.
"""

from prism_core.watch.board import SILENT_S, WatchBoard
from prism_core.watch.server import WatchServer
from prism_core.watch.watched import (
    Approval,
    CommandReply,
    Limits,
    MissionEnd,
    MissionProgress,
    NewTask,
    PlannersNow,
    RobotCommands,
    Seen,
    WatchedPlan,
    WatchedPlanner,
    WatchedStep,
)

__all__ = [
    'SILENT_S',
    'Approval',
    'CommandReply',
    'Limits',
    'MissionEnd',
    'NewTask',
    'PlannersNow',
    'MissionProgress',
    'RobotCommands',
    'Seen',
    'WatchBoard',
    'WatchServer',
    'WatchedPlan',
    'WatchedPlanner',
    'WatchedStep',
]
