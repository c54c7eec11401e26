# SPDX-License-Identifier: Apache-2.0
"""What each form of report is about, and what several forms have in common; `reports` says them."""

from __future__ import annotations

FORMS_OF_ALL_REACHED = ('none', 'surveyed', 'been', 'untold')
"""What speaks of all that the robot can get to; each has a form `..._allowed` for all of that which
it may enter.
"""

FORMS_OF_WHOLE = ('done', 'gave_up', 'which', 'alike')
"""What is said of a whole mission and not of one part of it."""

FORMS_WITHOUT_ANSWER = ('none', 'unmapped', 'unreachable', 'gave_up')

LEFT_OUT = ('avoided', 'off_limits', 'too_far')

FORM_ARGUMENTS: dict[str, tuple[str, ...]] = {
    'node': ('node',),
    'where': ('node',),
    'is': ('node', 'attribute', 'value'),
    'unseen': ('node', 'attribute'),
    'value': ('node', 'attribute'),
    'exists': ('classes', 'node'),
    'count': ('classes', 'node'),
    'none': ('classes',),
    'more': ('classes', 'node', 'node'),
    'nearest': ('node', 'node'),
    **dict.fromkeys(('count_of', 'having', 'exists_of', 'all_have'), ('classes', 'node', 'values')),
    **dict.fromkeys(('having_of', 'all_of'), ('nodes', 'values')),
    'list': ('classes', 'node'),
    **dict.fromkeys(('same', 'differ', 'equal'), ('nodes', 'attribute')),
    'ranked': ('node', 'nodes', 'attribute', 'value'),
    **dict.fromkeys(('ahead', 'behind'), ('node', 'node', 'attribute', 'value')),
    'closest': ('classes', 'node'),
    'nearer': ('node', 'node', 'node'),
    'distance': ('node', 'node'),
    'seen': ('node',),
    'surveyed': (),
    'been': ('classes',),
    'way': ('node', 'node'),
    'here': ('node',),
    'been_at': ('node',),
    'forbidden': ('node',),
    'unmapped': ('node',),
    'unreachable': ('node',),
    'done': (),
    'gave_up': (),
    'what': (),
    'which': ('nodes',),
    'alike': ('classes', 'nodes'),
    'described': ('node',),
    'quoted': ('node', 'text'),
    'untold': ('classes',),
    **dict.fromkeys(('none_allowed', 'untold_allowed'), ('classes',)),
    'surveyed_allowed': (),
    'been_allowed': ('classes', 'nodes'),
    **dict.fromkeys(LEFT_OUT, ('nodes',)),
}
"""What each argument of a form is: a node, its attribute, a value, attributes with their values, a
text, classes, or several nodes.
"""
