# SPDX-License-Identifier: Apache-2.0
"""Finding planners by name, the doubles, and the contract that holds planners to the protocol."""

from __future__ import annotations

import sys

import pytest

from prism_core import (
    Action,
    ConfigError,
    Node,
    Plan,
    Planner,
    PlannerError,
    PlannerTimeout,
    PlannerUnavailable,
    SceneGraph,
    find_planner,
)
from prism_core.domains.mapping.planning.symbolic import SymbolicPlanner
from prism_core.testing import ScriptedPlanner, check_planner

GO, STAY = Plan((Action('goto', ('a',)),)), Plan((Action('replan'),))
GRAPH = SceneGraph([Node('a', 'region', (0, 0), attributes={'tags': ['x']})], robot_location='a')
CASES = [('go', GRAPH, ()), ('stay', GRAPH, ())]


# ------------------------------------------------------------------------------- find_planner


def test_planner_is_found_by_its_entry_point():
    planner = find_planner('symbolic')()
    assert isinstance(planner, SymbolicPlanner)
    assert planner.name == 'symbolic'


def test_planner_is_found_by_import_path():
    assert find_planner('prism_core.testing:ScriptedPlanner') is ScriptedPlanner


@pytest.fixture
def broken_modules(tmp_path, monkeypatch):
    """Modules that fail when they are imported, each in its own way."""
    sources = {
        'imports_what_is_not_there': 'import a_module_that_is_nowhere',
        'has_a_wrong_syntax': 'def plan(:',
        'raises_when_imported': 'raise RuntimeError("no GPU here")',
        'has_no_function': 'make = 5',
    }
    for name, source in sources.items():
        (tmp_path / f'{name}.py').write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in sources:
        sys.modules.pop(name, None)


@pytest.mark.usefixtures('broken_modules')
@pytest.mark.parametrize(
    ('name', 'sentence'),
    [
        (
            'nobody',
            "^unknown planner 'nobody': expected one of .*symbolic.*, or package.module:fac",
        ),
        ('', "^unknown planner '': expected one of"),
        ('nowhere.at_all:make', "^planner 'nowhere.at_all:make' cannot be loaded: No module named"),
        ('prism_core.testing:make', "cannot be loaded: module 'prism_core.testing' has no attr"),
        ('prism_core.testing:', "^planner 'prism_core.testing:' cannot be loaded: "),
        (':make', "^planner ':make' cannot be loaded: Empty module name$"),
        ('.testing:make', "^planner '.testing:make' cannot be loaded: "),
        (
            'has_no_function:make',
            "^planner 'has_no_function:make' cannot be .*: 5 cannot be called$",
        ),
        ('imports_what_is_not_there:make', "No module named 'a_module_that_is_nowhere'$"),
        ('has_a_wrong_syntax:make', 'cannot be loaded: .*has_a_wrong_syntax.py, line 1'),
        ('raises_when_imported:make', 'cannot be loaded: no GPU here$'),
    ],
)
def test_planner_that_cannot_be_had_is_refused_with_its_name_and_the_reason(name, sentence):
    with pytest.raises(ConfigError, match=sentence):
        find_planner(name)


# ------------------------------------------------------------------------------------ doubles


def test_scripted_planner_gives_its_script_in_order_and_keeps_the_requests():
    planner = ScriptedPlanner([GO, PlannerTimeout('too late'), STAY], name='double')
    assert planner.plan('first', GRAPH, ()) == GO
    with pytest.raises(PlannerTimeout, match=r'^too late$'):
        planner.plan('second', GRAPH, ())
    assert planner.plan('third', GRAPH, ()) == STAY
    with pytest.raises(PlannerUnavailable, match=r'^the script has ended$'):
        planner.plan('fourth', GRAPH, ())
    assert planner.requests == ['first', 'second', 'third', 'fourth']
    assert planner.name == 'double'
    assert isinstance(planner, Planner)
    planner.close()


# ----------------------------------------------------------------------------------- contract


class Honest:
    """Keeps every promise; the planners below break one each."""

    name = 'honest'

    def plan(self, request, known_graph, history):
        return GO if request == 'go' else STAY

    def close(self):
        pass


class AlwaysFailing(Honest):
    def plan(self, request, known_graph, history):
        raise PlannerError(f'cannot {request}')


@pytest.mark.parametrize('kind', [Honest, AlwaysFailing])
def test_contract_accepts_a_planner_that_keeps_its_promises(kind):
    check_planner(kind(), CASES)


class WithMemory(Honest):
    def __init__(self):
        self.asked = 0

    def plan(self, request, known_graph, history):
        self.asked += 1
        return GO if self.asked == 1 else STAY


class RemembersWhyItFailed(WithMemory):
    def plan(self, request, known_graph, history):
        self.asked += 1
        raise PlannerError(f'failed {self.asked} times')


class ChangesTheGraph(Honest):
    def plan(self, request, known_graph, history):
        known_graph.nodes['a'].attributes['tags'].append('seen')
        return GO


class RaisesWhatItLikes(Honest):
    def plan(self, request, known_graph, history):
        raise ValueError('no such node')


class ChangesTheHistory(Honest):
    def plan(self, request, known_graph, history):
        history.append('mine')


class GivesText(Honest):
    def plan(self, request, known_graph, history):
        return 'goto(a)'


class Nameless(Honest):
    name = ''


class CannotPlan:
    name = 'lazy'

    def close(self):
        pass


class ClosesOnce(Honest):
    closed = False

    def close(self):
        assert not self.closed, 'closed twice'
        self.closed = True


@pytest.mark.parametrize(
    ('kind', 'sentence'),
    [
        (WithMemory, "^'go': asked again after other requests, the planner answered differently"),
        (RemembersWhyItFailed, "^'go': asked again .*: failed 1 times then failed 4 times"),
        (ChangesTheGraph, "^'go': the planner changed its arguments"),
        (RaisesWhatItLikes, r"^'go': .*PlannerError, .* raised ValueError\('no such node'\)$"),
        (ChangesTheHistory, "^'go': expected a plan or a PlannerError, .* raised AttributeError"),
        (GivesText, r"^'go': expected a Plan, got 'goto\(a\)'"),
        (Nameless, '^a planner needs a name'),
        (CannotPlan, r'CannotPlan.* lacks name, plan or close'),
        (ClosesOnce, '^closed twice'),
    ],
)
def test_contract_catches_a_planner_that_breaks_a_promise(kind, sentence):
    graph = SceneGraph([Node('a', 'region', (0, 0), attributes={'tags': []})], robot_location='a')
    with pytest.raises(AssertionError, match=sentence):
        check_planner(kind(), [('go', graph, ()), ('stay', graph, ())])
