# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import Connection, Node, SceneGraph
from prism_core.domains.mapping import load_words
from prism_core.domains.mapping.generator import draw_episodes
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.kinds import kinds_to_draw
from prism_core.domains.mapping.reading import RequestReader
from prism_core.domains.mapping.world import WorldConfig

from .strategies import NASTY, scene_graphs, texts

WORDS = load_words()
READER = RequestReader(WORDS)
SEATS = Target(classes=WORDS.lexicon.classes_for['sit on'], purpose='sit on')
EXTINGUISHERS = Target(
    classes=(*WORDS.lexicon.classes_for['put out a fire'], 'extinguisher'),
    purpose='put out a fire',
)


def thing(name: str, *attributes: tuple[str, str]) -> Target:
    return Target(classes=(name,), attributes=attributes)


def place(name: str) -> Target:
    return Target('region', classes=(name,))


TRUCK, BENCH, FOUNTAIN = thing('truck'), thing('bench'), thing('fountain')
FIELD, COURTYARD, DOCK, GATE = place('field'), place('courtyard'), place('dock'), place('gate')
GO_TO_FIELD = Intent('go_to', region=FIELD)
ASK_COLOR = Intent('attribute', TRUCK, attribute='color')
IF_OPEN = Intent(
    'conditional', TRUCK, FIELD, COURTYARD, attribute='openness', value='open'
)  # fmt: skip
IF_BLOCKED = Intent('conditional', region=FIELD, other_region=COURTYARD, ends=(DOCK, GATE))

