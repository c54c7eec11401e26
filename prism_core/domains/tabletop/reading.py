# SPDX-License-Identifier: Apache-2.0
"""Reads sentences about a table: by what they mention, and by the words between.

Every word has to be known; a sentence with another one means nothing that can be acted on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from prism_core.domains.tabletop.meaning import HELD, TABLE, VAGUE, Meaning, every, put, thing
from prism_core.domains.tabletop.state import CONTAINERS, GRIPPER, SPOTS
from prism_core.domains.tabletop.words import COLORS, UNSEEN_COLORS, load_words
from prism_core.graph.calling import calls_of
from prism_core.graph.elements import Node
from prism_core.graph.names_in_text import NamesInText
from prism_core.graph.scene_graph import SceneGraph

_TOKEN = re.compile(r'[\w.\-]*\w|,')
_NAME = re.compile(r'\w*[a-z][\w.\-]*[_\d][\w.\-]*', re.IGNORECASE)
_SAID = re.compile('[a-z]+( [a-z]+)*')
"""A name of plain words is said like a class."""
_MODIFIERS = frozenset((*COLORS, *UNSEEN_COLORS, 'top', 'bottom', 'left', 'right'))
_TABLE, _BLOCK, _BOWL = 'table', 'block', 'bowl'


@dataclass(frozen=True)
class Mention:
    """Something that a sentence speaks of: its words, whether all of them are meant, the words
    before it since the last one, and where it stands among all words of the sentence.
    """

    words: str
    is_many: bool = False
    before: tuple[str, ...] = field(default=(), compare=False)
    span: tuple[int, int] = field(default=(0, 0), compare=False)

    @property
    def meaning(self) -> Meaning:
        """What it means."""
        if self.words == _TABLE:
            return TABLE
        return every(self.words) if self.is_many else thing(self.words)

    def follows(self, *sorts: str) -> bool:
        """Whether one of the words before it is of some sorts."""
        return any(word in words_of(sort) for sort in sorts for word in self.before)


def words_of(sort: str) -> Sequence[str]:
    """The words of a sort, such as `in` or `deeds`."""
    return load_words('reading')[sort]


def read_request(request: str, graph: SceneGraph) -> Meaning:
    """What a sentence means on a known graph; `VAGUE` where it is not understood."""
    mentions, rest = find_mentions(request, graph)
    words = [*(w for m in mentions for w in m.before), *rest]
    if not UNDERSTOOD.issuperset(words):
        return VAGUE
    sentence = _Sentence(mentions, words, tuple(rest))
    found = (read(sentence) for read in _RULES)
    return next((meaning for meaning in found if meaning is not None), VAGUE)


# ------------------------------------------------------------------------------------- what is said


def find_mentions(request: str, graph: SceneGraph) -> tuple[list[Mention], list[str]]:
    """What a sentence speaks of, in order, and the words behind the last of it."""
    names: dict[str, list[str]] = {}
    for name in graph.objects:
        names.setdefault(name.lower(), []).append(name)
    known = _known_words(graph.objects.values())
    said = [*split_request(request, graph)]
    tokens = [token.lower() for token in said]
    mentions: list[Mention] = []
    before: list[str] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        is_name = said[at] in graph.objects and not _SAID.fullmatch(said[at])
        if is_name or _NAME.fullmatch(token):
            own = names.get(token, ())
            name = own[0] if len(own) == 1 else said[at]
            mentions.append(Mention(name, before=_strip(before), span=(at, at + 1)))
            before, at = [], at + 1
            continue
        end, words, is_many = _read_phrase(tokens, at, known)
        if not words:
            before.append(token)
            at += 1
        elif words == _TABLE and before[-2:-1] == ['of'] and mentions and len(before) == 2:
            before, at = [], end  # the middle of the table
        else:
            kept = _strip(before)
            is_all = kept[-1:] in [(word,) for word in words_of('all')]
            spelled = ' '.join(said[at:end])
            if len(names.get(spelled.lower(), ())) > 1 and spelled not in graph.objects:
                words = spelled  # two names that differ in case only
            before = list(kept[:-1] if is_all else kept)
            mentions.append(Mention(words, is_many or is_all, tuple(before), (at, end)))
            before, at = [], end
    return mentions, list(_strip(before))


def split_request(request: str, graph: SceneGraph) -> Iterator[str]:
    """The words of a request as they are spelled; the name of a node is one, whatever it is."""
    at = 0
    for start, end, name in NamesInText(graph.objects).find(request):
        if not _SAID.fullmatch(name):
            yield from _TOKEN.findall(request[at:start])
            yield name
            at = end
    yield from _TOKEN.findall(request[at:])


def _strip(words: Sequence[str]) -> tuple[str, ...]:
    """The words without articles."""
    return tuple(word for word in words if word not in words_of('determiners'))


@dataclass(frozen=True)
class _Known:
    """What things are called on a table: in full, the last words, and those that may stand before
    them.
    """

    calls: frozenset[str]
    heads: frozenset[str]
    modifiers: frozenset[str]


def _known_words(objects: Iterable[Node]) -> _Known:
    book = load_words('reading')
    calls = frozenset().union(*map(calls_of, objects))
    heads = {_BLOCK, _BOWL, _TABLE, *book['nouns'], *CONTAINERS, *SPOTS}
    modifiers = {*_MODIFIERS, *book['adjectives']}
    for called in calls:
        *first, last = called.split() or ['']
        if len(last) > 1:  # of dish a it is dish that is said
            heads.add(last)
            modifiers.update(first)
    return _Known(calls, frozenset(heads - {GRIPPER, ''}), frozenset(modifiers))


def _read_phrase(tokens: Sequence[str], at: int, known: _Known) -> tuple[int, str, bool]:
    """The noun with what stands before it that begins at a token; '' where none does."""
    book = load_words('reading')
    said: list[str] = []
    end = at
    while end < len(tokens) and tokens[end] in known.modifiers:
        said.append(book['adjectives'].get(tokens[end], tokens[end]))
        end += 1
    if end < len(tokens):
        noun, is_many = _singular(tokens[end], known.heads)
        if noun:
            in_full = ' '.join([*tokens[at:end], noun])
            if in_full in known.calls:
                return end + 1, in_full, is_many
            noun = book['nouns'].get(noun, noun)
            said = [word for word in said if word]
            if noun == 'corner':
                said.sort(key=lambda word: word in ('left', 'right'))  # left upper corner
            return end + 1, ' '.join([*said, noun]), is_many
    if len(said) == 1 and said[0] in (*COLORS, *UNSEEN_COLORS):
        return at + 1, f'{said[0]} {_BLOCK}', False  # red on green
    return at, '', False


def _singular(token: str, heads: frozenset[str]) -> tuple[str, bool]:
    if token in heads:
        return token, False
    for end in ('s', 'es'):
        if token.endswith(end) and token[: -len(end)] in heads:
            return token[: -len(end)], True
    return '', False


# --------------------------------------------------------------------------------- what that means


@dataclass(frozen=True)
class _Sentence:
    """What it mentions, all other words, and those behind the last mention."""

    mentions: list[Mention]
    words: list[str]
    rest: tuple[str, ...]

    def has(self, *sorts: str) -> bool:
        """Whether there is a word of some sorts between what is mentioned."""
        return any(word in words_of(sort) for sort in sorts for word in self.words)

    @property
    def things(self) -> list[Mention]:
        """What is mentioned, each once."""
        return list(dict.fromkeys(self.mentions))


def _read_swap(said: _Sentence) -> Meaning | None:
    is_swap = said.has('swap') or ('change' in said.words and said.has('places'))
    is_swap = is_swap or said.words.count('where') == 2
    things = said.things
    if not is_swap or len(things) != 2 or any(m.is_many for m in things):
        return None
    return Meaning('swap', parts=tuple(m.meaning for m in things))


def _read_sort(said: _Sentence) -> Meaning | None:
    things = said.things
    is_sort = said.has('sort', 'color') or 'their' in said.words
    if not is_sort or not things or things[0].words != _BLOCK:
        return None
    if any(m.words != _BOWL for m in things[1:]):
        return None
    return Meaning('sort', parts=(every(_BLOCK),))


def _read_spread(said: _Sentence) -> Meaning | None:
    things = said.things
    if len(things) != 2 or things[1].words != 'corner':
        return None
    is_apart = said.has('apart') or things[1].is_many
    if not is_apart or not things[0].is_many:
        return None
    return Meaning('spread', parts=(every(things[0].words),))


def _read_held(said: _Sentence) -> Meaning | None:
    if not said.has('held') and said.words != ['free', 'your']:
        return None
    places = [m for m in said.mentions if m.words != _BLOCK]
    if not places:
        return put(HELD, TABLE)
    return put(HELD, places[0].meaning) if len(places) == 1 and not places[0].is_many else None


def _read_inside(said: _Sentence) -> Meaning | None:
    is_all = 'all' in said.words  # all that is in …
    if not (said.has('inside') or is_all) or not said.mentions or len(said.mentions) > 2:
        return None
    holder, *others = said.mentions
    if holder.is_many or holder.words == _TABLE or any(m.is_many for m in others):
        return None
    target = others[0].meaning if others else TABLE
    return put(Meaning('inside', parts=(holder.meaning,)), target)


def _read_stack(said: _Sentence) -> Meaning | None:
    things = said.things
    if len(things) < 3 or any(m.is_many for m in things):
        return None
    links = {(upper.words, lower.words) for upper, lower in _links(said) if lower.words != _TABLE}
    links = {link for link in links if link[0] != link[1]}
    lowers = {lower for _, lower in links}
    chain = [m.words for m in things if m.words not in lowers]
    while len(chain) == 1 or (chain and links):
        after = [lower for upper, lower in links if upper == chain[-1]]
        if len(after) != 1:
            break
        chain.append(after[0])
        links = {link for link in links if link[0] != chain[-2]}
    if len(chain) == len(things) and not links and len(lowers) == len(things) - 1:
        return Meaning('stack', parts=tuple(thing(words) for words in chain))
    return _read_listed_stack(said, things)


def _read_listed_stack(said: _Sentence, things: list[Mention]) -> Meaning | None:
    """A tower that is told as a list, from one end to the other."""
    if not said.has('stack') or any(m.follows('on') for m in things):
        return None
    ends = [word for word in said.words if word in ('top', 'bottom')]
    if ends == ['bottom'] or ends[:2] == ['bottom', 'top']:
        things = things[::-1]
    elif ends != ['top'] and ends[:2] != ['top', 'bottom']:
        return None
    return Meaning('stack', parts=tuple(m.meaning for m in things))


def _links(said: _Sentence) -> Iterator[tuple[Mention, Mention]]:
    """What is to be on what: neighbours with a word for it between them."""
    for one, other in zip(said.mentions, said.mentions[1:]):
        if other.follows('on') and not other.follows('then'):
            yield one, other


def _read_undo(said: _Sentence) -> Meaning | None:
    if not said.has('undo') and 'back' not in said.rest:
        return None
    if not said.mentions:
        return Meaning('undo')
    part = _read_put(said)
    return None if part is None else Meaning('undo', parts=(part,))


def _read_put(said: _Sentence) -> Meaning | None:
    mentions = said.mentions
    if len(mentions) == 2:
        return _put(*mentions)
    if len(mentions) == 4 and mentions[2].follows('then') and mentions[0] != mentions[2]:
        parts = (_put(*mentions[:2]), _put(*mentions[2:]))
        if parts[0] is not None and parts[1] is not None:
            return Meaning('both', parts=parts)  # type: ignore[arg-type]
    return None


def _put(one: Mention, other: Mention) -> Meaning | None:
    what, where = one, other
    if one.follows('in', 'on', 'to') and not other.follows('in', 'on', 'to'):
        what, where = other, one
    if not where.follows('in', 'on', 'to') or where.follows('from') or what.follows('from'):
        return None
    if where.is_many or what.words == _TABLE:
        return None
    return put(what.meaning, where.meaning)


_RULES: tuple[Callable[[_Sentence], Meaning | None], ...] = (
    *(
        _read_undo,
        _read_swap,
        _read_held,
        _read_sort,
        _read_spread,
        _read_stack,
        _read_inside,
        _read_put,
    ),
)
UNDERSTOOD = frozenset(
    word
    for sort, words in load_words('reading').items()
    if isinstance(words, list)
    for word in words
)
"""The words that may stand between what a sentence mentions."""
