# SPDX-License-Identifier: Apache-2.0
"""What core does with a domain that it has never seen, and which ones it finds."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from prism_core import (
    Action,
    ActionSpec,
    ActionTable,
    ArgumentKind,
    ArgumentSpec,
    Connection,
    Criterion,
    Domain,
    Episode,
    Fact,
    Node,
    Outcome,
    Plan,
    SceneGraph,
    Task,
    Turn,
    find_domain,
)
from prism_core.dataset.episode_json import parse_episode, render_episode
from prism_core.dataset.masking import RequestMask
from prism_core.domain import SYMBOLIC, domain_named, open_planner_of
from prism_core.domain.finding import make_known
from prism_core.episode.observation import Observation
from prism_core.episode.renaming import compound_names, rename_parts, rename_task
from prism_core.errors import ConfigError, PlanParseError
from prism_core.evaluation.file_suite import read_file_suite
from prism_core.evaluation.results import read_result
from prism_core.plan.actions import Role

PATH = f'{__name__}:Lamps'
GRAPH = SceneGraph(
    [
        Node('hall_1', 'region', (0, 0)),
        Node('lamp_2', 'object', (1, 0), attributes={'by': 'lamp_2'}),
    ],
    [Connection('observed_from', 'lamp_2', 'hall_1')],
    robot_location='hall_1',
)


@dataclass(frozen=True)
class Wish:
    """What is to be switched, and what for."""

    lamps: tuple[str, ...]
    then: Wish | None = None


@dataclass(frozen=True)
class LampRecipe:
    """As many worlds as are asked for."""

    seed: int = 0
    worlds: int = 1


class Lamps(Domain):
    """A robot that switches lamps; not installed."""

    name = 'lamps'
    meaning_type = Wish
    recipe_type = LampRecipe
    table = ActionTable([
        ActionSpec('flip', (ArgumentSpec('lamp', ArgumentKind.OBJECT),), 'switch it'),
        ActionSpec('tell', (ArgumentSpec('text', ArgumentKind.TEXT),), 'end', True, Role.REPORT),
    ])  # fmt: skip

    def draw_world(self, seed, config, rejections=None):
        return [episode_of()]

    def make_simulator(self, episode):
        raise NotImplementedError

    def judge(self, episode):
        return Outcome(True, True, True, True, len(list(episode.actions)), 0.0)

    def check_criterion(self, criterion):
        if criterion.answer != 'lit':
            raise ConfigError(f'criterion: expected answer to be lit, got {criterion.answer!r}')

    def make_teacher(self, task):
        raise ConfigError('there is none')

    def remarks_on(self, episode):
        return {'flips': sum(action.name == 'flip' for action, _ in episode.actions)}


@pytest.fixture(autouse=True)
def forget(monkeypatch):
    monkeypatch.setattr('prism_core.domain.finding._of_paths', {})
    domain_named.cache_clear()
    yield
    domain_named.cache_clear()


def episode_of(**parts) -> Episode:
    task = Task('Switch lamp_2 on.', 'switch', Wish(('lamp_2',), Wish(('lamp_2', 'other'))))
    criterion = Criterion('lit', ('lamp_2',), evidence=(Fact('lit', 'lamp_2'),))
    turn = Turn(
        Plan((Action('flip', ('lamp_2',)), Action('tell', ('crate_7 and lamp_2 are on.',)))),
        (Observation(), Observation()),
    )
    whole = Episode(
        1,
        task,
        criterion,
        GRAPH,
        GRAPH,
        (turn,),
        'reported',
        domain='lamps',
        provenance={'id': '1'},
    )
    return replace(whole, **parts)


# ---------------------------------------------------------------------------------- finding domains


def test_a_domain_is_found_by_its_path_and_by_its_short_name_from_then_on():
    with pytest.raises(ConfigError, match="unknown domain 'lamps'"):
        find_domain('lamps')
    found = find_domain(PATH)
    assert isinstance(found, Lamps)
    assert find_domain('lamps') is find_domain(PATH) is domain_named('lamps') is found


def test_of_two_domains_of_a_name_the_one_is_meant_that_was_named_by_its_path_last():
    found = find_domain(PATH)
    make_known(other := Lamps())
    assert domain_named('lamps') is other
    assert find_domain(PATH) is domain_named('lamps') is found


@pytest.mark.parametrize('name', ['os:abort', 'lamps', PATH, 'antigravity:x'])
def test_a_name_from_a_file_of_others_imports_and_runs_nothing(name, monkeypatch):
    monkeypatch.delitem(sys.modules, 'antigravity', raising=False)
    with pytest.raises(ConfigError, match=r'has to be installed, .* or to be named by its path'):
        find_domain(name, by_path=False)
    assert 'antigravity' not in sys.modules


@pytest.mark.parametrize(
    ('path', 'sentence'),
    [
        ('no_such_package:x', "domain 'no_such_package:x' cannot be loaded: No module named"),
        ('os:nothing', "domain 'os:nothing' cannot be loaded: module 'os' has no attribute"),
        ('os:getcwd', r"domain 'os:getcwd' gives '.*', which is no prism_core\.domain\.Domain"),
    ],
)
def test_what_is_no_domain_is_refused_in_a_sentence(path, sentence):
    with pytest.raises(ConfigError, match=sentence):
        find_domain(path)


def test_symbolic_is_the_planner_of_the_domain_or_a_sentence_that_there_is_none():
    mapping = find_domain('mapping')
    assert open_planner_of(mapping, SYMBOLIC).name == 'symbolic'
    lamps = find_domain(PATH)
    assert (mapping.has_symbolic, lamps.has_symbolic) == (True, False)
    with pytest.raises(ConfigError, match='the domain lamps has no planner without a language'):
        open_planner_of(lamps, SYMBOLIC)


# ------------------------------------------------------------------------------------ its episodes


def test_an_episode_is_read_back_with_its_meaning_where_its_domain_is_known():
    line = render_episode(episode_of())
    with pytest.raises(ConfigError, match=r"^not an episode: unknown domain 'lamps'"):
        parse_episode(line)
    find_domain(PATH)
    assert parse_episode(line) == episode_of()
    with pytest.raises(ConfigError, match=r"^not an episode: .* lit, got 'node'$"):
        parse_episode(line.replace('"answer":"lit"', '"answer":"node"'))


def test_an_episode_of_the_default_domain_does_not_say_so():
    assert '"domain"' not in render_episode(episode_of(domain='mapping'))
    assert '"domain":"lamps"' in render_episode(episode_of())


def test_a_meaning_in_a_domain_that_has_none_is_refused(monkeypatch):
    find_domain(PATH)
    monkeypatch.setattr(Lamps, 'meaning_type', None)
    with pytest.raises(ConfigError, match=r'expected no task\.intent, as in the domain lamps'):
        parse_episode(render_episode(episode_of()))


def test_the_tasks_of_a_file_are_of_the_domain_that_is_named(tmp_path: Path):
    find_domain(PATH)
    path = tmp_path / 'tasks.jsonl'
    path.write_text(render_episode(episode_of()) + '\n', 'utf-8')
    assert read_file_suite(path, PATH).domain == PATH
    with pytest.raises(ConfigError, match=r"expected one of the domain mapping, got .*'lamps'"):
        read_file_suite(path)


def test_a_result_counts_what_the_domain_remarks_and_what_was_said_without_being_there():
    find_domain(PATH)
    result = read_result(episode_of(outcome=Lamps().judge(episode_of())))
    assert result.remarks == {'flips': 1}
    assert result.made_up == ('crate_7',)
    assert result.reference is None


def test_names_are_exchanged_in_any_meaning_and_criterion():
    names = {'lamp_2': 'lamp_9', 'hall_1': 'hall_3'}
    renamed = rename_task(episode_of().task, names)
    assert renamed.request == 'Switch lamp_9 on.'
    assert renamed.intent == Wish(('lamp_9',), Wish(('lamp_9', 'other')))
    assert rename_parts([5, None, {'lamp_2': 'lamp_2'}], names) == [5, None, {'lamp_2': 'lamp_9'}]
    compound = compound_names(episode_of())
    (name,) = compound.true_graph.objects
    assert name.endswith('_lamp_2')
    assert compound.criterion == Criterion('lit', (name,), evidence=(Fact('lit', name),))
    assert compound.true_graph.nodes[name].attributes['by'] == name


# ------------------------------------------------------------------------------- what it leaves out


def test_a_domain_that_brings_no_more_masks_names_and_numbers_only():
    assert RequestMask(Lamps().masks).mask('Switch lamp_2 on 3 times.', ['lamp_2']) == (
        'switch <node> on <number> times .'
    )


def test_files_of_others_are_refused_with_the_name_of_the_domain():
    for read in (lambda d: d.import_log('', 'x'), lambda d: d.read_suite('')):
        with pytest.raises(ConfigError, match='the domain lamps reads no'):
            read(Lamps())
    with pytest.raises(PlanParseError, match='no mission in the spine dialect'):
        Lamps().read_prompt([{'role': 'user', 'content': 'please'}])


def test_what_is_right_is_said_by_the_answers_that_are_accepted():
    say = Lamps().say_expected
    assert say(Criterion('lit', ('lamp_2', 'lamp_3'))) == 'lamp_2 or lamp_3'
    assert say(Criterion('question')) == 'a question back'
    assert say(Criterion('lit')) == 'any, after the work'


def test_a_domain_whose_module_is_nowhere_says_how_it_is_found():
    with pytest.raises(ConfigError, match="No module named 'nowhere'; say with PYTHONPATH=FOLDER"):
        find_domain('nowhere.at_all:Home')
