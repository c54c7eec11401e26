# SPDX-License-Identifier: Apache-2.0
"""Missions on a robot: the closed loop with budgets, approval, a stop, and a log that replays."""

from prism_core.episode.episode import as_earlier
from prism_core.mission.log import MissionLog, begin_of, mission_logs_folder, read_log, replay_log
from prism_core.mission.mission import RobotMission
from prism_core.mission.rules import Budget, MissionEnding, Rules, note_nothing
from prism_core.mission.skills import SimulatedSkills, Skills, run_mission

__all__ = [
    'Budget',
    'RobotMission',
    'MissionEnding',
    'MissionLog',
    'Rules',
    'SimulatedSkills',
    'Skills',
    'as_earlier',
    'begin_of',
    'mission_logs_folder',
    'note_nothing',
    'read_log',
    'replay_log',
    'run_mission',
]
