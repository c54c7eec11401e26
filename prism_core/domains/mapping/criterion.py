# SPDX-License-Identifier: Apache-2.0
"""What the judge of the mapping domain knows: kinds of facts and of answers.

| fact | means |
|---|---|
| known | the node is in the known graph |
| mapped | everything that the region shows is known |
| attribute | the value of attribute `detail` is known; `description` is one too |
| visited | the robot was in the region during the episode |
| inspected | the object was inspected during the episode and showed attribute `detail`, or \
anything where that is '' |
| passed | the robot was in the region or drove through it |
| way | it was seen during the episode whether one can drive from the region to `detail` |

An answer of kind `parts` is one of several things, said one behind the other; of kind `each` it is
the same of several nodes, in any order.

Of the `accepted` answers one must be said, all of them for `nodes` and `text`; for `pattern` they
are regular expressions, of which one must be found in what is said, in capitals or not; a question
is right, too, where one is found in it beyond what it only mentions.
"""

from __future__ import annotations

import re

from prism_core.episode.criterion import QUESTION, Criterion
from prism_core.errors import ConfigError
from prism_core.graph.elements import quote

FACTS = ('known', 'mapped', 'attribute', 'visited', 'inspected', 'way', 'passed')
ANSWERS = (
    *('node', 'nodes', 'value', 'number', 'yes_no', 'absence', 'text', 'unreachable', 'any'),
    *(QUESTION, 'pattern', 'parts', 'each'),
)


def check_criterion(criterion: Criterion) -> None:
    """Refuse what the judge does not know.

    Raises:
        ConfigError: of which kind it is, or which regular expression is empty or is none.
    """
    if criterion.answer not in ANSWERS:
        raise ConfigError(
            f'criterion: expected answer to be one of {", ".join(ANSWERS)}, got '
            f'{quote(criterion.answer)}'
        )
    for fact in (*criterion.evidence, *criterion.any_of):
        if fact.kind not in FACTS:
            raise ConfigError(
                f'criterion: expected facts of a kind of {", ".join(FACTS)}, got {quote(fact.kind)}'
            )
    for part in criterion.parts:
        check_criterion(part)
    if criterion.answer == 'pattern':
        for pattern in criterion.accepted:
            _check_pattern(pattern)


def _check_pattern(pattern: str) -> None:
    if not pattern:
        raise ConfigError(
            'expected a regular expression of the right answers, got an empty one, which is found '
            'in every text'
        )
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ConfigError(
            f'expected a regular expression, got {pattern[:80]!r}: {error}; put a backslash before '
            'each sign that stands for itself'
        ) from None


def say_expected(criterion: Criterion) -> str:
    """The answer that is right, in a few words."""
    if criterion.parts:
        return '; '.join(f'{part.about} {say_expected(part)}'.lstrip() for part in criterion.parts)
    if criterion.answer in _EXPECTED:
        return _EXPECTED[criterion.answer]
    if criterion.answer in ('value', 'yes_no', 'number'):
        return criterion.accepted[0]
    if not criterion.accepted:
        return 'nothing'
    return (', ' if criterion.answer in ('nodes', 'text') else ' or ').join(criterion.accepted)


_EXPECTED = {
    'absence': 'there is none',
    'unreachable': 'no way leads there',
    QUESTION: 'a question back',
    'any': 'any, after the work',
}
