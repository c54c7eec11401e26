# SPDX-License-Identifier: Apache-2.0
"""The part of a large graph that a model is shown."""

from __future__ import annotations

import math
import random
import time

import networkx as nx
import pytest

from prism_core import (
    Action,
    Connection,
    GraphUpdate,
    Node,
    Observation,
    Plan,
    PromptTooLong,
    SceneGraph,
    Turn,
    find_domain,
    render_plan,
    validate_plan,
)
from prism_core.dialects.graph_part import SpokenOf, choose_part, find_spoken_of, find_told
from prism_core.domains.mapping.looking import look_around, survey
from prism_core.inference.lm_planner import PART_NODES, LMPlanner
from prism_core.testing import ScriptedTextModel, check_planner

DOMAIN = find_domain('mapping')
COMPACT, SPINE = DOMAIN.make_dialect('compact'), DOMAIN.make_dialect('spine')
FIT = DOMAIN.language.fit_in_part
WIDTH = 40
HERE, FAR = 'hall_0', f'hall_{WIDTH * WIDTH - 1}'


def make_site(*, mapped: bool = True, width: int = WIDTH) -> SceneGraph:
    """A square of regions 10 m apart, one crate in each; one truck and one forklift far away."""
    regions, objects, connections = [], [], []
    for number in range(width * width):
        x, y = number % width, number // width
        known = {'mapped': True} if mapped and (x, y) != (0, 5) else {}
        regions.append(Node(f'hall_{number}', 'region', (10.0 * x, 10.0 * y), '', known))
        objects.append(Node(f'crate_{number}', 'object', (10.0 * x, 10.0 * y)))
        connections.append(Connection('observed_from', f'crate_{number}', f'hall_{number}'))
        if x:
            connections.append(Connection('traversable', f'hall_{number - 1}', f'hall_{number}'))
        if y:
            ends = (f'hall_{number - width}', f'hall_{number}')
            connections.append(Connection('traversable', *ends))
    last = width * width - 1
    objects += [
        Node('truck_7', 'object', (1.0, 1.0)),
        Node('forklift_1', 'object', (2.0, 2.0)),
    ]
    connections += [
        Connection('observed_from', 'truck_7', f'hall_{last}'),
        Connection('observed_from', 'forklift_1', f'hall_{last - 5}'),
    ]
    return SceneGraph([*regions, *objects], connections, robot_location=HERE, revision=3)


SITE = make_site()


def is_one_piece(part: SceneGraph) -> bool:
    return len(part.reachable_regions(part.robot_location)) == len(part.regions)


# --------------------------------------------------------------------------------------- the part


@pytest.mark.parametrize('max_nodes', PART_NODES)
def test_it_holds_the_robot_what_is_named_and_what_is_around_and_no_more_than_may_be(max_nodes):
    spoken_of = find_spoken_of('drive to hall_1599 and inspect truck_7', SITE)
    assert spoken_of.names == ('hall_1599', 'truck_7')
    part = choose_part(SITE, max_nodes, FIT, spoken_of=spoken_of, frontiers=['hall_200'])
    graph = part.graph
    assert {HERE, 'hall_1', 'crate_0', 'hall_1599', 'truck_7', 'hall_200'} <= graph.nodes.keys()
    assert max_nodes - 1 <= len(graph.nodes) <= max_nodes
    assert (graph.robot_location, graph.revision, part.left_out) == (HERE, 3, ())
    assert is_one_piece(graph)
    assert part.note.startswith(f'planned on {len(graph.nodes)} of {len(SITE.nodes)} nodes')


def test_it_keeps_the_order_of_the_graph_and_is_the_same_each_time():
    shuffled = list(SITE.nodes.values())
    random.Random(1).shuffle(shuffled)
    other = SceneGraph(shuffled, SITE.connections.values(), robot_location=HERE)
    for graph in (SITE, other):
        arguments = {'spoken_of': find_spoken_of('the forklift', graph), 'learned': ['crate_9']}
        one = choose_part(graph, 50, FIT, **arguments)
        assert one == choose_part(graph, 50, FIT, **arguments)
        assert list(one.graph.nodes) == [n for n in graph.nodes if n in one.graph.nodes]


