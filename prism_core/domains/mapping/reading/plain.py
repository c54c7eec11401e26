# SPDX-License-Identifier: Apache-2.0
"""What keeps a sentence from being a plain question: a condition, a negation, something to do."""

from __future__ import annotations

import re

_IF = re.compile(r'\b(?:if|unless|when|once|otherwise|then)\b')
_ASKED_IF = re.compile(
    r'\b(?:tell me|tell|know|see|check|find out|say|verify|confirm|wonder\w*|report|sure|determine|'
    r'ask|look) (?:me )?(?:if|whether|that)\b|^(?:if|whether)\b'
)
_NOT = re.compile(r'\b(?:not|neither|nor|no longer|never|except|but)\b')
_HARMLESS_NOT = re.compile(
    r'\b(?:(?:are|am|is) not (?:sure|certain|clear)|(?:do|does) not know|yes or no|or not)\b'
)
_DEED = re.compile(
    r'\b(?:go|goto|drive|move|head|proceed|navigate|visit|patrol|travel|return|come|take me|'
    r'bring|lead|guide|roll|approach)\b'
)
_GO_AND_SEE = re.compile(
    r'\b(?:go|come|drive|head|move|run)(?: (?:over|out|there|around|round|to R))* and '
    r'(?:see|check|look|find|count|tell|inspect|report|list|read|verify|say|have)\b'
)


def is_under_condition(text: str) -> bool:
    """Whether a tagged text says what to do in some case, other than in `tell me if`."""
    return _IF.search(_ASKED_IF.sub(' ', text)) is not None


def asks_if(text: str) -> bool:
    """Whether it asks whether something is so, as in `check that`."""
    return _ASKED_IF.search(text) is not None


def denies(text: str) -> bool:
    """Whether it has a negation that matters."""
    return _NOT.search(_HARMLESS_NOT.sub(' ', text)) is not None


def asks_to_go(text: str) -> bool:
    """Whether it asks to drive somewhere, other than in `go and see`."""
    return _DEED.search(_GO_AND_SEE.sub(' ', text)) is not None


def asks_for_more(text: str) -> bool:
    """Whether it is no plain question: says what to do in some case, or asks to drive somewhere."""
    return is_under_condition(text) or asks_to_go(text)
