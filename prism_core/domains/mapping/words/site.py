# SPDX-License-Identifier: Apache-2.0
"""A site's own words, from a YAML file, over the packaged ones; `docs/words.md` says how it is
written.

Knows no sentences. What cannot be used is refused with its place: the file, the section, the name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from prism_core.config_file import read_config
from prism_core.domains.mapping.words import Words, load_lists, make_words
from prism_core.errors import ConfigError
from prism_core.graph.calling import words_of_name

_NOUN = re.compile(r'[^\W_]+(?: [^\W_]+)*')
_NAME_IN_GRAPH = re.compile(r'[^\W_]+(?:[ _-][^\W_]+)*')
_OBJECT_LISTS = ('synonyms', 'purposes', 'attributes', 'looks_like')
_NOUNS, _ATTRIBUTES = ('objects', 'regions', 'groups', 'purposes'), ('attributes',)

_Read = Callable[[Any, str], str]
_Lists = dict[str, dict[str, Any]]
"""What the packaged files hold, by their names, see `Lexicon.from_lists`."""


@dataclass(frozen=True)
class _SiteFile:
    """The file as it stands; `only`: without the packaged words."""

    only: bool = False
    objects: Any = None
    regions: Any = None
    groups: Any = None
    purposes: Any = None
    attributes: Any = None
    places: Any = None


def read_words(path: Path) -> Words:
    """The words of a site: those of a file over the packaged ones, or alone.

    Raises:
        ConfigError: the file cannot be used: what was expected, what came, and where.
    """
    file = read_config(path, _SiteFile)
    try:
        site = _read_sections(file)
        base = {name: {} for name in site} if file.only else load_lists()
        _check_twice(site)
        merged = _merge(base, site)
        _check_references(site, merged)
    except ConfigError as error:
        raise ConfigError(f'{path}: {error}') from error
    return make_words(
        merged,
        of_site=frozenset((*site['objects'], *site['places'])),
        site_nouns=tuple(name for section in _NOUNS for name in site[section]),
    )


# ----------------------------------------------------------------------------------------- reading


def _read_sections(file: _SiteFile) -> _Lists:
    """The sections of the file in the form of the packaged lists."""
    read: dict[str, Callable[[Any, str], Any]] = {
        'objects': _read_object,
        'regions': _words,
        'groups': _read_group,
        'purposes': _words,
        'attributes': _read_attribute,
        'places': _read_place,
    }
    sections, site = asdict(file), _Lists()
    for section in read:
        given = sections[section]
        site[section] = {}
        for name, entry in _mapping({} if given is None else given, section).items():
            called = (_name_in_graph if section == 'attributes' else _noun)(name, section)
            if called in site[section]:
                raise ConfigError(f'{section}: expected each name once, got {called!r} twice')
            site[section][called] = read[section](entry, f'{section}: {called}')
    if not any(site.values()):
        raise ConfigError(f'expected some of {", ".join(site)}, got no words')
    return site


def _read_object(entry: Any, where: str) -> dict[str, Any]:
    known = ('plural', *_OBJECT_LISTS)
    given = _keys({} if entry is None else entry, known, where)
    read: dict[str, Any] = {'tier': 'core'}
    for key in _OBJECT_LISTS:
        as_said = _name_in_graph if key == 'attributes' else _noun
        read[key] = _words(given.get(key), f'{where}: {key}', as_said)
    if 'plural' in given:
        read['plural'] = _noun(given['plural'], f'{where}: plural')
    return read


def _read_group(entry: Any, where: str) -> list[str]:
    return _some(_words(entry, where), where, 'classes')


def _read_attribute(entry: Any, where: str) -> dict[str, Any]:
    given = _keys(entry, ('words', 'values'), where)
    listed = _mapping(given.get('values', {}), f'{where}: values')
    values = {}
    for value, synonyms in _some(listed, f'{where}: values', 'values').items():
        called = _name_in_graph(value, f'{where}: values')
        values[called] = _words(synonyms, f'{where}: values: {called}')
    return {'words': _words(given.get('words'), f'{where}: words'), 'values': values}


def _read_place(entry: Any, where: str) -> dict[str, Any]:
    regions = _some(_mapping(entry, where), where, 'region classes')
    return {
        _noun(name, where): {'tier': 'core', 'objects': _words(objects, f'{where}: {name}')}
        for name, objects in regions.items()
    }


def _mapping(value: Any, where: str) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(f'{where}: expected names, each with what belongs to it, got {value!r}')
    return value


def _keys(entry: Any, known: tuple[str, ...], where: str) -> Mapping[Any, Any]:
    for key in _mapping(entry, where):
        if key not in known:
            raise ConfigError(f'{where}: expected some of {", ".join(known)}, got {key!r}')
    return entry


def _some(found: Any, where: str, what: str) -> Any:
    if not found:
        raise ConfigError(f'{where}: expected {what}, got none')
    return found


def _words(value: Any, where: str, read: _Read | None = None) -> list[str]:
    """A list of words; nothing stands for an empty one."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise ConfigError(f'{where}: expected a list of words, such as [one, other], got {value!r}')
    return list(dict.fromkeys((read or _noun)(word, where) for word in value))


