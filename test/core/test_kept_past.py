# SPDX-License-Identifier: Apache-2.0
"""What a prompt says of a mission's past: any history of any updates can be told, and what is known
now is told right.
"""

from __future__ import annotations

import dataclasses
import itertools
import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import (
    Action,
    CompactDialect,
    Connection,
    GraphUpdate,
    Node,
    Observation,
    Plan,
    PlannerError,
    PlanParseError,
    PlanRejected,
    SceneGraph,
    SpineDialect,
    Turn,
)
from prism_core.dataset.conversations import render_samples
from prism_core.dialects.compact_graph import GraphLines
from prism_core.dialects.handles import Handles
from prism_core.domains.mapping import MAPPING_ACTIONS, make_symbolic_planner
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.planning.teacher import make_teacher
from prism_core.domains.mapping.speech.language import MappingLanguage
from prism_core.episode.criterion import Criterion
from prism_core.episode.episode import Episode, Task, with_known_graphs
from prism_core.graph.calling import class_of
from prism_core.graph.places import MAX_GONE
from prism_core.inference.lm_planner import LMPlanner
from prism_core.testing import ScriptedTextModel

from .mapping_worlds import WORDS
from .strategies import fitting_updates, missions, odd_missions, scene_graphs, texts
from .training_data import DOMAIN

LANGUAGE = MappingLanguage(WORDS.lexicon)
SPINE = SpineDialect(LANGUAGE)
COMPACT = CompactDialect(LANGUAGE, 5)
DIALECTS = {'spine': SPINE, 'compact': COMPACT}
by_dialect = pytest.mark.parametrize('name', DIALECTS)


def told(graph: SceneGraph, name: str):
    """What a dialect says of a graph."""
    if name == 'spine':
        return dict(graph.nodes), dict(graph.connections), graph.robot_location
    lines = GraphLines(COMPACT._handles(graph), LANGUAGE)
    nodes = {n: (node.kind, node.position, lines.tell(node)) for n, node in graph.nodes.items()}
    return nodes, set(graph.connections), graph.robot_location


@by_dialect
@given(mission=missions(), request_=texts, data=st.data())
def test_any_past_can_be_told_and_what_is_known_now_is_read_back(name, mission, request_, data):
    graph, history = mission
    since = data.draw(st.integers(0, len(history)))
    messages = DIALECTS[name].render_prompt(request_, graph, history, since=since)
    prompt = DIALECTS[name].parse_prompt(messages, graph)
    assert told(prompt.known_graph, name) == told(graph, name)
    assert len(prompt.state.here) > 0


@by_dialect
@given(mission=missions(is_whole=True), request_=texts)
def test_prompts_of_successive_turns_share_all_but_the_end(name, mission, request_):
    dialect, (graph, history) = DIALECTS[name], mission
    graphs = [*(turn.known_graph for turn in history), graph]
    before: list = []
    for number, known in enumerate(graphs):
        messages = dialect.render_prompt(request_, known, history[:number])
        if number and can_say(dialect, history[number - 1]):
            assert messages[: len(before)] == before
        before = messages


def can_say(dialect, turn: Turn) -> bool:
    try:
        reply = dialect.render_reply(turn.plan, turn.known_graph)
        dialect.parse_reply(reply, turn.known_graph)
    except PlanParseError:
        return False
    return True


@by_dialect
@given(mission=missions(is_whole=True), request_=texts, rebase=st.sampled_from([0.0, 1.0]))
def test_any_episode_is_taught_as_the_planner_is_asked_and_each_turn_once(
    name, mission, request_, rebase
):
    graph, history = mission
    known = history[0].known_graph if history else graph
    turns = tuple(
        dataclasses.replace(turn, known_graph=None, weight=float(can_say(DIALECTS[name], turn)))
        for turn in history
    )
    episode = Episode(
        0, Task(request_), Criterion('any'), known, known, turns, provenance={'id': 'x'}
    )
    domain = Watched()
    counted = []
    for sample in render_samples(episode, domain, name, rebase=rebase):
        places = [i for i, m in enumerate(sample.messages) if m['role'] == 'assistant']
        for place, weight, turn in zip(places, sample.weights, itertools.count(sample.first_turn)):
            if weight:
                counted.append(turn)
                assert list(sample.messages[:place]) == domain.dialect.render_prompt(
                    request_,
                    history[turn].known_graph,
                    with_known_graphs(episode).turns[:turn],
                    since=sample.first_turn,
                )
    refused = [n for n, t in enumerate(turns) if 'refused' in [o.status for o in t.observations]]
    assert sorted(counted) == [
        n for n, turn in enumerate(turns) if turn.weight and n not in refused
    ]


