# SPDX-License-Identifier: Apache-2.0
"""The core names no kind of task, no action and no class of any domain; a class's name means one
thing.

A name that is no English word (`map_region`, `traffic cone`) is found wherever it stands in a
string or in an identifier. An English word (`count`, `answer`, `gate`) is found where it means one:
beside another of its domain, or compared with, looked up in, handed to or kept as what is called an
action, a kind or a class.
"""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from .sources import CORE, ROOT, ROS, parse

DOMAINS = ROOT / 'prism_core' / 'domains'
FILES = [p for p in (*CORE.values(), *ROS.values()) if DOMAINS not in p.parents]
REGISTERED = dict(
    re.findall(
        r"'\w+ = prism_core\.domains\.(\w+)\.?([\w.]*:\w+)'",
        re.search(r"'prism\.domains': \[(.*?)\]", (ROOT / 'setup.py').read_text(), re.S)[1],
    )
)
# The files of a domain's words that list its classes.
CLASS_FILES = ('nouns', 'objects', 'receptacles', 'regions')
# What has such a word in its name is an action or a kind; what has such a one is of a class.
DOES = frozenset({'action', 'deed', 'intent', 'kind', 'meaning', 'name', 'skill', 'step', 'task'})
IS_OF = frozenset({'class', 'classes', 'label', 'node', 'object', 'receptacle', 'region', 'target'})


class Vocabulary(NamedTuple):
    """The names of a domain, and the words in the name of what is one of them."""

    of: str
    names: frozenset[str]
    words: frozenset[str]


@cache
def vocabularies() -> list[Vocabulary]:
    found = []
    for folder, path in REGISTERED.items():
        package = importlib.import_module(f'prism_core.domains.{folder}')
        module, _, factory = f'{package.__name__}.{path}'.replace('.:', ':').partition(':')
        table = getattr(importlib.import_module(module), factory)().table
        kinds, classes = set(), set()
        for info in pkgutil.walk_packages(package.__path__, f'{package.__name__}.'):
            kinds |= set(getattr(importlib.import_module(info.name), 'KINDS', ()))
        for name in CLASS_FILES:
            for file in (DOMAINS / folder).rglob(f'words/{name}.json'):
                classes |= set(json.loads(file.read_text('utf-8')))
        assert kinds, f'prism_core/domains/{folder}: no module has KINDS, the kinds of its tasks'
        found += [
            Vocabulary(f'an action of {folder}', frozenset(table), DOES),
            Vocabulary(f'the table of {folder}', frozenset([f'{folder}_actions']), DOES),
            Vocabulary(f'a kind of task of {folder}', frozenset(kinds), DOES),
            Vocabulary(f'a class of {folder}', frozenset(classes), IS_OF),
        ]
    return found


def words_in(node: ast.AST) -> set[str]:
    """What the identifiers of an expression name, in the singular too: `KIND_OF_TASK` a kind,
    `ActionStatus` a status.
    """
    identifiers = [
        value
        for inner in ast.walk(node)
        for field in ('id', 'attr', 'arg', 'name')
        if isinstance(value := getattr(inner, field, None), str)
    ]
    words = set()
    for identifier in identifiers:
        parts = re.findall(r'[A-Z]?[a-z]+|[A-Z]+', identifier)
        heads = re.split(r' (?:of|for|by|in|on|at|to|from|with)\b', ' '.join(parts).lower())
        words.add(heads[0].split(' ')[-1])
    return words | {word.removesuffix('s') for word in words}


class Text(NamedTuple):
    """A string in the code, those that stand in one list or dict with it, and the words of what it
    is compared with, handed to or kept as.
    """

    line: int
    value: str
    beside: set[str]
    words: set[str]


_LISTS = (ast.Tuple, ast.List, ast.Set, ast.Dict, ast.Starred, ast.IfExp)


def texts_in(tree: ast.Module) -> Iterator[Text]:
    """All strings but docstrings."""
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        inner, outer = node, parents[node]
        while isinstance(outer, _LISTS) or is_literal(outer) or is_collection(outer):
            inner, outer = outer, parents[outer]
        if isinstance(outer, ast.Expr):
            continue
        beside = {n.value for n in ast.walk(inner) if isinstance(n, ast.Constant) and n is not node}
        yield Text(node.lineno, node.value, beside, words_around(inner, outer, parents))


def is_literal(node: ast.AST) -> bool:
    return isinstance(node, ast.Subscript) and ast.unparse(node.value) == 'Literal'


def is_collection(node: ast.AST) -> bool:
    makes = ('frozenset', 'set', 'tuple', 'dict.fromkeys')
    return isinstance(node, ast.Call) and ast.unparse(node.func) in makes