def _noun(value: Any, where: str) -> str:
    """A word as requests and the names of nodes have it: HX and heat_exchanger in small letters."""
    noun = ' '.join(words_of_name(_text(value, where)))
    if not _NOUN.fullmatch(noun):
        raise ConfigError(f'{where}: expected words of letters and digits, got {value!r}')
    return noun


def _name_in_graph(value: Any, where: str) -> str:
    """An attribute or a value, which has to be as it stands in maps."""
    name = _text(value, where).strip()
    if name != name.lower() or not _NAME_IN_GRAPH.fullmatch(name):
        raise ConfigError(
            f'{where}: expected small letters and digits, as attributes and their values are in '
            f'the map, got {value!r}'
        )
    return name


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise ConfigError(
            f'{where}: expected a word, got {value!r}, as YAML reads it; put the word in quotes'
        )
    return value


# ---------------------------------------------------------------------------------------- checking


def _said(lists: _Lists, sections: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each word that stands for something, and for what: the section, the name, the value."""
    for section in sections:
        for name, entry in lists[section].items():
            yield name, (section, name)
            if section == 'objects':
                yield from ((word, (section, name)) for word in entry['synonyms'])
                if entry.get('plural'):
                    yield entry['plural'], (section, name)
            elif section == 'attributes':
                yield from ((word, (section, name)) for word in entry['words'])
                for value, synonyms in entry['values'].items():
                    yield from ((w, (section, name, value)) for w in (value, *synonyms))
            elif section != 'groups':
                yield from ((word, (section, name)) for word in entry)


def _check_twice(site: _Lists) -> None:
    """Refuse a word of the file that stands for two things."""
    for sections in (_NOUNS, _ATTRIBUTES):
        meant: dict[str, tuple[str, ...]] = {}
        for word, owner in _said(site, sections):
            other = meant.setdefault(word, owner)
            if other != owner:
                raise ConfigError(
                    f'{": ".join(owner)}: expected each word to stand for one thing, got {word!r}, '
                    f'which stands for {": ".join(other)}, too; leave it out of one of them'
                )


def _check_references(site: _Lists, merged: _Lists) -> None:
    """Refuse names that nothing is called by."""

    def check(names: list[str], section: str, where: str) -> None:
        for name in names:
            if name not in merged[section]:
                raise ConfigError(
                    f'{where}: expected names of {section}, got {name!r}; add it to {section}'
                )

    for name, entry in site['objects'].items():
        for key, section in (('purposes',) * 2, ('attributes',) * 2, ('looks_like', 'objects')):
            check(entry[key], section, f'objects: {name}: {key}')
    for name, members in site['groups'].items():
        check(members, 'objects', f'groups: {name}')
    for family, regions in site['places'].items():
        check([*regions], 'regions', f'places: {family}')
        for region, entry in regions.items():
            check(entry['objects'], 'objects', f'places: {family}: {region}')


# ----------------------------------------------------------------------------------------- merging


def _merge(base: _Lists, site: _Lists) -> _Lists:
    """The packaged words with those of the site over them: what the site defines it defines anew,
    and a synonym of ours that it uses for something else is no longer one.
    """
    kept = {
        section: {name: entry for name, entry in entries.items() if name not in site[section]}
        for section, entries in base.items()
    }
    for sections in (_NOUNS, _ATTRIBUTES):
        meant = dict(_said(site, sections))
        for name, owner in _main_words(kept, sections):
            if name in meant:
                raise ConfigError(
                    f'{": ".join(meant[name])}: expected words that are free, got {name!r}, which '
                    f'is {": ".join(owner)} of the packaged words; use that, leave the word out, '
                    f'define {": ".join(owner[:2])} anew, or say only: true'
                )
        for section in sections:
            kept[section] = {n: _without(e, meant) for n, e in kept[section].items()}
    merged = {section: {**kept[section], **site[section]} for section in site}
    _keep_tiers(base, merged)
    return merged


def _main_words(lists: _Lists, sections: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The names of things, and of values, without their synonyms."""
    for section in sections:
        for name, entry in lists[section].items():
            yield name, (section, name)
            if section == 'attributes':
                yield from ((value, (section, name, value)) for value in entry['values'])


def _without(entry: Any, words: Mapping[str, Any]) -> Any:
    """An entry without some synonyms; what refers to names has none of these words."""
    if isinstance(entry, list):
        return [word for word in entry if word not in words]
    kept: dict[str, Any] = {
        key: [word for word in entry[key] if word not in words]
        for key in ('synonyms', 'words')
        if key in entry
    }
    if 'values' in entry:
        kept['values'] = {value: _without(said, words) for value, said in entry['values'].items()}
    return {**entry, **kept}


def _keep_tiers(base: _Lists, merged: _Lists) -> None:
    """Let region and object classes that are packaged stay in their tier."""
    tiers = {
        region: entry['tier']
        for regions in base['places'].values()
        for region, entry in regions.items()
    }
    for name, entry in base['objects'].items():
        merged['objects'][name] = {**merged['objects'][name], 'tier': entry['tier']}
    merged['places'] = {
        family: {
            region: {**entry, 'tier': tiers.get(region, entry['tier'])}
            for region, entry in regions.items()
        }
        for family, regions in merged['places'].items()
    }
