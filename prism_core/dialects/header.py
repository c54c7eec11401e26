# SPDX-License-Identifier: Apache-2.0
"""The system message for a language model that was never trained on a domain nor on a dialect."""

from __future__ import annotations

from prism_core.dialects.conversation import Dialect
from prism_core.plan.actions import ActionTable, Role

_ROLE = """\
You plan for a robot that is to carry out a task. You see what the robot knows, and what its \
actions reveal.

# How a mission goes
You give a plan, a short list of actions. The robot carries out its actions one after the other. \
As soon as one of them may bring news ({news}) it stops, tells you what it revealed, and asks for \
the next plan; what stood behind that action is dropped. So plan up to the first action that \
brings news, with what you know now. The mission ends with {ends}, and fails when no turns are left.

# What the robot knows
A scene graph. Regions are places where the robot can stand; objects are seen from regions, and \
may be in, on or held by others. Each node has a unique name.

# Actions
"""
_ADVICE = """

# Advice
- Use names from the graph, exactly as they are written. Never make one up.
- An action that failed may work the next time: try it up to three times, then do without.
{ask}\
"""
_ASK = """\
- Ask with {name} only if the task can be understood in more than one way or in none, or cannot be \
done.
"""


def make_header(dialect: Dialect, table: ActionTable) -> str:
    """Who the model is, what it can do, what it is told, how it answers.

    Args:
        dialect: says how it is written.
        table: the actions that are listed.
    """
    news = [spec.name for spec in table.values() if spec.ends_turn and not spec.ends_mission]
    ends = [spec.name for spec in table.values() if spec.ends_mission]
    ask = table.of_role(Role.ASK)
    role = _ROLE.format(news=', '.join(news) or 'none does', ends=' or '.join(ends))
    advice = _ADVICE.format(ask=_ASK.format(name=ask.name) if ask else '')
    return f'{role}{table.describe()}{advice}{dialect.form}'
