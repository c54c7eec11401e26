# SPDX-License-Identifier: Apache-2.0
"""Is a sentence the right answer? It must say one of the accepted values and no other value of the
same kind, and must not deny what it says. A regular expression has but to be found in it; in a
question it must be found beyond the words that are only mentioned there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.quoted_answers import (
    QuotedAnswer,
    claim_of_quote,
    why_value_wrong,
)
from prism_core.episode.criterion import Criterion
from prism_core.graph.names_in_text import NamesInText
from prism_core.graph.scene_graph import SceneGraph

_WORD = re.compile(r"-?\d+|[a-z]+(?:'[a-z]+)?")
_NUMBERS = (
    *('zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'),
    *('eleven', 'twelve'),
)
NUMBER_WORDS = {word: str(number) for number, word in enumerate(_NUMBERS)}
_NO = {'no', 'nope', 'not', 'none', 'nothing', 'never', 'neither', 'nor', 'without', 'cannot'}
_REACHING = {
    *('reach', 'reached', 'reachable', 'way', 'path', 'route', 'access', 'accessible', 'get'),
    *('drive', 'go'),
}
_UNREACHABLE = {'unreachable', 'inaccessible', 'impossible'}
_EMPTY = {'nothing', 'none', 'no', 'empty', 'anything', 'any'}
_YES = {'yes', 'yeah', 'yep', 'affirmative'}
_PLAIN_NO = {'no', 'nope', 'nah', 'negative'}
_LESS = {'fewer', 'less', 'fewest', 'least'}
_ASKING = frozenset(
    (
        *(
            'clarify',
            'ask',
            'question',
            'which',
            'what',
            'who',
            'where',
            'mean',
            'meant',
            'specify',
        ),
        *('ambiguous', 'unclear', 'understand', 'sure', 'exactly'),
    )
)
# What stands there says what the answer is measured against, not what it is.
_COMPARED = re.compile(r'\b(?:than|compared (?:to|with)|versus|vs)\b[^,;]*', re.IGNORECASE)


def why_wrong(
    text: str,
    criterion: Criterion,
    true_graph: SceneGraph,
    lexicon: Lexicon,
    told: Collection[str] = (),
) -> str:
    """Why a sentence is no right answer; '' when it is one. The lexicon tells which words stand for
    the same value; `told` are sentences of the robot: who quotes them says what they say.
    """
    quoted = [sentence for sentence in told if sentence in text]
    if quoted and criterion.answer in ('value', 'yes_no', 'text'):
        return _quoted(text, quoted, criterion, true_graph, lexicon)
    if criterion.answer == 'yes_no':
        return _yes_no(text, criterion, true_graph, lexicon)
    return _READERS[criterion.answer](text, criterion, true_graph)


def is_asked_for(question: str, patterns: Iterable[str]) -> bool:
    """Whether one of some regular expressions wants a question like this one.

    What passes by a single word alone, such as the name of a choice, is only mentioned in it,
    unless it is a word that asks.
    """
    return any(
        re.search(pattern, _without_mentions(question, pattern), re.IGNORECASE)
        for pattern in patterns
    )


def _without_mentions(question: str, pattern: str) -> str:
    def keep(word: re.Match[str]) -> str:
        is_mention = word[0].lower() not in _ASKING and re.search(pattern, word[0], re.IGNORECASE)
        return '' if is_mention else word[0]

    return re.sub(r'\w+', keep, question)


def _quoted(
    text: str, quoted: list[str], criterion: Criterion, graph: SceneGraph, lexicon: Lexicon
) -> str:
    answer = QuotedAnswer.part(text, quoted)
    if criterion.answer == 'yes_no':
        said = claim_of_quote(answer, criterion, graph, lexicon)
        return _yes_no(answer.beside, criterion, graph, lexicon, quoted=said)
    if criterion.answer == 'value':
        return why_value_wrong(
            answer, criterion, graph, lexicon, lambda part: _value(part, criterion, graph)
        )
    return _text(text, criterion, graph, beside=answer.beside)


def names_in(text: str, graph: SceneGraph) -> list[str]:
    """The names of nodes that stand in a text, in order."""
    return [found.name for found in NamesInText(graph.nodes).find(text)]


def _words_without_names(text: str, graph: SceneGraph) -> list[str]:
    text = NamesInText(graph.nodes).replace(text, ' ')
    return _WORD.findall(text.replace('’', "'").lower())


def _is_denied(words: list[str]) -> bool:
    return any(word in _NO or word.endswith("n't") for word in words)


def _said(values: tuple[str, ...], words: list[str]) -> list[str]:
    """Which of some values stand in the words, the longer ones first; each word counts once."""
    text = f' {" ".join(words)} '
    found = []
    for value in sorted(values, key=len, reverse=True):
        if f' {value.lower()} ' in text:
            found.append(value)
            text = text.replace(f' {value.lower()} ', '  ')
    return found


def _node(text: str, criterion: Criterion, graph: SceneGraph) -> str:
    text = _COMPARED.sub(' ', text)
    words = _words_without_names(text, graph)
    names = names_in(text, graph)
    wrong = next((name for name in names if name in criterion.rivals), None)
    if wrong is not None:
        return f'{wrong} is not the answer'
    if not any(name in criterion.accepted for name in names):
        return f'expected {" or ".join(criterion.accepted[:3])}'
    return 'it is denied' if _is_denied(words) or _LESS.intersection(words) else ''


def _nodes(text: str, criterion: Criterion, graph: SceneGraph) -> str:
    names = set(names_in(text, graph))
    wrong = sorted(names & set(criterion.rivals))
    missing = sorted(set(criterion.accepted) - names)
    if wrong or missing:
        return f'{wrong[0]} is not there' if wrong else f'{missing[0]} is missing'
    words = _words_without_names(text, graph)
    if criterion.accepted:
        return 'it is denied' if _is_denied(words) else ''
    return '' if _EMPTY.intersection(words) else 'it does not say that there is nothing'


def _value(text: str, criterion: Criterion, graph: SceneGraph) -> str:
    words = _words_without_names(text, graph)
    found = _said((*criterion.accepted, *criterion.rivals), words)
    if not found:
        return f'expected {criterion.accepted[0]}'
    wrong = next((value for value in found if value in criterion.rivals), None)
    if wrong is not None:
        return f'{wrong} is not the answer'
    return 'it is denied' if _is_denied(words) else ''


def _number(text: str, criterion: Criterion, graph: SceneGraph) -> str:
    words = _words_without_names(text, graph)
    numbers = {NUMBER_WORDS.get(word, word) for word in words}
    numbers = {str(int(number)) for number in numbers if re.fullmatch(r'-?\d+', number)}
    is_denied = _is_denied(words)
    if not numbers and is_denied:
        numbers, is_denied = {'0'}, False
    if numbers != set(criterion.accepted):
        said = ' and '.join(sorted(numbers)) or 'no number'
        return f'expected {criterion.accepted[0]}, it says {said}'
    return 'it is denied' if is_denied else ''


def _yes_no(
    text: str, criterion: Criterion, graph: SceneGraph, lexicon: Lexicon, quoted: str = ''
) -> str:
    """Yes or no, by the word, by what is said of the value asked about, or by both, and by what is
    `quoted` beside the text.

    `accepted` is 'yes' or 'no', then come the words for the value asked about; `rivals` are the
    other values.
    """
    words = _words_without_names(text, graph)
    right, *asked = criterion.accepted
    by_value = _claim_by_value(words, asked, criterion.rivals, lexicon)
    claims = {_claim_by_word(words), by_value, quoted} - {''}
    if len(claims) != 1 or 'both' in claims:
        return 'it says yes and no' if claims else 'it says neither yes nor no'
    (said,) = claims
    return '' if said == right else f'expected {right}, it says {said}'


def _claim_by_word(words: list[str]) -> str:
    is_yes = any(word in _YES for word in words)
    is_no = bool(words) and words[0] in _PLAIN_NO
    if is_yes and (any(word in _PLAIN_NO for word in words) or words[0] == 'not'):
        return 'both'
    return 'yes' if is_yes else 'no' if is_no else ''


def _claim_by_value(
    words: list[str], asked: list[str], rivals: tuple[str, ...], lexicon: Lexicon
) -> str:
    if words and words[0] in _YES | _PLAIN_NO:
        words = words[1:]
    said = _said((*asked, *rivals), words)
    is_denied = _is_denied(words)
    if any(value in asked for value in said):
        has_rival = any(value in rivals for value in said)
        return 'no' if is_denied else 'both' if has_rival else 'yes'
    if is_denied:  # of two values, to deny the one is to affirm the other
        phrases = lexicon.attribute_phrases
        values = {phrases[word][1] for word in rivals if word in phrases}
        return 'yes' if said and len(values) == 1 else ''
    return 'no' if said else ''


def _absence(text: str, criterion: Criterion, graph: SceneGraph) -> str:
    wrong = next((name for name in names_in(text, graph) if name in criterion.rivals), None)
    if wrong is not None:
        return f'{wrong} is not the answer'
    is_denied = _is_denied(_words_without_names(text, graph))
    return '' if is_denied else 'it does not say that there is none'


def _unreachable(text: str, criterion: Criterion, graph: SceneGraph) -> str:
    words = _words_without_names(text, graph)
    is_denied = _is_denied(words)
    if _UNREACHABLE.intersection(words):
        return 'it is denied' if is_denied else ''
    if is_denied and _REACHING.intersection(words):
        return ''
    return 'it does not say that it cannot be reached'


def _text(text: str, criterion: Criterion, graph: SceneGraph, beside: str | None = None) -> str:
    words = _words_without_names(text, graph)
    wanted = [word for part in criterion.accepted for word in _WORD.findall(part.lower())]
    if not set(wanted) <= set(words):
        return f'expected it to say: {criterion.accepted[0]}'
    right = criterion.accepted[0].lower()
    rivals = (part for part in criterion.rivals if part.lower() not in right)
    wrong = next((part for part in rivals if part.lower() in text.lower()), None)
    if wrong is not None:
        return f'it says {wrong}, too'
    if beside is not None:  # what is quoted may deny what it likes
        words = _words_without_names(beside, graph)
    return 'it is denied' if _is_denied([w for w in words if w not in wanted]) else ''


def _any(text: str, criterion: Criterion, graph: SceneGraph) -> str:
    return 'it is denied' if _is_denied(_words_without_names(text, graph)) else ''


def _pattern(text: str, criterion: Criterion, graph: SceneGraph) -> str:
    if any(re.search(pattern, text, re.IGNORECASE) for pattern in criterion.accepted):
        return ''
    return f'expected {" or ".join(criterion.accepted)}'


_READERS = {
    'node': _node,
    'nodes': _nodes,
    'value': _value,
    'number': _number,
    'absence': _absence,
    'unreachable': _unreachable,
    'text': _text,
    'any': _any,
    'pattern': _pattern,
}
