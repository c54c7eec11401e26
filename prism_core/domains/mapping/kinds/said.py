# SPDX-License-Identifier: Apache-2.0
"""Which kinds have in common what matters to who reads requests of several parts: those that ..."""

from __future__ import annotations

AT_PLACES = ('patrol', 'go_to', 'map_area')
"""... are done at places."""
ASKS = (
    *('attribute', 'yes_no', 'count', 'exists', 'locate', 'passable', 'describe', 'find'),
    *('compare', 'nearest', 'closest', 'distance', 'which', 'all_have', 'same', 'differ'),
    *('ranked', 'outranks', 'list_all', 'read_off'),
)
"""... ask, and nothing is to be done but to find out."""
COMPARES = ('compare', 'nearest')
"""... compare."""
DRIVES_OR_CONDITIONS = ('go_to', 'yes_no', 'passable')
"""... are in the flat form of a condition."""
GOES_THERE = ('go_to', 'patrol', 'map_area', 'reach')
"""... enter the places that they name."""
LEADS_THERE = ('go_to', 'locate')
"""... lead to where a thing is."""
LOOKS = ('describe', 'find', 'locate')
"""... look at a thing, or look for it."""
LOOKS_AT_ALL = ('describe', 'locate')
"""... look at each of many."""
MAPS = ('survey', 'map_area')
"""... map."""
MAY_BE_ANSWERED_NO = ('exists', 'passable', 'reach')
"""... may hold as conditions where the answer is no."""
NOT_UNDERSTOOD = ('vague', 'ambiguous')
"""... say nothing that can be done."""
OF_ALL_PLACES = ('patrol', 'survey')
"""... are of all places."""
OF_ALL_THERE_IS = ('count', 'exists', 'find', 'locate')
"""... look wherever something may be."""
OF_A_STATE = ('attribute', 'yes_no')
"""... ask about a state of a thing."""
OF_DRIVES = ('go_to', 'sequence')
"""... are drives above all."""
OF_NO_STATE = ('count', 'exists', 'find', 'locate', 'map_area')
"""... have no place for a state."""
OF_ONE_THING = ('describe', 'attribute', 'yes_no', 'locate')
"""... ask about one thing that is there."""
OF_PLACES = ('compare', 'passable', 'nearest', 'reach', 'survey', 'map_area', 'patrol')
"""... need places to be driven to or mapped."""
OF_PRESENCE = ('exists', 'count')
"""... ask whether or how many there are."""
OF_SEVERAL = ('compare', 'passable', 'nearest', 'count')
"""... name several things or places."""
OF_THE_WHOLE_CLASS = ('count', 'exists', 'compare')
"""... ask about a class as a whole."""
SAYS_MORE = ('compare', 'nearest', 'count')
"""... have a place for more and most."""
SEARCHES = ('find', 'locate')
"""... look for a thing."""
TO_A_PLACE = ('go_to', 'map_area', 'reach')
"""... lead to one place."""
UNDER_CONDITIONS = ('conditional', 'reach')
"""... hold a condition."""
YES_OR_NO = ('yes_no', 'exists', 'passable', 'reach')
"""... are questions of yes and no."""
