"""What the tests of prism_core share: the packaged depot, and a patient hypothesis."""

from __future__ import annotations

from importlib.util import find_spec

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


# `make test` installs all of these; the sessions on other Pythons (noxfile.py) do without.
NEEDS = {
    'torch': [
        *('test_export_gguf.py', 'test_export_refusals.py', 'test_publish.py', 'test_quantize.py'),
        *('test_transformers_model.py', 'test_gguf_info.py'),
    ],
    'llama_cpp': ['test_evaluate_models.py', 'test_llama_cpp.py', 'test_student.py'],
}
collect_ignore = [
    name for package, names in NEEDS.items() if find_spec(package) is None for name in names
]


def pytest_report_header():
    return f'left out, as their packages are not there: {", ".join(collect_ignore) or "nothing"}'