MEANINGS = [
    (Intent('go_to', region=Target('region', name='field_1')), """
        Could you head over to field 1 and ping me when there?
        field_1 is where you should be; report as soon as you arrive.
        Return to FIELD_1"""),
    (GO_TO_FIELD, """
        The field is your next destination. Let me know on arrival.
        As soon as possible, be at the field; a short message on arrival is enough.
        Once you have a minute, would you kindly make for the field?"""),
    (Intent('reach', region=place('island')), """
        See if you can make it to the island, and if you can't, let me know.
        Drive to the islet provided that it is reachable, otherwise report back.
        It may be that the island cannot be reached: go there if it can."""),
    (Intent('find', BENCH), """
        Find a bench
        I'm looking for some bench.
        Where can I find a bench?
        Which bench it is does not matter, but find me a bench.
        I have to have a bench. Can you come up with one?"""),
    (Intent('find', SEATS), """
        find a place to sit
        where can I sit?
        I'm tired and want to sit
        Which thing on the site could help me sit on?"""),
    (Intent('find', EXTINGUISHERS), """
        is there something to put out a fire?
        I see fire
        What can we use for putting out a fire?"""),
    (Intent('find', thing('zebra')), """
        find the zebra
        I need a zebra
        Find zebras"""),
    (Intent('locate', TRUCK), """
        Where's the truck
        find the lorry
        The truck has gone missing. Which area is it in?
        Tell me which region the truck is standing in."""),
    (Intent('locate', Target(name='truck_1')), """
        where did truck_1 go?
        Find Truck 1."""),
    (ASK_COLOR, """
        What color is the truck?
        the truck's colour, please
        Could you give me the truck's color after taking a look?
        With respect to color, how is the truck?"""),
    (Intent('attribute', TRUCK, attribute='size'), 'How big is the truck?'),
    (Intent('attribute', TRUCK, attribute='openness'), 'Is the truck open or closed?'),
    (Intent('attribute', TRUCK, attribute='temperature'), 'What is the temperature of the truck?'),
    (Intent('attribute', thing('truck', ('color', 'blue')), attribute='lock'), """
        Report the lock state of the blue truck."""),
    (Intent('yes_no', TRUCK, attribute='openness', value='open'), """
        The truck is open, isn't it?
        Truck open?
        Open, the truck: yes or no?
        Go look at the truck and tell me whether it's ajar."""),
    (Intent('yes_no', thing('truck', ('openness', 'open')), attribute='color', value='red'), """
        Is the open truck red?"""),
    (Intent('exists', BENCH, FIELD), """
        Are there any benches in the field?
        Check the field for a bench.
        A bench in the field: is there one?
        Find a bench in the field."""),
    (Intent('exists', SEATS, FIELD), 'Is there anything to sit on in the field?'),
    (Intent('exists', thing('zebra')), 'is there a zebra?'),
    (Intent('count', BENCH, FIELD), """
        What's the bench count in the field?
        I want every bench in the field counted.
        Of benches, how many does the field have?"""),
    (Intent('count', BENCH), """
        How many benches do we have?
        Go everywhere and count the benches."""),
    (Intent('compare', BENCH, FIELD, COURTYARD), """
        Does the field or the courtyard have more benches?
        Count benches in the field and the courtyard. Which count is higher?
        Benches: more in the field or in the courtyard?"""),
    (Intent('nearest', FOUNTAIN, COURTYARD), """
        What in the courtyard is nearest to the fountain?
        Within the courtyard, which object has the shortest distance to the fountain?"""),
    (Intent('nearest', FOUNTAIN, Target('region', name='courtyard_1')), """
        What is closest to the fountain?"""),
    (Intent('map_area', region=COURTYARD), """
        What's in the courtyard?
        inspect the courtyard
        Look around in the courtyard and report what is there.
        Show me what the courtyard contains."""),
    (Intent('map_area', position=(-12.0, 3.5)), """
        Map the area around x=-12, y=3.5.
        Proceed to (-12, 3.5) and map it; report all objects.
        Survey y = 3.5 m and x = -12 m
        What can be seen at -12, 3.5 on the map? Map that place."""),
    (Intent('survey'), """
        explore
        Map everything
        Patrol the premises and map them.
        Leave nothing out: map the complete site."""),
    (Intent('describe', TRUCK), """
        inspect the truck
        check the truck
        What's the truck like?
        Paint me a picture of the truck in words."""),
    (Intent('describe', Target(name='car_2')), """
        a red car
        check the red car"""),
    (Intent('describe', Target(name='bench_1')), 'Describe the bench in the courtyard'),
    (Intent('passable', region=FIELD, other_region=COURTYARD), """
        Can you drive directly from the field to the courtyard?
        Is the road between the field and the courtyard open?
        Could a truck use the direct way between the field and the courtyard?"""),
    (IF_OPEN, """
        If the truck isn't open, go to the courtyard; if it is, go to the field.
        Drive to the courtyard unless the truck is open; then drive to the field.
        Go to the courtyard. However, if the truck is open, go to the field instead.
        Depending on whether the truck is open, go to the field or, if not, to the courtyard.
        Truck open? Field. If not, courtyard.
        The field is your destination if the truck is open, the courtyard otherwise."""),
    (IF_BLOCKED, """
        If the direct way between the dock and the gate is not blocked, go to the courtyard, \
otherwise go to the field.
        See if the direct way from the dock to the gate is free. If so, go to the courtyard. \
If not, go to the field.
        I need you at the field if the direct way between the dock and the gate is blocked, and \
at the courtyard if it is not."""),
    (Intent('sequence', steps=(GO_TO_FIELD, ASK_COLOR)), """
        Go to the field and check the color of the truck
        Check the color of the truck, but go to the field first.
        Do not check the color of the truck until you have been to the field.
        1. Go to the field. 2. Check the color of the truck.
        Please report the color of the truck, but only after you go to the field."""),
    (Intent('sequence', steps=(GO_TO_FIELD, Intent('go_to', region=COURTYARD), ASK_COLOR)), """
        Go to the field, then the courtyard, then check the color of the truck.
        Before you check the color of the truck, go to the field and to the courtyard."""),
    (Intent('sequence', steps=(GO_TO_FIELD, Intent('attribute', TRUCK, attribute='description'))),
        'Go to the field, then inspect the truck.'),
    (Intent('vague'), """
        ?!
        please, can you do it?
        Handle the rest.
        Keep an eye on it.
        There is a problem, go and solve it.
        Is everything all right?"""),
]  # fmt: skip