def test_a_way_is_shown_in_full_where_there_is_room():
    part = choose_part(SITE, 96, FIT, spoken_of=SpokenOf(('hall_20',))).graph
    assert set(SITE.route(HERE, 'hall_20')) <= part.nodes.keys()
    assert part.route(HERE, 'hall_20') == SITE.route(HERE, 'hall_20')


def test_a_way_with_regions_left_out_is_as_long_as_it_is():
    graph = choose_part(SITE, 48, FIT, spoken_of=SpokenOf((FAR, 'truck_7', 'forklift_1'))).graph
    assert len(SITE.route(HERE, FAR)) > 48
    for region in graph.regions:
        expected_m = SITE.distances_m(HERE)[region]
        assert math.isclose(graph.distances_m(HERE)[region], expected_m)


def test_of_what_is_named_by_class_the_nearest_come_and_the_rest_is_told():
    spoken_of = find_spoken_of('count the crates', SITE)
    assert len(spoken_of.likes) == WIDTH * WIDTH
    part = choose_part(SITE, 96, FIT, spoken_of=spoken_of)
    assert {'crate_0', 'crate_1', f'crate_{WIDTH}'} <= part.graph.nodes.keys()
    shown = sum(name.startswith('crate') for name in part.graph.nodes)
    assert len(part.left_out) == WIDTH * WIDTH - shown
    assert f'{len(part.left_out)} more that the request may speak of were left out' in part.note


def test_what_cannot_be_reached_comes_with_both_sides_of_the_gap():
    cut = [c for c in SITE.connections.values() if FAR not in (c.source, c.target)]
    island = SceneGraph(SITE.nodes.values(), cut, robot_location=HERE)
    graph = choose_part(island, 48, FIT, spoken_of=SpokenOf((FAR,))).graph
    assert FAR not in graph.reachable_regions(HERE)
    assert graph.closest_pair(HERE, FAR) == island.closest_pair(HERE, FAR)


def test_a_region_at_the_edge_of_the_part_has_no_unknown_ways_that_the_whole_has_not():
    ways_m = {name: tuple(SITE.way_lengths_m(name)) for name in SITE.regions}
    update = GraphUpdate(set_attributes={n: {'ways_m': w} for n, w in ways_m.items()})
    known = SITE.apply(update)
    known = known.apply(GraphUpdate(set_attributes={'hall_3': {'ways_m': (*ways_m['hall_3'], 17)}}))
    graph = choose_part(known, 48, FIT, spoken_of=SpokenOf((FAR,))).graph
    assert 'hall_3' in graph.nodes
    for region in graph.regions:
        assert look_around(graph, region) == look_around(known, region)


def test_nodes_that_the_mission_acted_on_stay_whatever_the_limit():
    acted_on = [f'hall_{number}' for number in range(0, 1600, 40)]
    graph = choose_part(SITE, 24, FIT, acted_on=acted_on).graph
    assert set(acted_on) <= graph.nodes.keys()
    assert len(graph.nodes) == 40
    assert is_one_piece(graph)


def test_what_turns_speak_of_is_found_the_newest_last():
    def turn(region: str, thing: str) -> Turn:
        update = GraphUpdate(
            upsert_nodes=(Node(thing, 'object', (0.0, 0.0)),), robot_location=region
        )
        return Turn(Plan((Action('goto', (region,)),)), (Observation(update),), HERE)

    history = [turn('hall_9', 'crate_9'), turn('gone_1', 'crate_8')]
    assert find_told(history, SITE) == ([HERE, 'hall_9'], ['crate_8', 'crate_9'])


def test_a_dialect_with_a_lexicon_finds_what_is_said_by_another_word():
    assert COMPACT.language.find_spoken_of('where is the lorry?', SITE).likes == ('truck_7',)
    assert find_spoken_of('where is the truck?', SITE).likes == ('truck_7',)
    assert find_spoken_of('where is truck 7, the big one?', SITE) == SpokenOf(('truck_7',))
    assert COMPACT.language.find_spoken_of('inspect truck_7', SITE).names == ('truck_7',)
    assert COMPACT.language.find_spoken_of('do the usual', SITE) == SpokenOf()


