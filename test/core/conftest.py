"""What the tests of prism_core share: the packaged depot, and a patient hypothesis."""

from __future__ import annotations

import pytest
from hypothesis import settings

from prism_core import SceneGraph, SymbolicPlanner, parse_scene_graph
from prism_core.domains.mapping import GRAPHS, make_symbolic_planner

settings.register_profile('patient', deadline=None)
settings.load_profile('patient')


@pytest.fixture(scope='session')
def depot() -> SceneGraph:
    """The packaged graph: 13 regions, of which `island_1` cannot be reached; robot at `dock_1`."""
    return parse_scene_graph((GRAPHS / 'depot.json').read_text('utf-8'))


@pytest.fixture(scope='session')
def symbolic() -> SymbolicPlanner:
    return make_symbolic_planner()
