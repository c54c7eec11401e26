# SPDX-License-Identifier: Apache-2.0
"""What the tests of prism_core share."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from prism_core import SceneGraph, parse_scene_graph
from prism_core.domains.mapping import GRAPHS, make_symbolic_planner
from prism_core.domains.mapping.planning.symbolic import SymbolicPlanner

from . import map_samples


@pytest.fixture(scope='session')
def depot() -> SceneGraph:
    """The packaged graph: 13 regions, of which `island_1` cannot be reached; robot at `dock_1`."""
    return parse_scene_graph((GRAPHS / 'depot.json').read_text('utf-8'))


@pytest.fixture(scope='session')
def symbolic() -> SymbolicPlanner:
    return make_symbolic_planner()


@pytest.fixture(scope='session')
def samples(tmp_path_factory) -> dict[str, str]:
    """A file of each kind of map."""
    found = {kind: write() for kind, write in map_samples.SAMPLES.items()}
    if find_spec('spark_dsg') is not None:
        found['hydra'] = map_samples.hydra(tmp_path_factory.mktemp('hydra'))
    return found


# `make test` installs all of these; the sessions on other Pythons (noxfile.py) do without.
NEEDS = {
    'torch': [
        *('test_export_gguf.py', 'test_export_refusals.py', 'test_publish.py', 'test_quantize.py'),
        *('test_transformers_model.py', 'test_gguf_info.py'),
    ],
    'llama_cpp': [
        *('test_adapted_student.py', 'test_adapters.py', 'test_evaluate_models.py'),
        *('test_llama_cpp.py', 'test_student.py'),
    ],
}
collect_ignore = [
    name for package, names in NEEDS.items() if find_spec(package) is None for name in names
]


def pytest_report_header():
    return f'left out, as their packages are not there: {", ".join(collect_ignore) or "nothing"}'