def test_parts_of_maps_drawn_at_random_are_graphs_in_which_distances_hold():
    rng = random.Random(5)
    for _ in range(30):
        number = rng.randint(20, 200)
        tree = nx.random_labeled_tree(number, seed=rng.randint(0, 10**6))
        regions = [
            Node(f'r_{i}', 'region', (rng.uniform(0, 500), rng.uniform(0, 500)))
            for i in range(number)
        ]
        ways = [Connection('traversable', f'r_{a}', f'r_{b}') for a, b in tree.edges]
        whole = SceneGraph(regions, ways, robot_location='r_0')
        named = tuple(f'r_{rng.randrange(number)}' for _ in range(3))
        part = choose_part(whole, 16, FIT, spoken_of=SpokenOf(named)).graph
        assert set(named) <= part.nodes.keys()
        assert len(part.nodes) <= 16
        for region, distance_m in part.distances_m('r_0').items():
            assert math.isclose(distance_m, whole.distances_m('r_0')[region], abs_tol=1e-6)
        assert is_one_piece(part)


def test_the_part_of_eight_thousand_nodes_is_chosen_in_a_moment():
    site = make_site(width=63)
    started_s = time.monotonic()
    choose_part(site, 96, FIT, spoken_of=COMPACT.language.find_spoken_of('inspect truck_7', site))
    assert time.monotonic() - started_s < 2.0


# ------------------------------------------------------------------------------------ the planner


class Small(ScriptedTextModel):
    """Holds so many characters and no more."""

    def __init__(self, script, limit: int):
        super().__init__(script)
        self.limit, self.refused = limit, 0

    def complete(self, messages, **settings):
        if sum(len(message['content']) for message in messages) > self.limit:
            self.refused += 1
            raise PromptTooLong('too long')
        return super().complete(messages, **settings)


def plan_text(*actions: Action) -> str:
    return render_plan(Plan(actions, 'go', (), 'so'))


def make(script, limit: int = 10_000, context_tokens: int = 3000, dialect=SPINE):
    model = Small(script, limit)
    return LMPlanner(model, dialect, DOMAIN.table, context_tokens=context_tokens), model


def test_a_graph_that_cannot_fit_is_never_written_and_its_part_is():
    planner, model = make([plan_text(Action('inspect', ('truck_7', 'Is it red?')))])
    plan = planner.plan('inspect truck_7', SITE, ())
    assert validate_plan(plan, SITE, DOMAIN.table).is_valid
    assert model.refused == 0
    (messages,) = model.calls
    said = messages[0]['content']
    for name in ('truck_7', FAR, HERE, 'hall_1', 'hall_200'):
        assert f'"{name}"' in said
    assert '"hall_777"' not in said
    assert len(plan.notes) == 1
    assert plan.notes[0].startswith('planned on 96 of 3202 nodes')


def test_where_the_context_is_unknown_the_model_says_that_it_is_too_long():
    planner, model = make([plan_text(Action('goto', ('hall_1',)))], context_tokens=0)
    plan = planner.plan('go to hall_1', SITE, ())
    assert model.refused == 1
    assert plan.notes


def test_a_part_that_is_still_too_long_becomes_smaller():
    planner, model = make([plan_text(Action('goto', ('hall_1',)))], limit=3000)
    plan = planner.plan('go to hall_1', SITE, ())
    assert model.refused == 2
    assert plan.notes[0].startswith('planned on 24 of')


def test_a_graph_that_fits_is_shown_whole_and_nothing_is_noted(depot):
    planner, model = make([plan_text(Action('goto', ('road_1',)))])
    assert planner.plan('go to the road', depot, ()).notes == ()
    assert model.calls == [SPINE.render_prompt('go to the road', depot, ())]


