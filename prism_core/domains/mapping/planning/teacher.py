# SPDX-License-Identifier: Apache-2.0
"""The embedded teacher: a SymbolicPlanner that is handed what the sentence means."""

from __future__ import annotations

from prism_core.domains.mapping.planning.symbolic import SymbolicPlanner
from prism_core.domains.mapping.words import Words
from prism_core.episode.episode import Task
from prism_core.errors import ConfigError


def make_teacher(task: Task, words: Words) -> SymbolicPlanner:
    """A planner for one task; it reads the intent and never the criterion.

    Raises:
        ConfigError: the task has no intent.
    """
    intent = task.intent
    if intent is None:
        raise ConfigError(
            f'the teacher needs the intent of a task, which {task.request!r} has not; take a '
            'planner that reads the sentence, such as symbolic'
        )
    return SymbolicPlanner(words.lexicon, lambda request, graph: intent, name='teacher')