class Watched:
    """The mapping domain, which keeps the last dialect that was made."""

    def make_dialect(self, name: str, seed: int = 0):
        self.dialect = DOMAIN.make_dialect(name, seed)
        return self.dialect


@by_dialect
@given(mission=missions() | odd_missions(), request_=texts)
def test_a_language_model_is_asked_or_there_is_a_planner_error_whatever_happened(
    name, mission, request_
):
    graph, history = mission
    for held_to in ('schema', 'known'):
        model = ScriptedTextModel([PlanRejected('asked')])
        planner = LMPlanner(model, DIALECTS[name], MAPPING_ACTIONS, held_to=held_to)
        with pytest.raises(PlanRejected, match='asked'):
            planner.plan(request_, graph, history)


class Stubborn(SpineDialect):
    """Cannot tell a history, or not even a graph."""

    def __init__(self, at_most: int):
        super().__init__(LANGUAGE)
        self._at_most = at_most

    def _begin(self, graph, said):
        if sum(len(asked.turns) for asked in said) < self._at_most:
            raise KeyError('yard_1')
        return super()._begin(graph, said)


def test_what_a_dialect_cannot_tell_is_folded_and_at_last_an_error_of_the_planner(depot):
    wait = Turn(Plan((Action('replan'),)), (Observation(),), known_graph=depot)
    model = ScriptedTextModel(['no reply'])
    with pytest.raises(PlannerError, match='no plan within 1 tries'):
        LMPlanner(model, Stubborn(2), MAPPING_ACTIONS, tries=1).plan('go', depot, [wait, wait])
    assert model.calls == [SPINE.render_prompt('go', depot, [wait, wait], since=2)]
    with pytest.raises(PlannerError, match="'spine' cannot tell this mission: KeyError"):
        LMPlanner(model, Stubborn(3), MAPPING_ACTIONS, tries=1).plan('go', depot, [wait, wait])


def intents(graph: SceneGraph, history) -> st.SearchStrategy[Intent]:
    """Meanings about nodes that are known or were, of every kind."""
    kept = [graph, *(turn.known_graph for turn in history if turn.known_graph is not None)]
    nodes = [node for known in kept for node in known.nodes.values()]
    told = st.sampled_from([(), (('color', 'red'),)])
    by_kind = {}
    for kind in ('region', 'object'):
        found = [node for node in nodes if node.kind == kind]
        named = [Target(kind, name=name) for name in (*(n.name for n in found), 'nowhere_1')]
        called = [(class_of(node),) for node in found] + [('crate', 'barrel')]
        values = told if kind == 'object' else st.just(())
        classes = st.builds(Target, st.just(kind), st.sampled_from(called), values)
        by_kind[kind] = st.sampled_from(named) | classes
    regions = by_kind['region']
    step = st.builds(
        Intent,
        st.sampled_from(['go_to', 'attribute']),
        by_kind['object'],
        regions,
        attribute=st.sampled_from(['color', 'description']),
    )
    positions = st.none() | st.sampled_from([node.position for node in nodes])
    steps = {
        'sequence': st.lists(step, min_size=1, max_size=3).map(tuple),
        'each': st.just((Intent('attribute', attribute='color'),)),
    }
    objects = by_kind['object']
    return st.sampled_from([name for name, kind in KINDS.items() if kind.has_intents]).flatmap(
        lambda kind: st.builds(
            Intent,
            st.just(kind),
            objects,
            regions,
            regions,
            st.sampled_from(['color', 'description', 'odd']),
            st.just('red'),
            positions,
            st.none() | st.tuples(regions, regions),
            steps.get(kind, st.just(())),
            among=st.just(()) | st.tuples(objects, objects),
        )
    )


