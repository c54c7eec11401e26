# SPDX-License-Identifier: Apache-2.0
"""What a sentence means that speaks of one thing: which kind it is, only all that it says tells."""

from __future__ import annotations

import re

from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.reading.nouns import Mention
from prism_core.domains.mapping.reading.reading import Reading


def read_one_noun(reading: Reading) -> Intent:
    """What is asked of the one object, region or purpose of a sentence, or of the whole site."""
    if reading.objects:
        return _of_object(reading)
    if reading.things:
        return Intent('find', reading.things[0].target)
    if reading.regions:
        return _of_region(reading, reading.regions[0].target)
    return Intent('survey' if reading.has('survey') else 'vague')


def _of_region(reading: Reading, region: Target) -> Intent:
    kind = 'go_to'
    if reading.has('map'):
        kind = 'map_area'
    elif reading.has('reach'):
        kind = 'reach'
    return Intent(kind, region=region)


def _of_object(reading: Reading) -> Intent:
    subject = reading.subject()
    target = reading.specific(subject)
    value = _predicate(reading)
    attribute = _attribute(reading, value)
    if attribute:
        return Intent('attribute', target, attribute=attribute)
    if value is not None:
        return Intent('yes_no', target, attribute=value.attribute, value=value.value)
    is_any = (subject.article == 'a' or len(target.classes) > 1) and not target.name
    if is_any and subject.article != 'the':
        return _of_any(reading, subject)
    if reading.has('travel') and not reading.has('describe'):
        region = reading.region_of(target)
        return Intent('go_to', region=region) if region else Intent('locate', target)
    return Intent(_kind_for_one(reading, subject), target)


def _of_any(reading: Reading, subject: Mention) -> Intent:
    """A sentence about any of a class."""
    target = reading.questions.any_of(subject)
    if reading.has('seek'):
        return Intent('find', target)
    if reading.has('exists'):
        return Intent('exists', target)
    if reading.has('describe') or not reading.has('where'):
        return Intent('describe', reading.specific(subject))
    return Intent('find', target)


def _kind_for_one(reading: Reading, subject: Mention) -> str:
    if re.search(r'\bwhere(?:abouts)?\b(?! you)', reading.text):
        return 'locate'
    if reading.has('describe'):
        return 'describe'
    if reading.has('where'):
        return 'locate'
    if reading.has('seek'):
        return 'locate' if reading.is_one(subject) else 'find'
    return 'describe'


def _predicate(reading: Reading) -> Mention | None:
    """The value that is asked about."""
    values = reading.sentence.of('value')
    if reading.has('where') and not reading.has('doubt'):
        return None
    return values[0] if values else None


def _attribute(reading: Reading, value: Mention | None) -> str:
    """The attribute that is asked for; '' when none is, or a value is asked about."""
    said = reading.sentence.of('value')
    values = {v.value for v in said if value and v.attribute == value.attribute}
    if value is not None and len(values) > 1:
        return value.attribute
    if value is not None:
        is_open = re.search(r'\bhow $', reading.text[: value.start])
        return value.attribute if is_open else ''
    keys = reading.sentence.of('attribute')
    return keys[0].attribute if keys else reading.own_attribute()
