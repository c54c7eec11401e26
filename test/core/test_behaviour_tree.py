# SPDX-License-Identifier: Apache-2.0
"""Plans as trees of BehaviorTree.CPP: written, read back, and run by the library itself.

The Python bindings of the library (behaviortreepy) run actions of Python without ports only. So
trees are ticked with their ports left out, and once more with each step as a subtree, whose
blackboard then holds what the library made of the ports.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_core import (
    Action,
    ActionSpec,
    ActionTable,
    ArgumentKind,
    ArgumentSpec,
    Connection,
    Node,
    Plan,
    PlanParseError,
    PrismError,
    Role,
    SceneGraph,
    parse_scene_graph,
)
from prism_core.cli.main import prism
from prism_core.domains.mapping import GRAPHS, MAPPING_ACTIONS
from prism_core.plan.behaviour_tree import (
    NAVIGATE,
    parse_behaviour_tree,
    render_behaviour_tree,
)

from .strategies import ODD_NAMES, any_names, fitting_actions, positions, texts

_ANY = ArgumentSpec('object', ArgumentKind.NODE)
ODD_TABLE = ActionTable(
    [
        *MAPPING_ACTIONS.values(),
        ActionSpec('put', (_ANY, ArgumentSpec('name', ArgumentKind.NODE)), 'put it there'),
        ActionSpec('stack', (_ANY, _ANY, ArgumentSpec('ID', ArgumentKind.RADIUS_M)), 'stack them'),
        ActionSpec('tell', (ArgumentSpec('_to whom?', ArgumentKind.TEXT),), 'say something'),
    ]
)
"""Actions with arguments that no port can be called by, or that two would be called by."""
ODD_TEXTS = (
    *('{x}', ' {x} ', '{=}', '{', '"', '"x"', '{"a": 1}', 'json:{}', "it's", '<a href="b">&amp;'),
    *('a\nb\tc\rd', '  ', '', '\0\1\x1b', '\ufffe\uffff', 'Küche 😀', '1;2;3', '$x', '@y', ']]>'),
)
odd_texts = texts | st.sampled_from(ODD_TEXTS)
actions = fitting_actions(ODD_TABLE) | st.builds(
    lambda text: Action('inspect', ('truck', text)), odd_texts
)
plans = st.builds(
    Plan, st.lists(actions, min_size=1, max_size=5).map(tuple), primary_goal=odd_texts
)


@st.composite
def mapped_drives(draw) -> tuple[SceneGraph, Plan]:
    """Drives through a graph in which some regions lie nowhere, and some are not connected."""
    names = draw(st.lists(any_names, unique=True, min_size=1, max_size=5))
    nodes = [
        Node(
            name, 'region', draw(st.none() | positions), '', draw(st.sampled_from([{}, {'z_m': 2}]))
        )
        for name in names
    ]
    pairs = [(a, b) for a in names for b in names if a < b]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    graph = SceneGraph(
        nodes,
        [Connection('traversable', *pair) for pair in chosen],
        robot_location=draw(st.sampled_from([None, *names])),
    )
    drives = draw(st.lists(st.sampled_from(names), min_size=1, max_size=5))
    return graph, Plan(tuple(Action('goto', (name,)) for name in drives))


def read(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # noqa: S314 - our own text


def steps_of(text: str) -> list[ElementTree.Element]:
    return read(text).findall('BehaviorTree/Sequence/')


@given(plan=plans)
def test_a_plan_comes_back_as_it_was(plan):
    assert parse_behaviour_tree(render_behaviour_tree(plan, ODD_TABLE), ODD_TABLE) == plan


@given(case=mapped_drives())
def test_drives_come_back_whatever_their_regions_are_called(case):
    graph, plan = case
    text = render_behaviour_tree(plan, MAPPING_ACTIONS, graph)
    assert parse_behaviour_tree(text, MAPPING_ACTIONS) == plan
    for action, step in zip(plan.actions, steps_of(text)):
        position = graph.nodes[action.arguments[0]].position
        if position is None:
            assert (step.get('ID'), step.get('goal')) == ('goto', None)
            continue
        stamp, frame, x, y, z, *turned = step.get('goal').split(';')
        assert (stamp, frame, float(x), float(y)) == ('0', 'map', *position)
        assert float(z) in (0.0, 2.0)
        assert math.isclose(math.hypot(*map(float, turned)), 1.0)


@pytest.fixture
def depot():
    return parse_scene_graph((GRAPHS / 'depot.json').read_text('utf-8'))


def drive(*names: str) -> Plan:
    return Plan(tuple(Action('goto', (name,)) for name in names))


def test_a_goal_looks_along_the_last_way_to_it(depot):
    text = render_behaviour_tree(drive('road_3', 'gate_1'), MAPPING_ACTIONS, depot)
    yaws = []
    for step in steps_of(text):
        *_, sine, cosine = map(float, step.get('goal').split(';')[2:])
        yaws.append(2 * math.atan2(sine, cosine))
    # from road_2 (48, 8) to road_3 (74, 6), and on to gate_1 (98, 4)
    assert yaws == pytest.approx([math.atan2(-2, 26), math.atan2(-2, 24)])


def test_without_a_graph_and_for_other_steps_nodes_are_those_of_the_robot(depot):
    (step,) = steps_of(render_behaviour_tree(drive('gate_1'), MAPPING_ACTIONS))
    assert dict(step.attrib) == {'ID': 'goto', 'name': 'goto(gate_1)', 'region': 'gate_1'}
    plan = Plan((Action('explore_region', ('gate_1', 2.5)),))
    (step,) = steps_of(render_behaviour_tree(plan, MAPPING_ACTIONS, depot))
    assert (step.get('region'), step.get('radius_m')) == ('gate_1', '2.5')


def test_a_table_with_a_node_of_nav2_keeps_its_own(depot):
    spec = ActionSpec(
        NAVIGATE, (ArgumentSpec('region', ArgumentKind.REGION),), 'go', role=Role.DRIVE
    )
    plan = Plan((Action(NAVIGATE, ('gate_1',)),))
    text = render_behaviour_tree(plan, ActionTable([spec]), depot)
    assert steps_of(text)[0].get('goal') is None
    assert parse_behaviour_tree(text, ActionTable([spec])) == plan


@given(plan=plans)
def test_it_keeps_to_the_rules_of_the_format(plan):
    """Of https://www.behaviortree.dev/docs/learn-the-basics/xml_format."""
    root = read(render_behaviour_tree(plan, ODD_TABLE))
    assert root.attrib == {'BTCPP_format': '4', 'main_tree_to_execute': 'Plan'}
    assert [child.tag for child in root] == ['BehaviorTree', 'TreeNodesModel']
    assert [node.tag for node in root.find('BehaviorTree')] == ['Sequence']
    models = {
        node.get('ID'): {port.get('name') for port in node} for node in root.find('TreeNodesModel')
    }
    for node in root.find('BehaviorTree/Sequence'):
        ports = node.attrib.keys() - {'ID', 'name'}
        assert len(node) == 0
        assert ports == models[node.get('ID')]
        assert all(port[0].isalpha() and port.isidentifier() for port in ports)
        assert not [
            port
            for port in ports
            if node.get(port).strip().startswith('{') and node.get(port).strip().endswith('}')
        ]


