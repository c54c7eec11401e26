# SPDX-License-Identifier: Apache-2.0
"""Writes docs/interface.md: what our nodes offer, from the definitions and the declarations.

`python -m prism_ros.interface_page` in a checkout of the project writes the page again. What topics
and services are for stands in the table below, which a test compares with running nodes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from prism_ros.parameters import NODES, ParameterSpec

ROOT = Path(__file__).parents[1]
PAGE = ROOT / 'docs' / 'interface.md'
DEFINITIONS = ROOT / 'prism_msgs'
_PARTS = {'msg': [''], 'srv': ['request', 'response'], 'action': ['goal', 'result', 'feedback']}
_KINDS = {'srv': 'Services', 'action': 'Actions', 'msg': 'Messages'}
_FIELD = re.compile(r'(?P<type>\S+)\s+(?P<name>\w+)\s*(?P<sign>=?)\s*(?P<value>\S.*)?')
_INTRODUCTION = """\
# Interface

What the nodes offer, follow and can be set to, in this version. It is written from the definitions
in [prism_msgs](../prism_msgs) and the declarations in [parameters.py](../prism_ros/parameters.py)
and [mission_parameters.py](../prism_ros/mission_parameters.py) by
`python -m prism_ros.interface_page`; a test holds it to them, and to what running nodes have.

