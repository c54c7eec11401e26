# SPDX-License-Identifier: Apache-2.0
"""The words of the mapping domain: its lexicon, its phrasings, and what of both is held out.

What is held out is chosen by hash, so that it stays held out when words are added.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from random import Random
from typing import Any

from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.words.voices import load_voices
from prism_core.graph.elements import NodeKind

_LEXICON_FILES = ('attributes', 'groups', 'objects', 'places', 'purposes', 'regions')
_HELD_OUT_SHARE = 0.2


def is_held_out(text: str, share: float = _HELD_OUT_SHARE) -> bool:
    """Whether a phrasing or a class is held out from training worlds."""
    return _hash(text) < share


def _hash(text: str) -> float:
    """A number from 0 to 1 that depends on the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], 'big') / 2**48


@dataclass(frozen=True)
class Words:
    """The lexicon, the phrasings of each group of sentences, and details for descriptions.

    `of_site` are the object classes and the families of places that a site defines: nothing of
    these is held out from training worlds. `site_nouns` is all that its file has a word for.
    `voices` are the phrasings of each voice, `people_call` what people call classes and purposes
    beside what the lexicon has.
    """

    lexicon: Lexicon
    all_phrasings: Mapping[str, tuple[str, ...]]
    object_details: tuple[str, ...]
    region_details: tuple[str, ...]
    of_site: frozenset[str]
    site_nouns: tuple[str, ...]
    voices: Mapping[str, Mapping[str, tuple[str, ...]]]
    people_call: Mapping[str, tuple[str, ...]]

    @cached_property
    def held_out_family(self) -> str:
        """The family of places that no training world is of; '' where all are a site's own."""
        return min(sorted(self.lexicon.places.keys() - self.of_site), key=_hash, default='')

    def is_held_out_class(self, name: str) -> bool:
        """Whether an object class is in no training world."""
        return name not in self.of_site and is_held_out(name, _HELD_OUT_SHARE / 2)

    def families(self, tier: str, unseen: Iterable[str]) -> list[str]:
        """The families to draw worlds from."""
        if 'places' in unseen and self.held_out_family:
            return [self.held_out_family]
        families = sorted(set(self.lexicon.places) - {self.held_out_family})
        return [f for f in families if len(self.region_classes(f, tier)) >= 5]

    def region_classes(self, family: str, tier: str) -> list[str]:
        """The region classes of a family."""
        tiers = self.lexicon.region_tiers
        return [r for r in self.lexicon.places[family] if tier == 'full' or tiers[r] == 'core']

    def typical_objects(self, family: str, region_class: str) -> tuple[str, ...]:
        """What usually stands in a region of a class."""
        regions = self.lexicon.places[family]
        if region_class in regions:
            return regions[region_class]
        other = (r for r in self.lexicon.places.values() if region_class in r)
        return next(other, {region_class: ()})[region_class]

    def object_classes(self, tier: str, unseen: Iterable[str], family: str) -> frozenset[str]:
        """The object classes that a world of a family may hold."""
        return self._object_classes(tier, 'classes' in unseen, family)

    @cache  # noqa: B019 - one instance for the whole process
    def _object_classes(self, tier: str, with_unseen: bool, family: str) -> frozenset[str]:
        return frozenset(
            name
            for objects in self.lexicon.places[family].values()
            for name in objects
            if (tier == 'full' or self.lexicon.objects[name].tier == 'core')
            and (with_unseen or not self.is_held_out_class(name))
        )

    def draw_attributes(self, rng: Random, object_class: str) -> dict[str, str]:
        """A value for each attribute that objects of a class have."""
        keys = self.lexicon.objects[object_class].attributes
        return {key: rng.choice(sorted(self.lexicon.attributes[key].values)) for key in keys}

    @cache  # noqa: B019 - one instance for the whole process
    def phrasings(self, group: str, is_unseen: bool) -> tuple[str, ...]:
        """The phrasings of a group: those that are held out, or the others."""
        return split_held_out(self.all_phrasings[group], is_unseen)

    def names_of(self, name: str, is_unseen: bool) -> tuple[str, ...]:
        """What a class, of objects or of regions, may be called."""
        known = self.lexicon.objects.get(name)
        synonyms = known.synonyms if known is not None else self.lexicon.regions.get(name, ())
        return (name, *_of_either(synonyms, is_unseen))

    def called(self, name: str, is_unseen: bool) -> tuple[str, ...]:
        """What people call a class or a purpose beside what the lexicon has."""
        return _of_either(self.people_call.get(name, ()), is_unseen)

    def purposes_of(self, purpose: str, is_unseen: bool) -> tuple[str, ...]:
        """How a purpose may be put."""
        return (purpose, *_of_either(self.lexicon.purposes[purpose], is_unseen))

    def __hash__(self) -> int:
        return id(self)


def split_held_out(texts: Sequence[str], is_unseen: bool) -> tuple[str, ...]:
    """The part of some texts that is held out, or the rest; at least one text is in each."""
    by_hash = sorted(texts, key=_hash)
    held_out = {text for text in texts if is_held_out(text)} or {by_hash[0]}
    if len(held_out) == len(texts):
        held_out.discard(by_hash[-1])
    return tuple(text for text in texts if (text in held_out) == is_unseen)


def _of_either(texts: Sequence[str], is_unseen: bool) -> tuple[str, ...]:
    return tuple(text for text in texts if is_held_out(text) == is_unseen)


@cache
def load_words() -> Words:
    """The packaged words."""
    return make_words(load_lists())


@cache
def load_new_nouns() -> dict[NodeKind, tuple[str, ...]]:
    """Nouns of regions and of objects that no packaged list has: no training world holds one."""
    return {kind: tuple(_load('new_nouns')[f'{kind}s']) for kind in ('region', 'object')}


def load_lists() -> dict[str, dict[str, Any]]:
    """What the packaged files of the lexicon hold, by their names."""
    return {name: _load(name) for name in _LEXICON_FILES}


def make_words(
    lists: Mapping[str, Any],
    *,
    of_site: frozenset[str] = frozenset(),
    site_nouns: tuple[str, ...] = (),
) -> Words:
    """Words of some lists in the form of the packaged ones, with the packaged phrasings.

    Args:
        lists: as `load_lists` gives them.
        of_site: what of them is a site's own.
        site_nouns: the names of the nouns in its file.
    """
    details = _load('details')
    phrasings = {**_load('phrasings'), **_load('composed')}
    return Words(
        lexicon=Lexicon.from_lists({**lists, 'comparatives': _load('comparatives')}),
        all_phrasings={group: tuple(texts) for group, texts in phrasings.items()},
        object_details=tuple(details['objects']),
        region_details=tuple(details['regions']),
        of_site=of_site,
        site_nouns=site_nouns,
        voices=load_voices(),
        people_call={name: tuple(texts) for name, texts in _load('people_call').items()},
    )


def _load(name: str):
    text = resources.files(__package__).joinpath(f'{name}.json').read_text('utf-8')
    return json.loads(text)