def words_around(inner: ast.AST, outer: ast.AST, parents: dict[ast.AST, ast.AST]) -> set[str]:
    if isinstance(outer, (ast.keyword, ast.Call)) and not isinstance(inner, ast.Constant):
        return set()
    if isinstance(outer, ast.keyword):
        return {outer.arg or ''} | words_in(parents[outer].func)
    if isinstance(outer, ast.Call):
        return words_in(outer.func)
    if isinstance(outer, (ast.Compare, ast.BoolOp, ast.Subscript)):
        return words_in(outer)
    if isinstance(outer, (ast.Assign, ast.AnnAssign)):
        targets = outer.targets if isinstance(outer, ast.Assign) else [outer.target]
        return set().union(*map(words_in, targets))
    if isinstance(outer, ast.arguments):
        by_place = zip(reversed(outer.args), reversed(outer.defaults))
        pairs = [*by_place, *zip(outer.kwonlyargs, outer.kw_defaults)]
        return set().union(*(words_in(arg) for arg, default in pairs if default is inner))
    if isinstance(outer, ast.MatchValue):
        return words_around(outer, parents[outer], parents)
    if isinstance(outer, ast.match_case):
        return words_in(parents[outer].subject)
    if isinstance(outer, ast.Return):
        while not isinstance(outer, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            outer = parents[outer]
        return words_in(ast.Name(getattr(outer, 'name', '')))
    return set()


@cache
def own_words() -> frozenset[str]:
    """What the core itself calls its functions, fields and variables."""
    return frozenset(
        identifier.strip('_')
        for path in FILES
        for node in ast.walk(parse(path))
        for identifier in (getattr(node, 'name', None), getattr(node, 'arg', None), stored_in(node))
        if identifier
    )


def stored_in(node: ast.AST) -> str | None:
    is_stored = isinstance(getattr(node, 'ctx', None), ast.Store)
    return getattr(node, 'id', getattr(node, 'attr', None)) if is_stored else None


def pattern(names: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf'(?<!\w)(?:{"|".join(names) or "(?!)"})(?!\w)')


@cache
def joined(vocabulary: Vocabulary) -> re.Pattern[str]:
    """Its names that are no English words: wherever they stand, they are meant."""
    return pattern(re.escape(name) for name in vocabulary.names if re.search('[_ ]', name))


@cache
def called(vocabulary: Vocabulary) -> re.Pattern[str]:
    """Its names where a text calls them, as plans do."""
    return pattern(
        rf'{re.escape(name)}(?=\()' for name in vocabulary.names if vocabulary.words is DOES
    )


def names_said(tree: ast.Module) -> Iterator[str]:
    texts = list(texts_in(tree))
    identifiers = list(identifiers_in(tree))
    for vocabulary in vocabularies():
        for line, text, beside, words in texts:
            found = {*joined(vocabulary).findall(text), *called(vocabulary).findall(text)}
            is_foreign = vocabulary.words is DOES and text not in own_words()
            if is_foreign or beside & vocabulary.names or words & vocabulary.words:
                found |= {text} & vocabulary.names
            yield from (f"{line}: '{name}' is {vocabulary.of}" for name in found)
        for line, identifier in identifiers:
            parts = f'_{identifier.lower()}_'
            yield from (
                f"{line}: '{name}' is in {identifier}, {vocabulary.of}"
                for name in vocabulary.names
                if '_' in name and f'_{name}_' in parts
            )


def identifiers_in(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        for field in ('id', 'attr', 'arg', 'name'):
            value = getattr(node, field, None)
            if isinstance(value, str) and hasattr(node, 'lineno'):
                yield node.lineno, value


@pytest.mark.parametrize('path', FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_core_names_nothing_of_a_domain(path):
    assert [f'{path}:{said}' for said in names_said(parse(path))] == []


PAGES = ('evaluation/report_page', 'pictures/web', 'watch/watch_page')
PAGE = sorted(file for room in PAGES for file in (ROOT / 'prism_core' / room).iterdir())


@pytest.mark.parametrize('path', PAGE, ids=lambda path: path.name)
def test_pages_for_browsers_name_nothing_of_a_domain(path):
    text = path.read_text('utf-8')
    assert [name for v in vocabularies() for name in joined(v).findall(text)] == []


@pytest.mark.parametrize(
    ('code', 'names'),
    [
        ("plan = [Action('goto', (dock,))]", {'goto'}),
        ("hint = f'use map_region for {name}'", {'map_region'}),
        ("reply = f'answer({text})'", {'answer'}),
        ("body = {'answer': text, 'seed': 0}", set()),
        ("ends = ('answer', 'clarify')", {'answer', 'clarify'}),
        ("if action.name == 'answer': pass", {'answer'}),
        ("if task.kind in ('count', 'other'): pass", {'count'}),
        ("match task.kind:\n  case 'find': pass", {'find'}),
        ("KINDS: Mapping[str, str] = {'describe': 'look closely'}", {'describe'}),
        ("def draw(kind='count'): pass", {'count'}),
        ("row = {'count': 3}", set()),
        ("ActionStatus = Literal['answer', 'refused']", set()),
        ("if class_of(node) == 'gate': pass", {'gate'}),
        ("hiding = ['shelf', 'fire station']", {'fire station'}),
        ("axes.set_yscale('log')", set()),
        ("def read():\n  'Read what map_region has shown.'", set()),
        ('def plan_map_region(): pass', {'map_region'}),
    ],
)
def test_name_is_found_where_it_means_something_of_a_domain(code, names):
    said = ' '.join(names_said(ast.parse(code)))
    assert {name for v in vocabularies() for name in v.names if f"'{name}' is " in said} == names


def test_every_folder_of_domains_is_registered():
    assert {path.parent.name for path in DOMAINS.glob('*/__init__.py')} == set(REGISTERED)


def classes_in(paths: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    for path in paths:
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.ClassDef):
                yield node.name, path


@pytest.mark.parametrize('domain', [*REGISTERED])
def test_no_two_classes_of_the_core_and_a_domain_have_one_name(domain):
    classes = [*classes_in(FILES), *classes_in((DOMAINS / domain).rglob('*.py'))]
    counts = Counter(name for name, _ in classes)
    assert sorted(f'{name}: {path}' for name, path in classes if counts[name] > 1) == []
