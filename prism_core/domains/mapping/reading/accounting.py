# SPDX-License-Identifier: Apache-2.0
"""Whether a meaning has a place for all that a request says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.kinds.said import (
    AT_PLACES,
    COMPARES,
    DRIVES_OR_CONDITIONS,
    LEADS_THERE,
    MAPS,
    NOT_UNDERSTOOD,
    OF_ALL_THERE_IS,
    OF_DRIVES,
    OF_NO_STATE,
    OF_PLACES,
    OF_PRESENCE,
    OF_SEVERAL,
    SEARCHES,
    TO_A_PLACE,
    UNDER_CONDITIONS,
)
from prism_core.domains.mapping.reading.nouns import Mention
from prism_core.domains.mapping.reading.plain import asks_for_more, denies
from prism_core.domains.mapping.reading.sentence import Sentence
from prism_core.domains.mapping.reading.trees import Composed
from prism_core.graph.calling import is_called
from prism_core.graph.scene_graph import SceneGraph

_WITHIN = ('in', 'at', 'inside', 'within', 'on', 'of', 'near', 'by')
_NOT_YET = re.compile(r'(?:please )?(?:do not|never)\b.*\b(?:until|before|unless|till)\b')
_ASKS = re.compile(
    r'^(?:is|are|does|do|has|have|can|could|would)\b|\bthere (?:is|are)\b|\b(?:is|are) there\b|'
    r'\bhow many\b|\bcount\b|\bnumber of\b|\bat least one\b|\b(?:if|whether)\b'
)
_ASKS_ON = re.compile(
    r'(?:\band|[;.?!]) (?:is|are|what|how|where|which|who|does|do)\b(?! does it \w+)|'
    r'\bfor (?:each|every)\b|\bin turn\b|'
    r'(?:\band|[;,.?!]) (?:\w+ ){0,3}(?:it|they|them)\b(?! (?:to|from|says?|reads?|shows?)\b)'
)
_INSTEAD = re.compile(r'\binstead\b(?! of)|\bhowever\b|\bunless\b[^.]*[;,] then\b')
_TO_O = re.compile(
    r'(?:\w+ ){0,3}?(?:go|drive|head|move|travel|roll|proceed) (?:\w+ )?(?:to|for) O\b'
)


_BACK = re.compile(
    r'\b(?:(?:come|drive|head|go|roll|straight|right|be) back'
    r'(?! (?:from|to R|to O|up|and forth|in))|'
    r'come home|back (?:here|home|to (?:this|where))|return (?:here|to (?:me|this|where)))\b'
)


def forgets(intent: Intent, sentence: Sentence, units: Iterable[tuple[Sentence, str]]) -> bool:
    """Whether a meaning has no way back where a sentence asks for one, or answers one question
    where several are asked.

    Args:
        intent: the meaning.
        sentence: all of it.
        units: its sentences, and the marks at their ends.
    """
    if not KINDS[intent.kind].is_understood:
        return False
    if _BACK.search(sentence.text) and all(part.kind != 'return' for part in intent.walk()):
        return True
    nouns = [unit.of('object', 'region', 'purpose') for unit, mark in units if '?' in mark]
    return sum(map(bool, nouns)) > 1 and not intent.parts


def accounts_for(clause: Sentence, intent: Intent) -> bool:
    """Whether a meaning has a place for all that a clause names."""
    if intent.kind in NOT_UNDERSTOOD:
        return False
    if intent.position is not None:
        return not clause.of('object', 'purpose')
    things = {m.target for m in clause.of('object', 'purpose')}
    if len(things) > (1 + (intent.kind == 'nearest')) and not _is_any_of(things, intent):
        return False
    own = {value for _, value in intent.target.attributes} if intent.target else set()
    stated = [v for v in clause.of('value') if v.value not in own and _is_said_of(v, clause)]
    if stated and intent.kind in OF_NO_STATE:
        return False
    regions = clause.of('region')
    used = sum(region is not None for region in (intent.region, intent.other_region))
    used += 2 * (intent.ends is not None)
    if intent.kind == 'sequence':
        is_choice = re.search(r'\bor (?:\w+ )?(?:R|O)\b', clause.text)
        return len(intent.steps) == len(things) + len(regions) and not is_choice
    if len(regions) <= used:
        return True
    if intent.kind == 'patrol':
        return True
    if intent.kind == 'go_to' and len(regions) == used + 1:
        return bool(re.search(r'\bfrom R\b', clause.text))
    is_in = bool(re.search(r'\b(?:in|at|inside|within|of|on|from|by|near) R\b', clause.text))
    return intent.target is not None and len(regions) == used + 1 and is_in


def _is_any_of(things: Iterable[Target], intent: Intent) -> bool:
    """Whether a meaning is about any of several classes, which are all that is named."""
    classes = intent.target.classes if intent.target else ()
    return all(thing.classes and {*thing.classes} <= {*classes} for thing in things)


def _is_said_of(value: Mention, clause: Sentence) -> bool:
    """Whether a value is stated of what a clause is about, as in how many are free."""
    before, behind = clause.text[: value.start], clause.text[value.end :]
    if value.said == 'standing' and re.search(r'\b(?:where|which)\b', before):
        return False
    is_stated = re.search(r'\b(?:O|they) (?:is|are|that are|which are)(?: \w+)? $', before)
    return is_stated is not None and not re.match(r' (?:in|at|on|by)\b', behind)


def has_place_for(intent: Intent, sentence: Sentence, graph: SceneGraph) -> bool:
    """Whether a tree has all that a sentence names in one of its parts."""
    used: set[Target] = set()
    _collect(intent, used)
    names = {target.name for target in used if target.name}
    classes = {name for target in used for name in target.classes}
    nodes = [graph.nodes[name] for name in names if name in graph.nodes]
    for mention in sentence.of('object', 'region', 'purpose'):
        target = mention.target
        if KINDS[intent.kind].has_free_value and not target.name:
            continue  # of what it asks, such as when the last ferry leaves
        if target.name:
            if target.name in names:
                continue
            node = graph.nodes.get(target.name)
            if node is not None and is_called(node, classes):
                continue
            return False
        before = sentence.text[: mention.start].split()[-1:]
        if mention.role == 'region' and before and before[0] in _WITHIN:
            continue  # where what is asked about stands
        is_named = any(is_called(node, target.classes) for node in nodes)
        if classes.isdisjoint(target.classes) and not is_named:
            return False
    return True


def _collect(intent: Intent, into: set[Target]) -> None:
    regions = (intent.region, intent.other_region, *(intent.ends or ()))
    targets = (intent.target, *regions, *intent.among)
    into.update(target for target in targets if target is not None)
    for part in (intent.condition, *intent.steps):
        if part is not None:
            _collect(part, into)


def asks_nothing_else(
    flat: Intent, sentence: Sentence, tagged: Sentence, graph: SceneGraph
) -> bool:
    """Whether a sentence is one plain question about several things, or of any of several classes
    or of those with a value, and asks for nothing besides.

    Args:
        flat: what it means.
        sentence: with nouns that were guessed.
        tagged: without these.
        graph: what is known.
    """
    target, text = flat.target, sentence.text
    if _offers_values(flat, sentence):
        return True
    if not KINDS[flat.kind].reads_whole:
        is_such = target is not None and (target.attributes or len(target.classes) > 1)
        if flat.kind not in OF_PRESENCE or not is_such or not _ASKS.search(text):
            return False
        if asks_for_more(text) or denies(text):
            return False
    return not _ASKS_ON.search(text) and has_place_for(flat, tagged, graph)


def _offers_values(flat: Intent, sentence: Sentence) -> bool:
    """Whether a sentence asks which of several values one thing has, as in open or closed."""
    values = sentence.of('value')
    is_choice = len(values) > 1 and {value.attribute for value in values} == {flat.attribute}
    is_of_one = len(sentence.of('object', 'purpose', 'region')) == 1
    return is_choice and is_of_one and not asks_for_more(sentence.text)


def is_accounted_for(flat: Intent, sentence: Sentence, composed: Composed) -> bool:
    """Whether a meaning in one of the flat forms says all that a sentence asks, though not all of
    its parts could be read one by one.
    """
    if flat.kind == 'vague':
        return not composed.constraints
    if not composed.read and not composed.parts and flat.kind not in OF_DRIVES:
        return True
    if composed.is_unable or composed.constraints:
        return False
    things, regions = sentence.of('object', 'purpose'), sentence.of('region')
    if flat.kind == 'conditional':
        is_way = flat.ends is not None
        return len(regions) == (4 if is_way else 2) and len(things) <= (0 if is_way else 1)
    if flat.kind == 'reach':
        return len(regions) == 1 and not things
    if composed.is_conditional:
        return False
    if flat.kind == 'sequence':
        is_not_yet = _NOT_YET.match(sentence.text) is not None
        return is_not_yet and len(flat.steps) == len(things) + len(regions)
    if not accounts_for(sentence, flat):
        return False
    if flat.kind in OF_PRESENCE and len(regions) > 1:
        return False
    if composed.has_order and flat.kind not in OF_SEVERAL:
        return False
    named = {name for mention in (*things, *regions) for name in mention.target.classes}
    guessed = [s for s in composed.read if s.target and named.isdisjoint(s.target.classes)]
    if flat.kind == 'exists' and [s.kind for s in composed.read] == ['find']:
        return composed.read[0].target == flat.target
    is_compared = flat.kind == 'compare'  # which of the two
    return all(says_all_of(flat, s) or (is_compared and s in guessed) for s in composed.read)


def says_all_of(flat: Intent, step: Intent) -> bool:
    """Whether who does what a flat meaning says has done a step, too."""
    if step == flat:
        return True
    if step.kind == 'sequence':
        return all(says_all_of(flat, part) for part in step.steps)
    if step.kind == flat.kind:
        is_same_pair = (step.region, step.other_region) == (flat.region, flat.other_region)
        if step.kind == 'compare' and is_same_pair:
            return True
        same = replace(step, region=flat.region, target=flat.target) == flat
        is_same_thing = step.target == flat.target or (
            step.target is not None
            and flat.target is not None
            and step.target.classes == flat.target.classes
        )
        if step.region is None and same and is_same_thing:
            return True
    if step.kind == 'conditional':
        return flat.kind in UNDER_CONDITIONS
    regions = {flat.region, flat.other_region, *(flat.ends or ())}
    if flat.kind == 'patrol' and step.kind in AT_PLACES:
        classes = flat.region.classes if flat.region is not None else ()
        return step.region is not None and {*step.region.classes} <= {*classes}
    if step.kind in TO_A_PLACE:
        is_there = step.region in regions
        if step.kind == 'reach':
            return is_there
        looks = flat.kind in (*OF_PLACES, 'conditional')
        return is_there and (looks or (step.kind == 'map_area' and flat.kind in OF_PRESENCE))
    if step.kind == 'survey':
        is_of_all = flat.kind in OF_ALL_THERE_IS and flat.region is None
        return is_of_all or flat.kind in MAPS
    if step.target is None or flat.target is None:
        return False
    is_look = step.kind == 'describe' and flat.kind in SEARCHES
    is_subsumed = is_look or flat.kind in COMPARES
    return is_subsumed and step.target.classes == flat.target.classes


def is_alike(flat: Intent, sentence: Sentence, composed: Composed) -> bool:
    """Whether the flat form says all that the parts say."""
    tree = composed.intent
    if tree is None or tree.constraints:
        return False
    if flat.kind == 'sequence':
        return tree.kind == 'sequence' and [*map(_flat_step, tree.steps)] == [*flat.steps]
    if flat.kind == 'conditional':
        leaves = [part for part in tree.walk() if not part.parts and part is not tree]
        is_nested = any(part.kind == 'conditional' for step in tree.steps for part in step.walk())
        drives = [part for part in leaves if part.kind == 'go_to']
        is_same = tree.kind == 'conditional' and tree.condition is None
        is_two = len(drives) == 2 and all(part.kind in DRIVES_OR_CONDITIONS for part in leaves)
        is_instead = _INSTEAD.search(sentence.text) is not None
        return is_same or (is_two and (is_instead or (is_nested and len(tree.steps) == 1)))
    steps = tree.steps if tree.kind == 'sequence' else (tree,)
    is_led_there = flat.target is not None and not sentence.of('region')
    if is_led_there and steps[0].kind in LEADS_THERE and _TO_O.match(sentence.text):
        steps = steps[1:]
    if not is_accounted_for(flat, sentence, replace(composed, is_conditional=False, read=())):
        return False
    return all(says_all_of(flat, step) for step in steps)


def is_look_there(flat: Intent, part: Intent) -> bool:
    """Whether a drive is only the way to where something is to be mapped."""
    return flat.kind == 'go_to' and part.kind == 'map_area' and part.region == flat.region


def _flat_step(step: Intent) -> Intent:
    """A step in its flat form: to describe something is to find out its description."""
    return (
        replace(step, kind='attribute', attribute='description')
        if step.kind == 'describe'
        else step
    )
