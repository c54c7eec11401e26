"""Which module may import which: the direction of the README's picture, held file by file."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import prism_core

ROOT = Path(__file__).parents[2]

# Each module of prism_core and what of prism_core it may import when it is itself imported.
_RULES = """
actions:
errors:
cli: errors
graph_elements: errors
intent: graph_elements
lexicon: intent
domains.mapping.words: lexicon
criterion:
update_text: errors graph_elements
observation: graph_elements update_text
steps: actions errors
plan: actions errors steps
scene_graph: errors graph_elements
episode: criterion graph_elements intent observation plan scene_graph
mission_state: actions episode scene_graph
reports: intent scene_graph
validation: actions graph_elements plan scene_graph steps
mission: actions episode intent lexicon mission_state observation reports scene_graph validation
reasons: actions plan reports scene_graph
strategy: actions episode intent lexicon mission mission_state plan reasons scene_graph
symbolic: episode errors intent lexicon mission_state plan scene_graph strategy
domains.mapping.controls: actions domains.mapping.words episode intent mission_state plan
    scene_graph symbolic
domains.mapping.actions: actions
domains.mapping.simulator: actions domains.mapping.actions graph_elements lexicon mission_state
    observation scene_graph
domains.mapping.hiding: domains.mapping.simulator graph_elements mission_state scene_graph
domains.mapping.intents: domains.mapping.words errors intent scene_graph
domains.mapping.answer_text: criterion domains.mapping.words scene_graph
domains.mapping.judge: criterion domains.mapping.answer_text domains.mapping.words episode
    mission_state scene_graph
domains.mapping.oracle: actions criterion domains.mapping.judge domains.mapping.simulator
    episode errors lexicon mission_state plan scene_graph
domains.mapping.requests: domains.mapping.words intent
domains.mapping.solution: criterion domains.mapping.simulator errors intent lexicon
    mission_state reports scene_graph
domains.mapping.teacher: domains.mapping.words episode errors symbolic
domains.mapping.world: domains.mapping.words errors graph_elements scene_graph
domains.mapping.twins: criterion domains.mapping.solution domains.mapping.words
    domains.mapping.world episode errors graph_elements intent mission_state scene_graph
planner: actions episode errors mission_state observation plan scene_graph validation
domains.mapping.generator: criterion domains.mapping.hiding domains.mapping.intents
    domains.mapping.judge domains.mapping.oracle domains.mapping.requests
    domains.mapping.simulator domains.mapping.solution domains.mapping.teacher
    domains.mapping.twins domains.mapping.words domains.mapping.world episode errors intent
    planner scene_graph
domains.mapping.play: domains.mapping.judge domains.mapping.simulator domains.mapping.teacher
    domains.mapping.words episode errors plan planner scene_graph
domains.mapping.invariance: actions domains.mapping.generator domains.mapping.play
    domains.mapping.teacher domains.mapping.words domains.mapping.world episode intent plan
    scene_graph
conversation: episode graph_elements mission_state observation plan scene_graph
dialects.handles: errors graph_elements intent scene_graph
dialects.compact_graph: dialects.handles errors graph_elements lexicon mission_state scene_graph
dialects.compact_steps: actions dialects.handles errors lexicon mission_state plan reasons
    reports scene_graph
dialects.compact: actions conversation dialects.compact_graph dialects.compact_steps
    dialects.handles episode errors lexicon mission mission_state observation plan scene_graph
spine_json: errors graph_elements scene_graph
dialects.spine: actions conversation episode errors mission_state observation plan scene_graph
    spine_json steps
domains.mapping.free_wording: domains.mapping.generator domains.mapping.words
    domains.mapping.world episode errors intent
domains.mapping.reading.cues:
domains.mapping.reading.tokens:
domains.mapping.reading.nouns: domains.mapping.reading.cues domains.mapping.reading.tokens
    intent lexicon scene_graph
domains.mapping.reading.tagging: domains.mapping.reading.cues domains.mapping.reading.nouns
    domains.mapping.reading.tokens intent lexicon scene_graph
domains.mapping.reading.clauses: domains.mapping.reading.cues domains.mapping.reading.nouns
    domains.mapping.reading.tagging intent
domains.mapping.reading.guessing: domains.mapping.reading.cues domains.mapping.reading.nouns
    domains.mapping.reading.tagging domains.mapping.reading.tokens intent lexicon scene_graph
domains.mapping.reading: domains.mapping.reading.clauses domains.mapping.reading.cues
    domains.mapping.reading.guessing domains.mapping.reading.nouns
    domains.mapping.reading.tagging domains.mapping.words intent scene_graph
domains.mapping.measure: conversation dialects.compact dialects.spine domains.mapping.actions
    domains.mapping.controls domains.mapping.free_wording domains.mapping.generator
    domains.mapping.play domains.mapping.reading domains.mapping.teacher domains.mapping.words
    domains.mapping.world episode planner strategy symbolic
cli_measure: domains.mapping.controls domains.mapping.generator domains.mapping.invariance
    domains.mapping.measure domains.mapping.words domains.mapping.world
dialects:
domains:
domains.mapping: domains.mapping.actions domains.mapping.reading domains.mapping.words symbolic
episode_json: episode errors graph_elements scene_graph spine_json
episode_trail: actions criterion episode errors graph_elements mission_state observation
    scene_graph steps
picture: errors graph_elements plan scene_graph steps
episode_picture: episode episode_trail graph_elements picture scene_graph
routes: actions plan scene_graph
terminal: errors plan scene_graph steps
terminal_episodes: episode episode_trail observation scene_graph steps
testing: actions criterion episode errors mission_state observation plan planner scene_graph
prism_core: actions conversation criterion dialects.compact dialects.spine episode errors
    graph_elements intent lexicon mission_state observation plan planner routes scene_graph
    spine_json steps symbolic update_text validation