@given(mission=missions() | odd_missions(), data=st.data())
def test_the_teacher_plans_whatever_happened(mission, data):
    graph, history = mission
    intent = data.draw(intents(graph, history))
    plan = make_teacher(Task('do it', intent=intent), WORDS).plan('do it', graph, history)
    assert plan.actions


@pytest.mark.parametrize('region', ['dock_1', 'shed_1', 'nowhere_1'])
@pytest.mark.parametrize('called', [{'name': 'box_9'}, {'classes': ('box',)}])
@pytest.mark.parametrize('is_seen', [True, False])
def test_one_thing_of_which_all_are_to_be_listed_is_told_of(depot, region, called, is_seen):
    added = (Node('box_9', 'object', (1.0, 1.0)),)
    seen = (Connection('observed_from', 'box_9', 'shed_1'),) if is_seen else ()
    graph = depot.apply(GraphUpdate(added, seen))
    thing = Target('object', **called)
    intent = Intent('list_all', thing, Target('region', name=region), among=(thing, thing))
    assert make_teacher(Task('', intent=intent), WORDS).plan('list it', graph, ()).actions


def test_what_is_around_a_position_is_looked_at_from_here_where_the_region_there_is_gone(depot):
    went = Observation(GraphUpdate(robot_location='shed_1'))
    reached = Turn(Plan((Action('extend_map', (5.0, 5.0)),)), (went,), known_graph=depot)
    graph = depot.apply(GraphUpdate(remove_nodes=('shed_1',)))
    teacher = make_teacher(Task('', intent=Intent('map_area', position=(5.0, 5.0))), WORDS)
    plan = teacher.plan('map around (5, 5)', graph, [reached])
    assert plan.actions == (Action('map_region', ('dock_1',)),)


@given(mission=missions() | odd_missions(), data=st.data())
def test_the_symbolic_planner_plans_whatever_happened(mission, data):
    graph, history = mission
    sentences = ['go to the {}', 'Is the {} red?', 'map the area around the {}', 'find a {}']
    sentence = data.draw(texts | st.sampled_from(sentences))
    request_ = sentence.replace('{}', data.draw(st.sampled_from(list(graph.nodes))))
    assert make_symbolic_planner().plan(request_, graph, history).actions


# ----------------------------------------------------------------------------- what the lines say


WAREHOUSE = Connection('observed_from', 'forklift_1', 'warehouse_1')
SENT = {  # what a mapper sends of the depot, and the lines for it
    'removed': (
        GraphUpdate(remove_nodes=('forklift_1',)),
        'remove_nodes(["forklift_1"])',
        ['gone forklift<o>'],
    ),
    'sent again': (
        GraphUpdate(upsert_nodes=(Node('dock_1', 'region', (0, 0), 'concrete dock'),)),
        'no_updates()',
        [],
    ),
    'moved': (
        GraphUpdate(upsert_nodes=(Node('dock_1', 'region', (0.1, 0), 'concrete dock'),)),
        'add_nodes([{"name": "dock_1", "type": "region", "coords": [0.1, 0.0], '
        '"description": "concrete dock"}])',
        [],
    ),
    'painted': (
        GraphUpdate(upsert_nodes=(Node('forklift_1', 'object', (0, 0), '', {'color': 'red'}),)),
        'add_nodes([{"name": "forklift_1", "type": "object", "coords": [0.0, 0.0], '
        '"color": "red"}])',
        ['see forklift<o> red', 'forget forklift<o> described'],
    ),
    'seen from elsewhere': (
        GraphUpdate(
            remove_connections=(WAREHOUSE,),
            upsert_connections=(Connection('observed_from', 'forklift_1', 'shed_1'),),
        ),
        'add_connections([["forklift_1", "shed_1"]]), '
        'remove_connections([["forklift_1", "warehouse_1"]])',
        ['in shed<r> : forklift<o>', 'hidden forklift<o> warehouse<r>'],
    ),
    'renamed': (
        GraphUpdate(
            remove_nodes=('forklift_1',),
            upsert_nodes=(Node('lift_2', 'object', (0, 0)),),
            upsert_connections=(Connection('observed_from', 'lift_2', 'shed_1'),),
        ),
        'remove_nodes(["forklift_1"]), '
        'add_nodes([{"name": "lift_2", "type": "object", "coords": [0.0, 0.0]}]), '
        'add_connections([["lift_2", "shed_1"]])',
        ['gone forklift<o>', 'in shed<r> : lift<o>'],
    ),
}


