# SPDX-License-Identifier: Apache-2.0
"""The domain that nodes and clients plan in: named, of the student, or mapping."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from prism_core import (
    Action,
    ConfigError,
    Connection,
    Node,
    Observation,
    Plan,
    PlannerUnavailable,
    SceneGraph,
    Turn,
    find_domain,
    render_scene_graph,
)
from prism_core.inference import planning_domain
from prism_core.inference.planning_domain import find_planning_domain, packaged_graphs
from prism_core.inference.student import MODEL_VARIABLE, find_bundled, make_student_planner
from prism_msgs.msg import Plan as PlanMessage
from prism_msgs.msg import PlanErrorCode, PlannerHealth, PlanningStatus, PlanStep
from prism_msgs.srv import ValidatePlan
from prism_ros import commands
from prism_ros.demo import find_demo_graph
from prism_ros.errors import Refusal
from prism_ros.graph_files import GraphFolder
from prism_ros.launch_arguments import find_scene_graph
from prism_ros.planner_over_ros import DOMAIN_VARIABLE, RosPlanner, make_ros_planner
from prism_ros.turn_conversions import turn_to_message

from . import kitchen
from .asking import plan
from .checks import assert_refused

HERE = kitchen.__name__
KITCHEN, TIDY = f'{HERE}:Kitchen', f'{HERE}:TidyKitchen'
PUTS = f'puts={HERE}:PutsTheCup'
ASKED = render_scene_graph(kitchen.GRAPH)
WORDS = str(Path(__file__).parents[2] / 'config/words/example.yaml')


def start(ros, *order, domain=KITCHEN, **parameters):
    """The node, and the messages of its status from the start on."""
    beats = ros.collect(PlanningStatus, 'planner_status')
    parameters.setdefault('planner__allow_import_paths', True)
    ros.start_planner(planner__order=list(order), domain=domain, **parameters)
    ros.spin_until(lambda: beats)
    return beats


def ask(ros, **fields):
    return plan(ros, **({'task': 'lay the table', 'scene_graph_json': ASKED} | fields))


# --------------------------------------------------------------------------------------- the node


def test_a_step_of_a_plan_names_all_nodes_of_its_action(ros):
    start(ros, PUTS)
    response = ask(ros)
    assert response.success, response.error_msg
    assert response.plan_text == '1. put(cup_1, table_2)'
    (step,) = response.plan.steps
    assert (step.action, list(step.targets)) == ('put', ['cup_1', 'table_2'])
    assert response.plan.domain == 'kitchen'


def test_a_history_of_such_steps_reaches_the_planner(ros):
    start(ros, PUTS)
    turn = Turn(Plan((kitchen.PUT,)), (Observation(),), 'kitchen')
    response = ask(ros, history=[turn_to_message(turn, kitchen.Kitchen.table)])
    assert response.plan.steps[0].text == 'put cup_1 table_2'


@pytest.mark.parametrize(
    ('step', 'words'),
    [
        (PlanStep(action='put', targets=['cup_1']), "field 'targets' must hold 2 names"),
        (PlanStep(action='put', targets=['cup_1', 'sink_9']), 'sink_9'),
        (PlanStep(action='put', targets=['kitchen', 'table_2']), "'kitchen' is a region"),
        (PlanStep(action='goto', targets=['kitchen']), 'goto'),
    ],
)
def test_a_step_that_the_domain_does_not_have_is_refused(ros, step, words):
    beats = start(ros, PUTS)
    ros.start_graph(graph__file='')
    ros.spin_until(lambda: beats[-1].graph_epoch)
    ros.call_update(kitchen.GRAPH)
    ros.spin_until(lambda: beats[-1].graph_revision)
    response = ros.call(ValidatePlan, 'validate_plan', plan=PlanMessage(steps=[step]))
    assert not response.accepted
    assert words in response.error_msg


def test_the_status_tells_the_domain(ros):
    beats = start(ros, PUTS)
    ros.spin_until(lambda: beats[-1].domain)
    assert beats[-1].domain == 'kitchen'


def test_symbolic_is_the_planner_of_the_domain(ros):
    start(ros, 'symbolic', domain=TIDY)
    response = ask(ros)
    assert (response.plan.source, response.plan.domain) == (
        PlanMessage.SOURCE_SYMBOLIC,
        'tidy_kitchen',
    )
    assert list(response.plan.steps[0].targets) == ['cup_1', 'table_2']


def test_a_domain_without_symbolic_planner_and_without_student_says_so(ros):
    beats = start(ros, 'symbolic', 'student', PUTS)
    ros.spin_until(lambda: [one.state for one in beats[-1].planners][:2] == [PlannerHealth.OUT] * 2)
    symbolic, student, _ = beats[-1].planners
    assert symbolic.detail == (
        'the domain kitchen has no planner without a language model; name a student'
    )
    assert 'no student of the domain kitchen is bundled' in student.detail
    assert beats[-1].state == PlanningStatus.DEGRADED
    assert ask(ros).plan.model_id == 'puts'


@pytest.mark.parametrize(
    ('domain', 'allowed', 'words'),
    [
        ('farming', True, "unknown domain 'farming': expected one of "),
        (
            KITCHEN,
            False,
            f"domain '{KITCHEN}' is an import path, which is not allowed",
        ),
        (f'{HERE}:Nowhere', True, f"domain '{HERE}:Nowhere' cannot be loaded: "),
        (f'{HERE}:make_broken', True, 'a bug in a domain'),
        (f'{HERE}:Workshop', True, 'does not fit a PlanStep: expected a name of at most 32 chara'),
    ],
)
def test_a_domain_that_cannot_be_planned_in_leaves_the_node_unconfigured_with_one_sentence(
    ros, capfd, domain, allowed, words
):
    start(ros, 'symbolic', domain=domain, planner__allow_import_paths=allowed)
    state = ros.state('prism_planner')
    assert state == 'unconfigured'
    assert_refused(ask(ros), PlanErrorCode.NODE_INACTIVE, 'is not configured', words)
    logged = capfd.readouterr().err
    assert words in logged
    assert 'Traceback' not in logged


def test_a_site_s_own_words_come_from_the_file_that_a_parameter_names(ros):
    start(ros, 'symbolic', domain='mapping', words=WORDS)
    graph = render_scene_graph(
        SceneGraph(
            [Node('CR-1', 'region', (0, 0)), Node('FL-900', 'object', (1, 0), 'a flare')],
            [Connection('observed_from', 'FL-900', 'CR-1')],
            robot_location='CR-1',
        )
    )
    asked = ask(ros, task='is the FL-900 burning?', scene_graph_json=graph)
    assert asked.plan_text == '1. inspect(FL-900, "Is it lit or out?")'


@pytest.mark.parametrize(
    ('domain', 'words', 'says'),
    [
        ('mapping', 'nowhere.yaml', 'cannot read nowhere.yaml: No such file or directory'),
        (KITCHEN, WORDS, f'the domain kitchen takes no words of a site, got {WORDS}'),
    ],
)
def test_words_that_cannot_be_used_leave_the_node_unconfigured(ros, domain, words, says):
    start(ros, 'symbolic', domain=domain, words=words)
    assert_refused(ask(ros), PlanErrorCode.NODE_INACTIVE, 'is not configured', says)


# --------------------------------------------------------------------------- which domain it is


@pytest.fixture
def taught(monkeypatch, tmp_path):
    """Makes a file the student that says that it was taught a domain."""
    gguf = pytest.importorskip('gguf', reason="writes a model file: pip install '.[train]'")

    def teach(domain: str) -> None:
        writer = gguf.GGUFWriter(tmp_path / 'student.gguf', 'llama')
        if domain:
            writer.add_string('prism.domain', domain)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.close()
        monkeypatch.setenv(MODEL_VARIABLE, str(tmp_path / 'student.gguf'))

    return teach


def test_the_domain_is_that_which_is_named_or_of_the_student_or_mapping(taught):
    assert find_planning_domain().name == find_planning_domain('  ').name == 'mapping'
    taught('farming')
    with pytest.raises(ConfigError, match="unknown domain 'farming'"):
        find_planning_domain()
    assert find_planning_domain('mapping').name == 'mapping'
    taught('')
    assert find_planning_domain().name == 'mapping'


def test_without_a_student_it_is_mapping(monkeypatch, tmp_path):
    monkeypatch.setenv(MODEL_VARIABLE, str(tmp_path / 'none.gguf'))
    assert find_planning_domain().name == 'mapping'


def test_a_student_that_names_an_import_path_imports_nothing(taught):
    taught(f'{HERE}:make_broken')
    with pytest.raises(ConfigError, match=f"domain '{HERE}:make_broken'") as caught:
        find_planning_domain()
    assert 'a bug in a domain' not in str(caught.value)


def test_a_domain_that_fails_when_it_is_loaded_is_one_sentence(monkeypatch):
    def fail(name, **_):
        raise RuntimeError('its entry point is broken')

    monkeypatch.setattr(planning_domain, 'find_domain', fail)
    with pytest.raises(ConfigError, match=r"^domain 'mapping' cannot be loaded: .*is broken"):
        find_planning_domain('mapping')


def test_a_student_is_not_asked_to_plan_in_another_domain(monkeypatch):
    monkeypatch.setenv('PRISM_STUDENT_MODEL', find_bundled())
    with pytest.raises(ConfigError, match='it was taught the domain mapping, the plans are to be'):
        make_student_planner(kitchen.Kitchen())


# ----------------------------------------------------------------------------- packaged graphs


def test_packaged_graphs_are_those_of_the_domain():
    mapping = find_domain('mapping')
    assert packaged_graphs(mapping)['depot.json'] == find_demo_graph()
    assert packaged_graphs(kitchen.Kitchen()) == {}
    assert find_scene_graph('depot.json', mapping.graphs.parent, 'mapping')[0] == str(
        find_demo_graph()
    )


def test_a_graph_of_an_unknown_domain_is_an_error_that_names_it(tmp_path):
    with pytest.raises(ValueError, match=r"there is no file .*, and unknown domain 'farming'"):
        find_scene_graph('depot.json', tmp_path, 'farming')


def test_a_graph_node_reads_no_packaged_graphs_where_its_domain_has_none(ros):
    node = ros.start_graph(graph__file='', graph__directory='', domain='mapping')
    assert node.is_active
    folder = GraphFolder('', '')
    with pytest.raises(Refusal, match=r'^there are no packaged graphs in this domain: set graph'):
        folder.load('depot.json')
    with pytest.raises(Refusal, match=r'^there are no packaged graphs in this domain: set graph'):
        GraphFolder('', 'depot.json')


def test_a_graph_node_of_an_unknown_domain_says_so_where_it_needs_it(ros, tmp_path):
    node = ros.start_graph(domain='farming')
    assert not node.is_active
    assert "unknown domain 'farming'" in node.why_inactive
    (tmp_path / 'map.json').write_text(ASKED)
    other = ros.start_graph(domain='farming', graph__file=str(tmp_path / 'map.json'))
    assert other.is_active


# ------------------------------------------------------------------------------------- clients


def test_a_planner_over_ros_asks_in_its_domain(ros, monkeypatch):
    start(ros, PUTS)
    planner = RosPlanner(domain=kitchen.Kitchen())
    made = planner.plan('lay the table', kitchen.GRAPH, ())
    assert made.actions == (kitchen.PUT,)
    turn = Turn(made, (Observation(),), 'kitchen', known_graph=kitchen.GRAPH)
    again = planner.plan('lay the table', kitchen.GRAPH, (turn,))
    assert again.actions == (Action('answer', ('put cup_1 table_2',)),)
    planner.close()
    monkeypatch.setenv(DOMAIN_VARIABLE, KITCHEN)
    named = make_ros_planner()
    assert named.plan('lay the table', kitchen.GRAPH, ()) == made
    named.close()


def test_a_service_of_another_domain_is_told_of_by_both_names(ros):
    start(ros, PUTS)
    planner = RosPlanner()
    with pytest.raises(
        PlannerUnavailable,
        match=f"in domain 'kitchen', it is asked in 'mapping'.*{DOMAIN_VARIABLE}",
    ):
        planner.plan('lay the table', kitchen.GRAPH, ())
    planner.close()


def test_who_asks_on_the_command_line_reads_the_plan_in_the_domain_that_it_names(ros):
    beats = start(ros, PUTS)
    ros.start_graph(graph__file='')
    ros.spin_until(lambda: beats[-1].graph_epoch)
    ros.call_update(kitchen.GRAPH)
    unknown = CliRunner().invoke(commands.ask, ['lay the table', '--domain', 'farming'])
    assert (unknown.exit_code, "unknown domain 'farming'" in unknown.output) == (1, True)
    known = CliRunner().invoke(commands.ask, ['lay the table', '--domain', KITCHEN])
    assert known.exit_code == 0, known.output
    assert 'put(cup_1, table_2)' in known.output
