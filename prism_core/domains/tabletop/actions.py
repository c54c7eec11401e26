# SPDX-License-Identifier: Apache-2.0
"""The actions of the tabletop domain: those of SayCan (arXiv 2204.01691), with picking and placing
apart, as each of them may fail.
"""

from __future__ import annotations

from prism_core.plan.actions import ActionSpec, ActionTable, ArgumentKind, ArgumentSpec, Role

SAYINGS = {
    'which': 'Which one do you mean?',
    'absent': 'I do not see that on the table. What shall I do instead?',
    'cannot': 'That cannot be done. What shall I do instead?',
    'what': 'What shall I do?',
}
"""The questions that a student may put, by their short words."""

# fmt: off
TABLETOP_ACTIONS = ActionTable([
    ActionSpec('pick', (ArgumentSpec('object', ArgumentKind.OBJECT),),
               'pick up a block that nothing stands on, with an empty gripper', ends_turn=True),
    ActionSpec('place', (ArgumentSpec('object', ArgumentKind.OBJECT),
                         ArgumentSpec('place', ArgumentKind.NODE)),
               'put the held block in a bowl, or on the table, a place or a block that nothing '
               'stands on and that is in no bowl', ends_turn=True),
    ActionSpec('done', (), 'say that all is as asked', ends_turn=True, role=Role.REPORT),
    ActionSpec('ask', (ArgumentSpec('question', ArgumentKind.TEXT, sayings=SAYINGS),),
               'ask the user where it is not clear what is meant, or cannot be done',
               ends_turn=True, role=Role.ASK),
])
# fmt: on
