# SPDX-License-Identifier: Apache-2.0
"""The rest of the last plan is given without asking anyone, where it still holds and only there."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from functools import cache

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_core import (
    Action,
    Connection,
    GraphUpdate,
    Node,
    Observation,
    Plan,
    PlannerError,
    SceneGraph,
    Turn,
    find_domain,
)
from prism_core.cli.main import prism
from prism_core.episode.episode import Episode, as_task, with_known_graphs
from prism_core.inference.kept_plan import KEPT, KeepingPlanner, find_rest, has_rest
from prism_core.plan.steps import parse_steps, render_steps
from prism_core.testing import ScriptedPlanner, check_planner

from .far_sighted import FarSighted

MAPPING, TABLETOP = find_domain('mapping'), find_domain('tabletop')
REGIONS = ('yard', 'road', 'dock', 'gate')
GRAPH = SceneGraph(
    [Node(name, 'region', (10.0 * i, 0.0)) for i, name in enumerate(REGIONS)]
    + [Node('truck_1', 'object', (10.0, 2.0))],
    [
        *(Connection('traversable', a, b) for a, b in itertools.pairwise(REGIONS)),
        Connection('observed_from', 'truck_1', 'road'),
    ],
    robot_location='yard',
)
REQUEST = 'look for a barrel'
DRIVE = Observation(GraphUpdate(robot_location='road'))
LOOKED = {'mapped': True, 'ways_m': [10, 10]}
NOTHING_NEW = Observation(GraphUpdate(robot_location='road', set_attributes={'road': LOOKED}))


def plan_of(steps: str, domain=MAPPING) -> Plan:
    return Plan(tuple(parse_steps(steps, domain.table)), 'find barrel')


def turn(steps: str, *observations: Observation, graph: SceneGraph | None = GRAPH) -> Turn:
    return Turn(plan_of(steps), observations, 'yard', known_graph=graph)


def after(one: Turn) -> SceneGraph:
    return one.replay(GRAPH)[-1]


def rest(one: Turn, graph: SceneGraph | None = None, request: str = REQUEST) -> str | None:
    """The steps that are kept, as text."""
    found = find_rest(request, graph or after(one), [one], MAPPING)
    return None if found is None else render_steps(found.actions)


# ------------------------------------------------------------------------------ where it is given


def test_what_is_behind_a_look_that_found_nothing_is_kept_up_to_the_end_of_the_mission():
    one = turn('map_region(road), map_region(dock), map_region(gate), answer("none")', NOTHING_NEW)
    assert rest(one) == 'map_region(dock), map_region(gate)'


def test_what_is_left_of_a_plan_that_was_broken_off_on_the_way_is_kept():
    one = turn('goto(road), goto(dock), inspect(truck_1, "Is it free?")', DRIVE)
    assert rest(one) == 'goto(dock), inspect(truck_1, "Is it free?")'


def test_the_plan_keeps_what_it_was_for_and_its_notes_say_that_nobody_was_asked():
    one = turn('goto(road), goto(dock)', DRIVE)
    one = replace(one, plan=replace(one.plan, notes=('planned on 96 of 200 nodes',)))
    found = find_rest(REQUEST, after(one), [one], MAPPING)
    assert found is not None
    assert (found.primary_goal, found.notes) == ('find barrel', (KEPT,))


def test_the_number_of_the_revision_is_no_news():
    one = turn('goto(road), goto(dock)', DRIVE)
    assert rest(one, after(one).with_revision(77)) == 'goto(dock)'


# ------------------------------------------------------------------------ where a planner is asked

MORE = 'map_region(road), map_region(dock)'
BARREL = Node('barrel_1', 'object')
NEWS = {
    'an object': GraphUpdate(
        upsert_nodes=(BARREL,),
        upsert_connections=(Connection('observed_from', 'barrel_1', 'road'),),
        robot_location='road',
    ),
    'a way on': GraphUpdate(set_attributes={'road': {'mapped': True, 'ways_m': [10, 10, 35]}}),
    'a description': GraphUpdate(set_attributes={'road': {'mapped': True, 'description': 'wet'}}),
    'something of another node': GraphUpdate(set_attributes={'dock': {'mapped': True}}),
    'a way less': GraphUpdate(remove_connections=(Connection('traversable', 'dock', 'gate'),)),
}


@pytest.mark.parametrize('update', NEWS.values(), ids=NEWS)
def test_news_has_to_be_planned_for(update):
    assert rest(turn(MORE, Observation(update))) is None


@pytest.mark.parametrize(
    'observation',
    [
        replace(NOTHING_NEW, feedback='the way from yard to road is muddy'),
        replace(NOTHING_NEW, status='failed'),
        Observation(status='refused', feedback='no'),
    ],
)
def test_what_failed_or_was_spoken_of_has_to_be_planned_for(observation):
    assert rest(turn(MORE, observation)) is None


@pytest.mark.parametrize(
    'change',
    [
        GraphUpdate(upsert_nodes=(BARREL,)),
        GraphUpdate(set_attributes={'truck_1': {'color': 'red'}}),
        GraphUpdate(remove_connections=(Connection('traversable', 'dock', 'gate'),)),
        GraphUpdate(robot_location='dock'),
    ],
    ids=['a node', 'an attribute', 'a way', 'where the robot is'],
)
def test_what_changed_beside_the_plan_has_to_be_planned_for(change):
    one = turn(MORE, NOTHING_NEW)
    assert rest(one) == 'map_region(dock)'
    assert rest(one, after(one).apply(change)) is None


@pytest.mark.parametrize(
    'one',
    [
        turn('map_region(road), answer("there is none")', NOTHING_NEW),
        turn('map_region(road), clarify("What now?")', NOTHING_NEW),
        turn('map_region(road), replan(), map_region(dock)', NOTHING_NEW),
        turn('map_region(road)', NOTHING_NEW),
        turn(MORE),
        turn(MORE, NOTHING_NEW, graph=None),
    ],
    ids=['a report', 'a question', 'a stand-in', 'nothing', 'nothing done', 'on what graph'],
)
def test_without_steps_that_can_be_kept_a_planner_is_asked(one):
    assert rest(one) is None


def test_a_rest_that_is_no_longer_valid_or_is_forbidden_is_not_kept():
    one = turn('goto(road), inspect(crate_9, "Is it free?")', DRIVE)
    assert has_rest([one], MAPPING.table)
    assert rest(one) is None
    one = turn('goto(road), goto(dock)', DRIVE)
    assert rest(one, request='look for a barrel, but avoid the dock') is None


def test_updates_that_do_not_fit_the_graph_are_no_reason_to_go_on():
    gone = Observation(GraphUpdate(remove_nodes=('no_such_node',)))
    one = turn(MORE, gone)
    assert find_rest(REQUEST, GRAPH, [one], MAPPING) is None
    assert find_rest(REQUEST, GRAPH, [], MAPPING) is None


# ---------------------------------------------------------------------------------------- tabletop


@pytest.fixture(scope='module')
def pick() -> tuple[Turn, SceneGraph]:
    """A pick that went well, with a plan that goes on, and what is known then."""
    for episode in _tasks('tabletop', range(900, 902)):
        task = as_task(episode)
        plan = FarSighted(TABLETOP.make_symbolic(), TABLETOP).plan(
            task.task.request, task.known_graph, ()
        )
        world = TABLETOP.make_simulator(task)
        seen = world.execute(plan.actions[0])
        if seen.status == 'done' and len(plan.actions) > 2:
            return Turn(plan, (seen,), known_graph=task.known_graph), world.known_graph
    raise AssertionError('no task of the worlds is planned so far ahead')


def test_a_block_that_was_picked_is_placed_without_asking(pick):
    one, graph = pick
    found = find_rest('put it there', graph, [one], TABLETOP)
    assert found is not None
    assert found.actions == one.plan.actions[1 : len(found.actions) + 1]
    assert found.actions[0].name == 'place'


def test_a_block_that_slipped_or_a_second_one_that_moved_has_to_be_planned_for(pick):
    one, _ = pick
    (seen,) = one.observations
    (held,) = seen.update.upsert_connections
    other = next(
        node.name
        for node in one.known_graph.objects.values()
        if node.name not in (held.source, held.target) and 'block' in node.name
    )
    moved = replace(
        seen.update,
        upsert_connections=(held, Connection('on', other, _surface(one.known_graph))),
    )
    for update in (GraphUpdate(), moved, replace(seen.update, remove_nodes=(other,))):
        wrong = replace(one, observations=(replace(seen, update=update),))
        graph = wrong.replay(one.known_graph)[-1]
        assert find_rest('put it there', graph, [wrong], TABLETOP) is None


def _surface(graph: SceneGraph) -> str:
    return next(iter(graph.regions))


# ------------------------------------------------------------------------------- in whole missions


@cache
def _tasks(name: str, seeds: range) -> list[Episode]:
    domain = find_domain(name)
    drawn = []
    for seed in seeds:
        recipe = domain.recipe_type(seed=seed, worlds=1)
        drawn += domain.draw_world(seed, domain.plan_world(recipe, seed, False, {}), Counter())
    return drawn


@pytest.mark.parametrize(('name', 'worlds'), [('mapping', 1), ('tabletop', 2)])
def test_no_task_that_is_solved_with_asking_fails_without_and_fewer_plans_are_asked_for(
    name, worlds
):
    domain, played = find_domain(name), Counter[str]()
    for task in map(as_task, _tasks(name, range(900, 900 + worlds))):
        alone = FarSighted(domain.make_symbolic(), domain)
        asked = domain.play(alone, task)
        spared = FarSighted(domain.make_symbolic(), domain)
        keeping = KeepingPlanner(spared, domain)
        kept = domain.play(keeping, task)
        assert kept.outcome.success >= asked.outcome.success, task.task.request
        assert keeping.kept + spared.calls == len(kept.turns)
        played.update(turns=len(kept.turns), kept=keeping.kept, solved=kept.outcome.success)
    assert played['solved'] > 5
    if name == 'tabletop':
        assert played['kept'] > 0.3 * played['turns']


@given(st.sampled_from(['mapping', 'tabletop']), st.data())
@settings(max_examples=25)
def test_what_is_kept_is_part_of_the_plan_before_and_can_be_carried_out(name, data):
    domain = find_domain(name)
    episode = with_known_graphs(data.draw(st.sampled_from(_tasks(name, range(900, 901)))))
    number = data.draw(st.integers(0, len(episode.turns) - 1))
    last = episode.turns[number]
    more = data.draw(
        st.lists(st.sampled_from([a for t in episode.turns for a in t.plan.actions]), max_size=4)
    )
    last = replace(last, plan=replace(last.plan, actions=(*last.plan.actions, *more)))
    history = (*episode.turns[:number], last)
    graph = last.replay(last.known_graph)[-1]
    found = find_rest(episode.task.request, graph, history, domain)
    if found is None:
        return
    behind = last.plan.actions[len(last.observations) :]
    assert found.actions == behind[: len(found.actions)]
    assert domain.validate(found, episode.task.request, graph, history).is_valid
    assert not any(domain.table[action.name].ends_mission for action in found.actions)
    assert all(one.status == 'done' for one in last.observations)


def test_a_planner_that_keeps_its_plans_is_a_planner_like_any_other():
    one = turn(MORE, NOTHING_NEW)
    cases = [(REQUEST, GRAPH, ()), (REQUEST, after(one), [one]), ('go to the dock', GRAPH, ())]
    check_planner(KeepingPlanner(MAPPING.make_symbolic(), MAPPING), cases)


def test_it_passes_on_what_the_other_planner_says_and_is_told():
    class Double(ScriptedPlanner):
        health = object()
        canceled = closed = 0

        def cancel(self):
            self.canceled += 1

        def close(self):
            self.closed += 1

    double = Double([PlannerError('no idea'), plan_of(MORE)], 'mine')
    keeping = KeepingPlanner(double, MAPPING)
    assert (keeping.name, keeping.health) == ('mine', double.health)
    with pytest.raises(PlannerError, match='no idea'):
        keeping.plan(REQUEST, GRAPH, ())
    assert keeping.plan(REQUEST, GRAPH, ()).actions == plan_of(MORE).actions
    one = turn(MORE, NOTHING_NEW)
    assert keeping.plan(REQUEST, after(one), [one]).actions == (Action('map_region', ('dock',)),)
    assert (keeping.kept, len(double.requests)) == (1, 2)
    keeping.cancel()
    keeping.close()
    assert (double.canceled, double.closed) == (1, 1)


def test_an_evaluation_says_how_many_plans_nobody_was_asked_for(tmp_path):
    suite = tmp_path / 'suite.yaml'
    suite.write_text('domain: tabletop\nworlds: {seed: 7, worlds: 1}\n')
    run = CliRunner().invoke(
        prism,
        [
            *('evaluate', 'test.core.far_sighted:make_far_sighted', '--suite', str(suite)),
            *('--out', str(tmp_path / 'out'), '--keep-plans', '--workers', '1', '--any-suite'),
        ],
    )
    assert run.exit_code == 0, run.output
    assert 'were the rest of the one before, given without asking' in run.output