All names but /diagnostics are relative: in namespace `robot1` service `plan` is `/robot1/plan`.
All are lifecycle nodes, with the services that all such have (`change_state`, `get_state`,
parameters). *Latched* is reliable and transient local: who joins late gets the last messages, as
many as the depth says. [Operating](operating.md) says how to watch, record and check all this.
"""


class Offer(NamedTuple):
    """What a node serves, publishes or follows: how, relative name, type, what for."""

    how: str
    name: str
    type: str
    text: str


_GRAPH, _UPDATE = 'SceneGraph', 'SceneGraphUpdate'
_DIAGNOSTICS = (
    *('publishes', '/diagnostics', 'diagnostic_msgs/DiagnosticArray'),
    'how the node is, at 1 Hz',
)
# One row after the other: how, name, type, what for.
_ROWS: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    'prism_planner': (
        ('service', 'plan', 'GetPlan', 'one plan in time; `BUSY` at once while another is made'),
        ('action', 'plan_mission', 'PlanMission', 'the same with feedback and cancel'),
        ('service', 'validate_plan', 'ValidatePlan', "check anybody's plan against the graph"),
        ('publishes', 'current_plan', 'Plan', 'the last plan; latched, depth 1'),
        (
            *('publishes', 'planner_status', 'PlanningStatus'),
            'state, health of each planner and why one is out, last error; latched, depth 1, at '
            '1 Hz and on change',
        ),
        _DIAGNOSTICS,
        ('follows', 'scene_graph', _GRAPH, 'the graph that plans are made on'),
        ('follows', 'scene_graph_updates', _UPDATE, 'what changes in it'),
        ('follows', 'scene_graph/heartbeat', _UPDATE, 'that its owner lives'),
    ),
    'prism_scene_graph': (
        ('service', 'update_graph', 'UpdateGraph', 'change the graph, whole or not at all'),
        ('service', 'get_scene_graph', 'GetSceneGraph', 'all, or around a node; message or JSON'),
        ('service', 'load_scene_graph', 'LoadSceneGraph', 'replace it by one of `graph.directory`'),
        (
            *('service', 'save_scene_graph', 'SaveSceneGraph'),
            'write it into `graph.save_directory`, never half; refused where none is set',
        ),
        ('publishes', 'scene_graph', _GRAPH, 'all of it; latched, depth 1'),
        ('publishes', 'scene_graph_updates', _UPDATE, 'each delta; latched, depth 256'),
        (
            *('publishes', 'scene_graph/heartbeat', _UPDATE),
            'the owner lives: at 1 Hz, empty but for epoch, revision and where the robot is; '
            'latched, depth 1',
        ),
        (
            *('publishes', 'scene_graph/markers', 'visualization_msgs/MarkerArray'),
            'for RViz, frame `map`; latched, depth 1',
        ),
        _DIAGNOSTICS,
        (
            *('follows', 'graph_updates', _UPDATE),
            'changes by perception; reliable, volatile, depth 4096; '
            '`graph.accept_topic_updates` switches it off',
        ),
        (
            *('follows', 'detections', _UPDATE),
            'what a detector sees, frame by frame; best effort, depth 10; off by default, see '
            '[graph updates](graph_updates.md)',
        ),
        (
            *('follows', 'merge_graph', _GRAPH),
            'the graph of another mapper, to be merged; reliable, volatile, depth 1; off by '
            'default',
        ),
        (
            *('follows', 'clicked_point', 'geometry_msgs/PointStamped'),
            'adds `clicked.name` where RViz is clicked; off by default',
        ),
    ),
    'prism_executor': (
        (
            *('action', 'execute_mission', 'ExecuteMission'),
            'plan, act, observe and plan again until the mission ends; `BUSY` at once while '
            'another one is under way',
        ),
        ('service', 'approve_step', 'ApproveStep', 'allow or forbid the step that awaits approval'),
        (
            *('service', 'stop', 'std_srvs/Trigger'),
            'end the mission and cancel what a skill is doing, without planner and model',
        ),
        (
            *('publishes', 'current_plan', 'Plan'),
            'the plan that is carried out, on each change of a step; latched, depth 1',
        ),
        _DIAGNOSTICS,
        ('follows', 'scene_graph', _GRAPH, 'the graph on which each step is checked'),
        ('follows', 'scene_graph_updates', _UPDATE, 'what changes in it'),
        ('follows', 'planner_status', 'PlanningStatus', 'that the planner lives, and its domain'),
    ),
    'prism_mock_skills': (
        (
            *('action', 'skills/<action>', 'ExecuteSkill'),
            'one for each action that a skill carries out, simulated: no robot moves',
        ),
        _DIAGNOSTICS,
        ('follows', 'scene_graph', _GRAPH, 'what is known at the first step'),
        ('follows', 'scene_graph_updates', _UPDATE, 'what others find out'),
    ),
    'prism_nav2_skills': (
        (
            *('action', 'skills/<action>', 'ExecuteSkill'),
            'one for each action that a skill carries out, or of `nav2.actions`: Nav2 drives '
            '(`nav2.action_name`), `look/<action>` of the robot does the rest',
        ),
        _DIAGNOSTICS,
        ('follows', 'scene_graph', _GRAPH, 'where places lie, and the ways between them'),
        ('follows', 'scene_graph_updates', _UPDATE, 'what changes in it'),
    ),
}
OFFERS = {node: tuple(Offer(*row) for row in rows) for node, rows in _ROWS.items()}
"""What each node has beside what every lifecycle node has."""


@dataclass(frozen=True)
class Field:
    """A field or constant of a definition; `value` is its default or what it is."""

    type: str
    name: str
    value: str
    is_constant: bool
    comment: str


@dataclass(frozen=True)
class Definition:
    """One file: what it is, and its fields part by part."""

    name: str
    kind: str
    text: str
    parts: tuple[tuple[str, tuple[Field, ...]], ...]


def read_definition(path: Path) -> Definition:
    """Read a .msg, .srv or .action file.

    Raises:
        ValueError: a line is none of a definition.
    """
    kind = path.suffix.removeprefix('.')
    header, body = _split_header(path.read_text('utf-8'))
    texts = re.split(r'^---$', body, flags=re.MULTILINE)
    parts = tuple(
        (part, tuple(_read_fields(path, text)))
        for part, text in zip(_PARTS[kind], texts, strict=True)
    )
    return Definition(path.stem, kind, _join_comment(header), parts)


def _split_header(text: str) -> tuple[str, str]:
    """The comment that a text begins with, and the rest."""
    lines = text.splitlines()
    length = next((i for i, line in enumerate(lines) if not line.startswith('#')), len(lines))
    return '\n'.join(lines[:length]), '\n'.join(lines[length:])


def _join_comment(text: str) -> str:
    lines = (line.lstrip('# ') for line in text.splitlines())
    return ' '.join(line for line in lines if not line.startswith('SPDX-'))


def _read_fields(path: Path, text: str) -> Iterator[Field]:
    above: list[str] = []
    for line in text.splitlines():
        code, _, comment = (part.strip() for part in line.partition('#'))
        if not code:
            above += [comment] if comment else []
            continue
        match = _FIELD.fullmatch(code)
        if match is None:
            raise ValueError(f'{path}: expected a field or a constant, got {code!r}')
        said = ' '.join([*above, comment]).strip()
        above = []
        yield Field(match['type'], match['name'], match['value'] or '', bool(match['sign']), said)


def render_page() -> str:
    """The page, as Markdown."""
    paths = [path for kind in _KINDS for path in sorted(DEFINITIONS.glob(f'{kind}/*.{kind}'))]
    definitions = [read_definition(path) for path in paths]
    lines = [_INTRODUCTION]
    for node, offers in OFFERS.items():
        lines += [f'## {node}', '', '| | name | type | what for |', '|---|---|---|---|']
        lines += [f'| {o.how} | `{o.name}` | {_link(o.type)} | {o.text} |' for o in offers]
        lines += ['', 'Parameters:', '', '| name | default | allowed | fixed | meaning |']
        lines += ['|---|---|---|---|---|', *map(_parameter_row, NODES[node]), '']
    for kind, title in _KINDS.items():
        lines += [f'## {title}', '']
        for definition in definitions:
            if definition.kind == kind:
                lines += _definition_lines(definition)
    return '\n'.join(lines).rstrip() + '\n'


def _link(kind: str) -> str:
    return f'`{kind}`' if '/' in kind else f'[{kind}](#{kind.lower()})'


def _parameter_row(spec: ParameterSpec) -> str:
    allowed = ' to '.join(f'{bound:g}' for bound in spec.range or ()) or ', '.join(spec.choices)
    kind = type(spec.default).__name__
    if isinstance(spec.default, list):
        kind = f'list of {type(spec.default[0]).__name__}'
    fixed = {'no': '', 'configured': 'once configured', 'started': 'at the start'}[spec.fixed]
    default = str(spec.default).lower() if isinstance(spec.default, bool) else repr(spec.default)
    cells = (f'`{spec.name}`', f'`{default}`', allowed or kind, fixed, _escape(spec.description))
    return f'| {" | ".join(cells)} |'


def _definition_lines(definition: Definition) -> Iterator[str]:
    yield from (f'### {definition.name}', '', definition.text, '')
    for part, fields in definition.parts:
        if not fields:
            continue
        yield from (f'| {part} | type | meaning |', '|---|---|---|')
        for field in fields:
            name = f'{field.name} = {field.value}' if field.is_constant else field.name
            default = '' if field.is_constant or not field.value else f', default `{field.value}`'
            yield f'| `{name}` | `{field.type}`{default} | {_escape(field.comment)} |'
        yield ''


def _escape(text: str) -> str:
    return text.replace('|', '\\|').replace('<', '\\<')


def main() -> None:
    """Write the page."""
    PAGE.write_text(render_page(), 'utf-8')
    print(f'wrote {PAGE}')


if __name__ == '__main__':
    main()