@pytest.mark.parametrize(
    ('request_', 'turns'), [('go ' * 20_000, 0), ('go on', 128)], ids=['request', 'history']
)
def test_what_even_so_cannot_fit_is_refused_before_it_is_written_with_what_to_do(
    monkeypatch, request_, turns
):
    planner, model = make([], context_tokens=1000)
    monkeypatch.setattr(SPINE, 'render_prompt', None)
    plan = Plan((Action('goto', ('hall_1',)), Action('goto', (HERE,))) * 2)
    history = [Turn(plan, (Observation(),) * 4, HERE)] * turns
    with pytest.raises(
        PromptTooLong,
        match=rf'context of 1000 tokens of the model, got a request of {len(request_)} characters '
        rf'and {turns} turns; shorten the request, begin a new mission',
    ):
        planner.plan(request_, SITE, history)
    assert not model.calls


def test_what_a_mission_did_is_told_with_the_part():
    turn = Turn(Plan((Action('goto', ('hall_41',)),)), (Observation(feedback='a wet floor'),), HERE)
    compact = LMPlanner(
        model := Small(['x'] * 3, 10_000), COMPACT, DOMAIN.table, context_tokens=3000, tries=1
    )
    with pytest.raises(Exception, match='no plan within 1 tries'):
        compact.plan('inspect truck_7', SITE, [turn])
    said = model.calls[0][0]['content']
    assert 'did go hall<' in said
    assert 'a wet floor' in said
    assert 'truck<' in said


def test_a_plan_that_the_whole_graph_does_not_allow_is_asked_for_again():
    planner, model = make(
        [plan_text(Action('goto', ('atlantis_1',))), plan_text(Action('goto', ('hall_1',)))]
    )
    assert planner.plan('go to hall_1', SITE, ()).actions == (Action('goto', ('hall_1',)),)
    assert len(model.calls) == 2


def test_a_planner_that_shows_parts_keeps_the_contract():
    class Same(Small):
        def complete(self, messages, **_):
            return plan_text(Action('goto', ('hall_1',)))

    planner = LMPlanner(Same((), 0), SPINE, DOMAIN.table, context_tokens=3000)
    check_planner(planner, [('go to hall_1', SITE, ()), ('inspect truck_7', SITE, ())])


def test_what_is_left_to_look_at_is_what_is_nearest_in_the_whole():
    site = make_site(mapped=False)
    nearest = [frontier.region for frontier in survey(site, ()).frontiers[:4]]
    part = choose_part(site, 24, FIT, spoken_of=SpokenOf((FAR,)), frontiers=nearest).graph
    found = [frontier.region for frontier in survey(part, ()).frontiers[:4]]
    assert found == nearest


# ----------------------------------------------------------------------- what holds other things


def make_home() -> SceneGraph:
    """The site, and in the crate that is farthest away a box with a cup in it; an empty gripper."""
    last = WIDTH * WIDTH - 1
    nodes = [Node(name, 'object', (1.0, 1.0)) for name in ('box_1', 'cup_2', 'gripper_3')]
    connections = [
        Connection('on', 'box_1', f'crate_{last}'),
        Connection('in', 'cup_2', 'box_1'),
    ]
    return SITE.apply(GraphUpdate(upsert_nodes=tuple(nodes), upsert_connections=tuple(connections)))


@pytest.mark.parametrize('chosen', [{'spoken_of': SpokenOf(('cup_2',))}, {'acted_on': ['cup_2']}])
def test_with_an_object_comes_what_it_is_in_and_what_that_is_on(chosen):
    home = make_home()
    part = choose_part(home, 48, FIT, **chosen).graph
    assert part.holder('cup_2') == 'box_1'
    assert part.holder('box_1') == f'crate_{WIDTH * WIDTH - 1}'
    assert len(part.nodes) <= 48


def test_an_object_in_others_is_seen_from_where_it_is_seen_in_the_whole():
    home = make_home()
    part = choose_part(home, 48, FIT, spoken_of=SpokenOf(('cup_2',))).graph
    assert part.viewpoints['cup_2'] == home.viewpoints['cup_2'] == (FAR,)
    assert part.is_reachable(HERE, FAR)


def test_what_is_in_a_thing_that_is_named_is_shown_with_it():
    part = choose_part(make_home(), 48, FIT, spoken_of=SpokenOf(('box_1',))).graph
    assert 'cup_2' in part.nodes
