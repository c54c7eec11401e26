# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import inspect
import pickle

import pytest

from prism_core import RevisionConflict, SceneGraphError, errors

TREE = {
    'PrismError': 'Exception',
    'SceneGraphError': 'PrismError',
    'RevisionConflict': 'SceneGraphError',
    'PlanParseError': 'PrismError',
    'WorldRejected': 'PrismError',
    'ConfigError': 'PrismError',
    'RunStopped': 'PrismError',
    'SkillUnavailable': 'PrismError',
    'SkillFailed': 'PrismError',
    'PlannerError': 'PrismError',
    'PlannerTimeout': 'PlannerError',
    'PlannerUnavailable': 'PlannerError',
    'ModelNotLoaded': 'PlannerUnavailable',
    'ModelHashMismatch': 'PlannerUnavailable',
    'OutOfMemory': 'PlannerUnavailable',
    'EngineLost': 'PlannerUnavailable',
    'TeacherUnavailable': 'PlannerUnavailable',
    'TeacherAuth': 'PlannerUnavailable',
    'PromptTooLong': 'PlannerError',
    'UnknownAdapter': 'PlannerError',
    'PlanRejected': 'PlannerError',
}


def test_the_error_tree_is_the_documented_one():
    found = {
        name: kind.__bases__[0].__name__
        for name, kind in vars(errors).items()
        if inspect.isclass(kind) and issubclass(kind, Exception)
    }
    assert found == TREE
    assert all(f' {name} ' in errors.__doc__ + ' ' for name in set(TREE) - {'PrismError'})


def test_graph_error_quotes_its_first_problem_and_counts_the_rest():
    assert str(SceneGraphError('one')) == 'one'
    assert str(SceneGraphError(['one', 'two', 'three'])) == 'one (and 2 more)'
    assert SceneGraphError(['one', 'two']).problems == ('one', 'two')


@pytest.mark.parametrize('kind', [SceneGraphError, RevisionConflict])
def test_graph_error_survives_pickling_with_all_its_problems(kind):
    error = pickle.loads(pickle.dumps(kind(['one', 'two'])))
    assert type(error) is kind
    assert error.problems == ('one', 'two')
    assert str(error) == 'one (and 1 more)'
