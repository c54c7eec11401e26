# SPDX-License-Identifier: Apache-2.0
"""Arbitrary names, texts, graphs, updates, actions and plans."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from prism_core import (
    Action,
    ActionTable,
    ArgumentKind,
    ArgumentSpec,
    Connection,
    GraphUpdate,
    Node,
    Observation,
    Plan,
    SceneGraph,
    SceneGraphError,
    Turn,
)
from prism_core.domains.mapping import MAPPING_ACTIONS
from prism_core.graph.elements import MAX_COORDINATE_M, PLACEMENTS, is_name

NASTY = (
    *('"', "'", '\\', '\\"', '(', ')', ',', '[', ']', '{', '}', ';', '\n', '\t', '\r', '\0'),
    *(' ', '\u00a0', '\u2028', '\x85', '\ufeff', '```', '```json', '\\u0041', '\\ud800', '", "'),
    *(
        'goto',
        'answer(',
        'inspect(a, "b")',
        '"plan":',
        'null',
        'nan',
        'inf',
        '-1.5e3',
        'é',
        '日',
        '😀',
    ),
)

nasty_texts = st.lists(st.sampled_from(NASTY), max_size=12).map(''.join)
texts = st.text(max_size=40) | nasty_texts
said = texts.filter(str.strip)
names = (
    st.from_regex(r'[a-d]{1,2}_[0-9]', fullmatch=True)
    | st.from_regex(r'[A-Za-z0-9_.\-]{1,8}', fullmatch=True)
    | st.sampled_from(['5', '-1', '1e5', 'nan', 'inf', 'goto', 'replan', '.', '_', '--', 'x' * 128])
)
ODD_NAMES = (
    *('3', '-1', 'nan', '1e5', 'O(12)', 'pump "B"', 'living room', 'Küche_1', 'a, b)', 'C:\\maps'),
    *("it's", '居間', 'ドック 😀', '[x]', '{"name": 1}', '#1', '%s', '<b>', 'x' * 128, '.', '\\'),
)
"""Names as the graphs of others have them."""
_printable = st.characters(exclude_categories=('C', 'Z'), include_characters=' ')
any_names = (
    names
    | st.sampled_from(ODD_NAMES)
    | st.lists(_printable | st.sampled_from([n for n in NASTY if n.isprintable()]), max_size=12)
    .map(lambda parts: ''.join(parts).strip())
    .filter(is_name)
)
numbers = st.floats(allow_nan=False, allow_infinity=False)
coordinates = st.floats(-MAX_COORDINATE_M, MAX_COORDINATE_M) | st.integers(-50, 50).map(float)
positions = st.tuples(coordinates, coordinates)

_scalars = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | numbers | texts
json_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def attributes(*reserved: str) -> st.SearchStrategy[dict]:
    keys = (texts | st.sampled_from(['semantic_class', 'z_m', 'source'])).filter(
        lambda key: key not in reserved and '\0' not in key
    )
    return st.dictionaries(keys, json_values, max_size=3)


node_attributes = attributes('name', 'coords', 'description')
graph_attributes = attributes(
    *('regions', 'objects', 'region_connections', 'object_connections', 'placements'),
    *('revision', 'map_id'),
    *('robot_location', 'current_location', 'init_location'),
)
descriptions = texts.map(lambda text: text.replace('\0', ''))
costs = st.none() | st.floats(0, 1e6) | st.integers(0, 100)


@st.composite
def _placements(draw, objects: Sequence[str], others: Sequence[str]) -> list[Connection]:
    """What some of the objects are in, on or held by: one before them, or one of the others."""
    placed = []
    for index, name in enumerate(objects):
        kind = draw(st.sampled_from([None, *PLACEMENTS]))
        holders = [*objects[:index], *(() if kind == 'held' else others)]
        if kind and holders:
            placed.append(Connection(kind, name, draw(st.sampled_from(holders))))
    return placed


@st.composite
def scene_graphs(
    draw, *, located: bool | None = None, bare: bool = False, any_kind: bool = False
) -> SceneGraph:
    """Arbitrary graphs, in general of several parts.

    `located` says whether the robot's location is known, None: either; `bare` leaves out
    descriptions, attributes and costs; `any_kind` has names as those of others, and nodes that are
    not known to lie anywhere.
    """
    named = any_names if any_kind else names
    placed = st.none() | positions if any_kind else positions
    drawn = draw(st.lists(named, unique=True, min_size=1, max_size=9))
    regions = drawn[: draw(st.integers(1 if located else 0, len(drawn)))]
    objects = drawn[len(regions) :]
    nodes = [
        Node(
            name,
            'region' if name in regions else 'object',
            draw(placed),
            '' if bare else draw(descriptions),
            {} if bare else draw(node_attributes),
        )
        for name in drawn
    ]
    pairs = [('traversable', a, b) for a in regions for b in regions if a != b]
    pairs += [('observed_from', a, b) for a in objects for b in regions]
    pairs += [('observed_from', b, a) for a in objects for b in regions]
    ends = draw(st.lists(st.sampled_from(pairs), max_size=10)) if pairs else []
    connections = [Connection(kind, a, b, None if bare else draw(costs)) for kind, a, b in ends]
    held = draw(_placements(objects, regions))
    location = st.sampled_from(regions) if regions else st.none()
    if not located:
        location = st.none() if located is False else st.none() | location
    return SceneGraph(
        nodes,
        held + connections if draw(st.booleans()) else connections + held,
        robot_location=draw(location),
        revision=draw(st.integers(0, 2**63 - 1)),
        attributes={} if bare else draw(graph_attributes),
    )


# A pool of names so small that updates often meet.
_pool = st.sampled_from(['a', 'b', 'c', 'd', 'e'])
_pool_nodes = st.builds(
    Node, _pool, st.sampled_from(['region', 'region', 'object']), positions, descriptions
)
_pool_kinds = st.sampled_from(['traversable', 'observed_from', *PLACEMENTS])
_pool_connections = (
    st.tuples(_pool_kinds, _pool, _pool, costs)
    .filter(lambda parts: parts[1] != parts[2])
    .map(lambda parts: Connection(*parts[:3], None if parts[0] in PLACEMENTS else parts[3]))
)
updates = st.builds(
    GraphUpdate,
    upsert_nodes=st.lists(_pool_nodes, max_size=3).map(tuple),
    upsert_connections=st.lists(_pool_connections, max_size=2).map(tuple),
    remove_nodes=st.lists(_pool, max_size=1).map(tuple),
    remove_connections=st.lists(_pool_connections, max_size=1).map(tuple),
    robot_location=st.none() | _pool,
)


def _argument(spec: ArgumentSpec, known: Sequence[str]) -> st.SearchStrategy:
    if spec.kind.is_node:
        return st.sampled_from(known) if known else names | texts
    return texts if spec.kind is ArgumentKind.TEXT else st.floats(-9, 9) | numbers


def fitting_actions(
    table: ActionTable = MAPPING_ACTIONS, known: Sequence[str] = ()
) -> st.SearchStrategy[Action]:
    """Actions of the table with arguments of the right number and type, true or not."""
    return st.sampled_from(list(table.values())).flatmap(
        lambda spec: st.builds(
            Action,
            st.just(spec.name),
            st.tuples(*(_argument(argument, known) for argument in spec.arguments)),
        )
    )


unknown_actions = st.builds(
    Action,
    st.from_regex(r'[A-Za-z_]\w{0,8}', fullmatch=True).filter(lambda n: n not in MAPPING_ACTIONS),
    st.lists(texts | numbers | st.just(float('inf')), max_size=3).map(tuple),
)
plans = st.builds(
    Plan,
    st.lists(fitting_actions() | unknown_actions, max_size=5).map(tuple),
    texts,
    st.lists(texts, max_size=4).map(tuple),
    texts,
)


def tried_plans(graph: SceneGraph) -> st.SearchStrategy[Plan]:
    """Plans over the nodes of a graph, with every kind of mistake, and none."""
    known = sorted(graph.nodes)
    fitting = fitting_actions(known=known)
    odd_argument = (
        st.sampled_from([*known, '', ' ', 'x' * 1025, 5.0, 0.0, -1.0, 1e9])
        | st.sampled_from([float('nan'), float('inf')])
        | said
    )
    odd = st.builds(
        Action,
        st.sampled_from([*MAPPING_ACTIONS, 'fly']),
        st.lists(odd_argument, max_size=3).map(tuple),
    )
    actions = st.lists(fitting | fitting | odd, min_size=1, max_size=4)
    return st.builds(Plan, actions.map(tuple))


TOLD = (
    *({}, {'color': 'red'}, {'color': 'blue', 'size': 'small'}, {'color': 'mauve'}),
    *({'mapped': True, 'ways_m': [3]}, {'mapped': False}, {'semantic_class': 'truck'}),
)


@st.composite
def fitting_updates(draw, graph: SceneGraph) -> GraphUpdate:
    """Updates of a graph as mappers and robots send them: nodes that come, go, come again as they
    were, elsewhere, with other attributes, as another kind or seen from elsewhere; ways; where the
    robot is.
    """
    known = st.lists(st.sampled_from(list(graph.nodes)), unique=True, max_size=2)
    gone, again = draw(known), draw(known)
    fresh = [name for name in draw(st.lists(names, max_size=1)) if name not in graph.nodes]
    sent = {}
    for name in (*again, *fresh):
        old = graph.nodes.get(name, Node(name, 'region', (0.0, 0.0)))
        moved = old.position and (1.0, old.position[1])
        kind = draw(st.sampled_from(['region', 'object'])) if name in [*fresh, *gone] else old.kind
        said = draw(st.sampled_from([old.description, '', 'old']))
        told = draw(st.sampled_from([old.attributes, *TOLD]))
        sent[name] = Node(name, kind, draw(st.sampled_from([old.position, moved])), said, told)
    left = {name: node for name, node in graph.nodes.items() if name not in gone} | sent
    regions = [name for name, node in left.items() if node.kind == 'region']
    pairs = [
        ('traversable' if node.kind == 'region' else 'observed_from', name, region)
        for name, node in left.items()
        for region in regions
        if name != region
    ]
    objects = [name for name, node in left.items() if node.kind == 'object']
    placed = draw(_placements(draw(st.permutations(objects))[:2], regions))
    lost = (
        draw(st.sets(st.sampled_from(list(graph.connections)), max_size=2))
        if (graph.connections)
        else ()
    )
    update = GraphUpdate(
        upsert_nodes=tuple(sent.values()),
        upsert_connections=(
            *(
                Connection(*parts)
                for parts in (draw(st.lists(st.sampled_from(pairs), max_size=3)) if pairs else ())
            ),
            *placed,
        ),
        set_attributes={
            name: draw(st.sampled_from(TOLD))
            for name in draw(
                st.lists(st.sampled_from(list(left)), max_size=2) if left else st.just(())
            )
        },
        remove_nodes=tuple(gone),
        remove_connections=tuple(graph.connections[ends] for ends in lost),
        robot_location=draw(st.sampled_from([None, *regions])),
    )
    try:
        graph.apply(update)
    except SceneGraphError:  # such as one that removes where the robot is
        return GraphUpdate()
    return update


def _plain_plans(graph: SceneGraph) -> st.SearchStrategy[Plan]:
    """Plans that every dialect can say."""
    actions = [Action('replan'), *(Action('map_region', (name,)) for name in graph.regions)]
    actions += [Action('goto', (name,)) for name in graph.regions]
    return st.builds(
        Plan, st.lists(st.sampled_from(actions), min_size=1, max_size=2).map(tuple), st.just('find')
    )


@st.composite
def missions(draw, *, is_whole: bool = False) -> tuple[SceneGraph, list[Turn]]:
    """What is known at last, and the turns before.

    `is_whole`: each turn kept what was known, and nothing changed but what was observed; else a
    mapper may change the graph between turns, and what was known may be lost.
    """
    graph = draw(scene_graphs(located=True, any_kind=draw(st.booleans()))).with_revision(0)
    turns = []
    for _ in range(draw(st.integers(0, 4))):
        plan = draw(_plain_plans(graph) | _plain_plans(graph) | tried_plans(graph))
        known, observations = graph, []
        for _ in plan.actions:
            update = draw(fitting_updates(graph) | st.just(GraphUpdate()))
            status = draw(st.sampled_from(['done', 'done', 'failed', 'refused']))
            observations.append(Observation(update, draw(texts), status))
            graph = graph.apply(update)
        is_kept = is_whole or draw(st.sampled_from([True, True, False]))
        here = known.robot_location if draw(st.booleans()) else ''
        kept = known if is_kept else None
        turns.append(Turn(plan, tuple(observations), here or '', known_graph=kept))
        if not is_whole and draw(st.booleans()):
            graph = graph.apply(draw(fitting_updates(graph)))
    return graph, turns


@st.composite
def odd_missions(draw) -> tuple[SceneGraph, list[Turn]]:
    """What is known, and turns that have nothing to do with it: plans for what is gone, updates
    that cannot be applied, graphs of other missions.
    """
    graph = draw(scene_graphs(located=True))
    other = draw(scene_graphs())
    observations = st.builds(
        Observation,
        updates | fitting_updates(draw(scene_graphs(located=True))),
        texts,
        st.sampled_from(['done', 'failed', 'refused']),
    )
    turns = st.builds(
        Turn,
        tried_plans(graph) | tried_plans(other) | plans,
        st.lists(observations, max_size=3).map(tuple),
        st.sampled_from(['', *graph.nodes, *other.nodes]),
        known_graph=st.sampled_from([None, graph, other]),
    )
    return graph, draw(st.lists(turns, max_size=4))