# Run by BehaviorTree.CPP --------------------------------------------------------------------


@pytest.fixture(scope='module')
def library():
    return pytest.importorskip('behaviortreepy')


def without_ports(text: str) -> str:
    root = read(text)
    for node in root.find('BehaviorTree/Sequence'):
        for port in node.attrib.keys() - {'ID', 'name'}:
            del node.attrib[port]
    return ElementTree.tostring(root, encoding='unicode')


def as_subtrees(text: str) -> str:
    """Each step as a subtree of its name, which reports what its ports hold."""
    root = read(text)
    for name in {node.get('ID') for node in root.find('BehaviorTree/Sequence')}:
        subtree = ElementTree.SubElement(root, 'BehaviorTree', ID=name)
        ElementTree.SubElement(subtree, 'Action', ID='report', name=name)
    for node in root.find('BehaviorTree/Sequence'):
        node.tag = 'SubTree'
    return ElementTree.tostring(root, encoding='unicode')


def tick(library, text: str, nodes: dict) -> str:
    """How a tree ends whose actions of a name call what is given for it."""
    factory = library.BehaviorTreeFactory()
    for name, call in nodes.items():
        factory.register_simple_action(
            name, lambda node, call=call: getattr(library.NodeStatus, call(node))
        )
    return factory.create_tree_from_text(text).tick_while_running().name


def test_the_library_runs_the_steps_in_order_and_stops_at_the_first_that_fails(library, depot):
    plan = Plan((*drive('gate_1', 'road_3', 'gate_1').actions, Action('answer', ('done',))))
    text = without_ports(render_behaviour_tree(plan, MAPPING_ACTIONS, depot))
    for failing, runs, end in (('', 4, 'SUCCESS'), ('goto(road_3)', 2, 'FAILURE')):
        done = []

        def carry_out(node, done=done, failing=failing):
            done.append(node.name())
            return 'FAILURE' if done[-1] == failing else 'SUCCESS'

        assert tick(library, text, {NAVIGATE: carry_out, 'answer': carry_out}) == end
        assert done == ['goto(gate_1)', 'goto(road_3)', 'goto(gate_1)', 'answer(done)'][:runs]