@pytest.mark.parametrize(
    ('request_', 'intent'),
    [(line.strip(), meant) for meant, lines in MEANINGS for line in lines.splitlines() if line],
)
def test_sentence_means_its_intent(depot, request_, intent):
    assert READER.read(request_, depot) == intent


WORKS = SceneGraph(
    [
        *(Node('yard_2', 'region', (9, 0)), Node('HQ', 'region', (0, 0))),
        Node('sawmill_1', 'region', (3, 3)),
        Node('hydraulic_press_3', 'object', (1, 1)),
        Node('item_7', 'object', (2, 2), attributes={'semantic_class': 'milk_float'}),
        Node('conveyor_1', 'object', (3, 3)),
        Node('conveyor_2', 'object', (4, 3), 'rusty, out of order'),
    ],
    [
        Connection('observed_from', 'hydraulic_press_3', 'HQ'),
        Connection('observed_from', 'conveyor_1', 'sawmill_1'),
        Connection('observed_from', 'conveyor_2', 'yard_2'),
    ],
    robot_location='HQ',
)
PRESS = thing('hydraulic press')


@pytest.mark.parametrize(
    ('request_', 'intent'),
    [
        ('inspect the hydraulic press', Intent('describe', PRESS)),
        ('where is the press?', Intent('locate', PRESS)),
        ('how many presses do we have?', Intent('count', PRESS)),
        ('are there two presses in the sawmill?', Intent('exists', PRESS, place('sawmill'))),
        ('find a milk float', Intent('find', thing('milk float'))),
        ('describe item 7', Intent('describe', Target(name='item_7'))),
        ('go to hq', Intent('go_to', region=place('hq'))),
        ('go to the sawmill', Intent('go_to', region=place('sawmill'))),
        ('go to the press', Intent('go_to', region=Target('region', name='HQ'))),
        ('go to the castle', Intent('go_to', region=place('castle'))),
        ('check the rusty conveyor', Intent('describe', Target(name='conveyor_2'))),
        ('describe the conveyor in the yard', Intent('describe', Target(name='conveyor_2'))),
        ('what is closest to the press?', Intent('nearest', PRESS, Target('region', name='HQ'))),
        ('where is truck_99?', Intent('locate', Target(name='truck_99'))),
    ],
)
def test_classes_and_names_that_only_the_graph_knows_are_understood(request_, intent):
    assert READER.read(request_, WORKS) == intent


@pytest.mark.parametrize(
    ('tier', 'kinds'), [(tier, kinds_to_draw(tier)) for tier in ('core', 'full')]
)
def test_generated_sentences_mean_what_they_were_made_from(tier, kinds):
    config = WorldConfig(tier=tier, tasks=4)
    episodes = [e for seed in range(300) for e in draw_episodes(seed, config, WORDS)]
    assert set(kinds) - {episode.task.kind for episode in episodes} <= {'ambiguous'}
    wrong = [
        episode.task.request
        for episode in episodes
        if READER.read(episode.task.request, episode.known_graph) != episode.task.intent
    ]
    assert len(wrong) <= 0.01 * len(episodes), wrong


PARTS = ['the truck', 'the field', 'a bench', 'if', 'open', 'blocked', 'go to', 'then', 'how many']
PARTS += ['between', 'and', 'not', 'sit', 'color of', 'before you', 'nearest to', '(3, 4)', *NASTY]


@given(texts | st.lists(st.sampled_from(PARTS), max_size=9).map(' '.join), scene_graphs())
def test_any_text_means_something_on_any_graph(request_, graph):
    assert isinstance(READER.read(request_, graph), Intent)