@pytest.mark.parametrize('what', SENT)
def test_a_mapper_may_send_what_it_likes_while_a_language_model_plans(depot, what):
    update, spine, lines = SENT[what]
    depot = _as_told(depot)
    graph = depot.apply(update)
    plan = Plan((Action('map_region', ('dock_1',)),), 'survey')
    look = Turn(plan, (Observation(update),), known_graph=depot)
    for name, dialect in DIALECTS.items():
        model = ScriptedTextModel([PlanRejected('asked')])
        with pytest.raises(PlanRejected, match='asked'):
            LMPlanner(model, dialect, MAPPING_ACTIONS).plan('look', graph, [look])
        first, reply, last = model.calls[0]
        assert first == dialect.render_prompt('look', depot, ())[0]
        assert reply['content'] == dialect.render_reply(look.plan, depot)
        said = last['content'].split('\n')[:-1]
        if name == 'compact':
            assert [re.sub(r'\d+>', '>', line) for line in said[1:]] == lines
        else:
            assert f'- {spine}' in said


@pytest.mark.parametrize(('name', 'told'), [('spine', 1), ('compact', 3)])
def test_a_prompt_goes_on_where_a_mapper_moved_what_the_dialect_does_not_say(depot, name, told):
    look = Turn(
        Plan((Action('map_region', ('dock_1',)),), 's'), (Observation(),), known_graph=depot
    )
    moved = depot.apply(GraphUpdate(upsert_nodes=(Node('road_1', 'region', (0.3, 7)),)))
    assert len(DIALECTS[name].render_prompt('look', moved, [look])) == told


def test_updates_may_have_been_made_for_a_revision(depot):
    sent = GraphUpdate(remove_nodes=('forklift_1',), base_revision=17)
    look = Turn(
        Plan((Action('map_region', ('dock_1',)),), 's'), (Observation(sent),), known_graph=depot
    )
    graph = depot.apply(GraphUpdate(remove_nodes=('forklift_1',)))
    assert len(SPINE.render_prompt('look', graph, [look])) == 3


def _as_told(depot: SceneGraph) -> SceneGraph:
    nodes = {
        'dock_1': Node('dock_1', 'region', (0, 0), 'concrete dock'),
        'forklift_1': Node('forklift_1', 'object', (0, 0), 'a forklift'),
    }
    return depot.apply(GraphUpdate(upsert_nodes=tuple(nodes.values())))


@given(st.data())
def test_handles_stay_whatever_comes_goes_and_comes_back(data):
    graph = data.draw(scene_graphs(located=True))
    given: dict[tuple[str, str], str] = {}
    for _ in range(data.draw(st.integers(1, 6))):
        handles = Handles(graph, 3)
        bare = {(node.kind, name): handles.bare(name) for name, node in graph.nodes.items()}
        assert len({*bare.values()}) == len(bare)
        for node, handle in bare.items():
            assert given.setdefault(node, handle) == handle
        assert len({*given.values()}) == len(given)  # no other node ever had it
        graph = data.draw(st.sampled_from([graph, pickle.loads(pickle.dumps(graph))]))
        graph = graph.apply(data.draw(fitting_updates(graph)))


def test_handles_of_what_is_long_gone_are_given_out_again():
    graph = SceneGraph([Node('yard', 'region', (0, 0))], robot_location='yard')
    for number in range(500):
        new = Node(f'crate_{number}', 'object', (0, 0))
        gone = (f'crate_{number - 1}',) if number else ()
        graph = graph.apply(GraphUpdate(upsert_nodes=(new,), remove_nodes=gone))
    assert graph.places == {'yard': 0, 'crate_499': graph.places['crate_499']}
    assert graph.places['crate_499'] <= MAX_GONE