def values_in(library, text: str) -> list[tuple[str, dict[str, str]]]:
    """What the library hands to each step."""
    found = []

    def report(node):
        board = node.config().blackboard if callable(node.config) else node.config.blackboard
        found.append((node.name(), {key: board.get_string(key) for key in board.get_keys()}))
        return 'SUCCESS'

    assert tick(library, as_subtrees(text), {'report': report}) == 'SUCCESS'
    return found


@settings(max_examples=60, deadline=None)
@given(plan=plans)
def test_the_library_hands_over_each_port_as_it_stands(library, plan):
    text = render_behaviour_tree(plan, ODD_TABLE)
    written = [
        (step.get('ID'), {k: v for k, v in step.attrib.items() if k not in ('ID', 'name')})
        for step in steps_of(text)
    ]
    assert values_in(library, text) == written


@pytest.mark.parametrize('name', ODD_NAMES)
def test_the_library_hands_over_an_odd_name_or_its_json_string(library, name):
    ((_, ports),) = values_in(
        library, render_behaviour_tree(Plan((Action('map_region', (name,)),)), MAPPING_ACTIONS)
    )
    as_it_is = name[:1] not in '{"'
    assert ports['region'] == (name if as_it_is else '"{\\"name\\": 1}"')


def test_the_library_takes_a_goal_of_nav2(library, depot):
    text = render_behaviour_tree(drive('gate_1'), MAPPING_ACTIONS, depot)
    ((name, ports),) = values_in(library, text)
    assert name == NAVIGATE
    assert ports['goal'].startswith('0;map;98;4;0;0;0;')


# What is refused ----------------------------------------------------------------------------

FINE = render_behaviour_tree(Plan((Action('extend_map', (1.0, 2.0)),)), MAPPING_ACTIONS)


@pytest.mark.parametrize(
    ('plan', 'words'),
    [
        (Plan(()), 'at least one step, got an empty one'),
        (Plan((Action('fly', ('a',)),)), r"step 'fly\(a\)': expected goto, map_region"),
        (Plan((Action('goto', ()),)), r"step 'goto\(\)': expected goto\(region\); validate"),
    ],
)
def test_a_plan_that_is_none_of_the_table_is_refused(plan, words):
    with pytest.raises(PrismError, match=words):
        render_behaviour_tree(plan, MAPPING_ACTIONS)


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('', 'not valid XML'),
        (FINE.replace('</root>', ''), 'not valid XML'),
        ('<!DOCTYPE x [<!ENTITY a "b">]>' + FINE, 'without comments and types'),
        (' ' * 1_048_577, 'at most 1048576 characters'),
        (FINE.replace('"4"', '"3"', 1), "got '3'"),
        (FINE.replace('Sequence', 'Fallback'), 'expected a BehaviorTree that is a Sequence'),
        (FINE.replace('ID="extend_map"', 'ID="fly"', 1), "with 'fly'"),
        (FINE.replace('<Action ID="extend_map" n', '<Script ID="extend_map" n', 1), 'got <Script>'),
        (FINE.replace(' y_m="2"', ''), r'extend_map\(x_m, y_m\): expected a port y_m, got none'),
        (FINE.replace(' y_m="2"', ' y_m="far"'), "expected a number as y_m, got 'far'"),
        (FINE.replace('"extend_map"', f'"{NAVIGATE}"', 1), 'NavigateToPose: expected its step'),
        (FINE.replace('<Sequence>', '<Sequence name="&quot;x">'), 'expected a JSON string'),
        (FINE.replace('<Sequence>', '<Sequence name="&quot;\\ud800&quot;">'), 'a JSON string'),
    ],
)
def test_a_text_that_is_no_such_tree_is_refused(text, words):
    with pytest.raises(PlanParseError, match=words):
        parse_behaviour_tree(text, MAPPING_ACTIONS)


@given(text=st.text() | st.text().map(lambda inner: FINE.replace('extend_map', inner)))
def test_whatever_comes_is_read_or_refused(text):
    try:
        plan = parse_behaviour_tree(text, MAPPING_ACTIONS)
    except PlanParseError:
        return
    if plan.actions:
        assert (
            parse_behaviour_tree(render_behaviour_tree(plan, MAPPING_ACTIONS), MAPPING_ACTIONS)
            == plan
        )


def test_the_command_prints_a_tree_that_is_the_plan():
    ask = ['plan', '--request', 'go to the gate']
    tree = CliRunner().invoke(prism, [*ask, '--as', 'bt-xml']).output
    assert steps_of(tree)[0].get('ID') == NAVIGATE
    as_json = CliRunner().invoke(prism, [*ask, '--as', 'json']).output
    assert as_json == CliRunner().invoke(prism, [*ask, '--json']).output
    assert 'goto(gate_1)' in as_json
    assert parse_behaviour_tree(tree, MAPPING_ACTIONS).actions[0] == Action('goto', ('gate_1',))
