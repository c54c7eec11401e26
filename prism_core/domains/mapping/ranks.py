# SPDX-License-Identifier: Apache-2.0
"""Which values of an attribute come before which: by the order of a lexicon, or as numbers."""

from __future__ import annotations

import re

from prism_core.domains.mapping.lexicon import Lexicon

HIGH, LOW = 'high', 'low'
"""The ends of attributes that are numbers."""
_NUMBER = re.compile(r'-?\d+(?:\.\d+)?')


def ordered_attributes(lexicon: Lexicon) -> dict[str, tuple[str, str]]:
    """The attributes of which there can be more or less, each with the two ends of its values."""
    return {
        key: (values[0], values[-1])
        for key, spec in lexicon.attributes.items()
        if spec.comparatives and (values := [*spec.values])
    }


def rank_of(lexicon: Lexicon, attribute: str, end: str, seen: object) -> float | None:
    """How close a value comes to an end of its attribute, the higher the closer; None where it has
    no place in the order.
    """
    spec = lexicon.attributes.get(attribute)
    if spec is not None and spec.comparatives:
        values = [*spec.values]
        if seen not in values or end not in values:
            return None
        return -float(abs(values.index(str(seen)) - values.index(end)))
    number = _NUMBER.search(str(seen))
    if number is None or end not in (HIGH, LOW):
        return None
    return float(number[0]) if end == HIGH else -float(number[0])