"""
MAY_IMPORT = {
    module.replace('prism_core', ''): set(imported.split())
    for module, _, imported in (
        row.partition(':') for row in re.sub(r'\n +', ' ', _RULES).strip().split('\n')
    )
}
# What the command line may import beyond that, inside the function that runs a command.
_LATE = """
    domains.mapping domains.mapping.generator domains.mapping.intents domains.mapping.play
    domains.mapping.words domains.mapping.world episode_json episode_picture episode_trail
    errors picture plan planner routes spine_json terminal terminal_episodes validation
"""
CLI_MAY_IMPORT_LATE = set(_LATE.split())
# Packages from elsewhere: the one module that needs each, and whether it is imported at its top.
MAY_IMPORT_FROM_ELSEWHERE = {
    ('cli', 'click', 'top'),
    ('cli_measure', 'click', 'top'),
    ('cli_measure', 'rich', 'top'),
    ('domains.mapping.free_wording', 'msgspec', 'top'),
    ('domains.mapping.hiding', 'networkx', 'top'),
    ('domains.mapping.world', 'networkx', 'top'),
    ('episode_json', 'msgspec', 'top'),
    ('episode_picture', 'matplotlib', 'in a function'),
    ('picture', 'matplotlib', 'in a function'),
    ('scene_graph', 'networkx', 'top'),
    ('terminal', 'plotext', 'in a function'),
    ('terminal', 'rich', 'top'),
    ('terminal_episodes', 'rich', 'top'),
}
# What prism_ros may import of prism_core: the public names, and these modules.
PUBLIC_MODULES = {'prism_core.domains.mapping', 'prism_core.terminal'}


class Import(NamedTuple):
    """One imported module (and name, for `from module import name`) and where that stands."""

    line: int
    module: str
    name: str | None
    place: str


def module_name(path: Path) -> str:
    """The module of a file within its package; '' for the package itself."""
    parts = path.relative_to(ROOT).with_suffix('').parts[1:]
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


def imports_of(path: Path) -> Iterator[Import]:
    tree = ast.parse(path.read_text('utf-8'), filename=str(path))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    late = {inner for function in functions for inner in ast.walk(function)}
    for node in ast.walk(tree):
        place = 'in a function' if node in late else 'top'
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(node.lineno, alias.name, None, place)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path}:{node.lineno}: import by full name'
            for alias in node.names:
                yield Import(node.lineno, node.module, alias.name, place)


CORE_FILES = sorted((ROOT / 'prism_core').rglob('*.py'))
ROS_FILES = sorted((ROOT / 'prism_ros').rglob('*.py'))


def test_every_module_of_prism_core_has_a_row_in_the_table():
    assert {module_name(path) for path in CORE_FILES} == set(MAY_IMPORT)


@pytest.mark.parametrize('path', CORE_FILES, ids=lambda path: module_name(path) or 'prism_core')
def test_module_of_prism_core_imports_only_what_the_table_allows(path):
    module = module_name(path)
    found = []
    for line, imported, _, place in imports_of(path):
        top, _, rest = imported.partition('.')
        if top == 'prism_core':
            late = CLI_MAY_IMPORT_LATE if module == 'cli' else MAY_IMPORT[module]
            allowed = rest in (MAY_IMPORT[module] if place == 'top' else late)
        elif top in sys.stdlib_module_names:
            allowed = True
        else:
            allowed = (module, top, place) in MAY_IMPORT_FROM_ELSEWHERE
        if not allowed:
            found.append(f'{path}:{line}: {imported} ({place})')
    assert not found


def test_table_has_no_row_that_leads_back():
    state: dict[str, str] = {}

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert state.get(module) != 'open', f'a circle: {" → ".join((*way, module))}'
        if module not in state:
            state[module] = 'open'
            for other in MAY_IMPORT[module]:
                visit(other, (*way, module))
            state[module] = 'done'

    for module in MAY_IMPORT:
        visit(module, ())
    assert set(state.values()) == {'done'}


@pytest.mark.parametrize('path', ROS_FILES, ids=lambda path: path.stem)
def test_prism_ros_imports_public_names_of_prism_core_only(path):
    private = [
        f'{path}:{line}: {module} {name or ""}'
        for line, module, name, _ in imports_of(path)
        if module.split('.')[0] == 'prism_core'
        and module not in PUBLIC_MODULES
        and not (module == 'prism_core' and name in prism_core.__all__)
    ]
    assert not private


@pytest.mark.parametrize('path', sorted((ROOT / 'launch').glob('*.py')), ids=lambda path: path.stem)
def test_launch_files_import_nothing_of_ours(path):
    assert not [found for found in imports_of(path) if found.module.startswith('prism')]


# ---------------------------------------------------------------------------- in a fresh process

FRESH_IMPORT = """
import json, sys, time
started = time.perf_counter()
import prism_core
print(json.dumps([time.perf_counter() - started, sorted(sys.modules)]))
"""


def test_importing_prism_core_is_quick_and_loads_nothing_heavy():
    times_s = []
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, '-c', FRESH_IMPORT], cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        time_s, modules = json.loads(done.stdout)
        times_s.append(time_s)
    heavy = {
        *('click', 'llama_cpp', 'matplotlib', 'numpy', 'openai', 'plotext', 'prism_msgs'),
        *('prism_ros', 'rclpy', 'rich', 'torch', 'transformers', 'urllib.request'),
    }
    assert not heavy & set(modules)
    assert min(times_s) < 0.3
