# SPDX-License-Identifier: Apache-2.0
"""The actions of the household domain: those of LLM-Planner (arXiv 2212.04088) on ALFRED."""

from __future__ import annotations

from prism_core.plan.actions import ActionSpec, ActionTable, ArgumentKind, ArgumentSpec, Role

SAYINGS = {
    'which': 'Which one do you mean?',
    'absent': 'I cannot find that here. What shall I do instead?',
    'cannot': 'That cannot be done. What shall I do instead?',
    'what': 'What shall I do?',
}
"""The questions that a student may put, by their short words."""

_OBJECT = ArgumentSpec('object', ArgumentKind.OBJECT)
_NODE = ArgumentSpec('object', ArgumentKind.NODE)

# fmt: off
HOUSEHOLD_ACTIONS = ActionTable([
    ActionSpec('Navigation', (ArgumentSpec('place', ArgumentKind.REGION),),
               'go to a piece of furniture or a room, and see what lies open there',
               role=Role.DRIVE, word='go'),
    ActionSpec('PickupObject', (_OBJECT,),
               'take an object where the robot stands, with an empty hand', word='take'),
    ActionSpec('PutObject', (_OBJECT, ArgumentSpec('receptacle', ArgumentKind.NODE)),
               'put the held object in or on what stands here and is not closed', word='put'),
    ActionSpec('OpenObject', (_NODE,), 'open what is closed here, and see what is in it',
               word='open'),
    ActionSpec('CloseObject', (_NODE,), 'close what is open here; what is in a fridge gets cold',
               word='close'),
    ActionSpec('ToggleObjectOn', (_NODE,),
               'turn on a lamp; a closed microwave, which heats what is in it; a faucet, which '
               'cleans what is in its basin', word='on'),
    ActionSpec('ToggleObjectOff', (_NODE,), 'turn off what is on', word='off'),
    ActionSpec('SliceObject', (_OBJECT,), 'slice what lies here, with a knife in the hand',
               ends_turn=True, word='slice'),
    ActionSpec('done', (), 'say that all is as asked', ends_turn=True, role=Role.REPORT),
    ActionSpec('ask', (ArgumentSpec('question', ArgumentKind.TEXT, sayings=SAYINGS),),
               'ask the user where it is not clear what is meant, or cannot be done',
               ends_turn=True, role=Role.ASK),
])
# fmt: on
