# SPDX-License-Identifier: Apache-2.0
"""The system message for language models that were never trained on the mapping domain.

Its worked examples are played by the embedded teacher in a small world and written by the dialect
itself, so that nothing in them can be malformed. The same bytes every time.
"""

from __future__ import annotations

from collections.abc import Iterator

from prism_core.dialects.conversation import Dialect
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.planning.teacher import make_teacher
from prism_core.domains.mapping.simulator import FAILURES, MappingSimulator
from prism_core.domains.mapping.words import Words
from prism_core.episode.criterion import Criterion
from prism_core.episode.episode import Episode, Task
from prism_core.episode.planner import run_episode
from prism_core.graph.elements import Connection, Node
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import ActionTable

_ROLE = """\
You plan for a mobile robot that is to carry out a task at a site of which it knows only a part. \
You never see the site itself: you see what the robot knows, and what its actions reveal.

# How a mission goes
You give a plan, a short list of actions. The robot carries out its actions one after the other. \
As soon as one of them may bring news (each but goto) it stops, tells you what it revealed, and \
asks for the next plan; what stood behind that action is dropped. So plan up to the first action \
that brings news, with what you know now. The mission ends with answer or clarify, and fails when \
no turns are left.

# What the robot knows
A scene graph. Regions are places where the robot can stand; objects are seen from regions. Each \
node has a unique name and coordinates in metres, x to the east and y to the north; a description \
and further attributes become known by looking. A way between two regions can be driven in both \
directions; its length is the straight line unless a number of metres says otherwise. An object \
is connected to the regions that it is seen from. The map may be wrong: ways can turn out \
blocked, and regions, ways and objects may be missing until they are found.
Attributes of a region that tell what is left to see there:
- mapped: true once map_region has shown all that is seen from it.
- ways_m: the lengths in metres of all ways that lead away from it, rounded up. A length that no \
known way from the region accounts for is a way to a region not found yet: explore_region with at \
least that radius finds it.

# Actions
"""

_ADVICE = """

# Advice
- Use names from the graph, exactly as they are written. Never make one up. If what you need is \
not on the map yet, look for it.
- What the task asks for may be known already: then answer at once.
- Look nearest first, by the length of the way to drive and not by the straight line. Prefer \
regions where the thing would usually be only where the distances are alike.
- To find things, map regions that are not mapped and explore where ways lead on, whichever is \
nearest. Use extend_map for a coordinate that is not on the map or to bridge a gap in it.
- Inspect an object before you say anything about it that the graph does not say.
- Say that something is not there, or how many there are, only when every region that you can \
reach is mapped and no way leads on that you have not explored.
- An action that failed may work the next time: try it up to three times, then do without. A way \
that is blocked disappears from the map: plan around it, and say so if there is no other.
- Ask with clarify only if the task can be understood in more than one way, or in none, and \
looking would not help. Do not ask for what the robot can find out.
- An answer names nodes as the graph does and says all that was asked, briefly.
"""


def make_header(dialect: Dialect, table: ActionTable, words: Words) -> str:
    """Who the model is, what it can do, what it is told, how it answers, and two examples.

    Args:
        dialect: writes the examples, and says how it is written.
        table: the actions that are listed.
        words: those of the examples.
    """
    parts = [_ROLE, table.describe(), _ADVICE, dialect.form]
    for number, episode in enumerate(play_examples(words), start=1):
        parts.append(f'\n# Example {number}\n')
        parts += _render_episode(episode, dialect)
    return ''.join(parts)


def play_examples(words: Words) -> tuple[Episode, ...]:
    """The episodes of the examples: a search past a blocked way and an obstructed view, and on the
    map that it made half-way a search in vain.
    """
    found = _play('What color is the barrel?', _FIND, _KNOWN, words)
    halfway = _graph_before(found, 3)
    return found, _play('Is there a ladder anywhere on the site?', _SEARCH, halfway, words)


def _play(request: str, intent: Intent, known: SceneGraph, words: Words) -> Episode:
    episode = Episode(0, Task(request, intent=intent), Criterion('any'), _TRUE, known)
    simulator = MappingSimulator(_TRUE, known, words.lexicon)
    return run_episode(make_teacher(episode.task, words), simulator, episode)


def _graph_before(episode: Episode, turn: int) -> SceneGraph:
    """What is known when the plan of a turn is made."""
    graph = episode.known_graph
    for done in episode.turns[:turn]:
        for observation in done.observations:
            graph = graph.apply(observation.update)
    return graph


def _render_episode(episode: Episode, dialect: Dialect) -> Iterator[str]:
    *history, last = episode.turns
    graph = _graph_before(episode, len(history))
    told = (*episode.earlier, *history)
    for message in dialect.render_prompt(episode.task.request, graph, told):
        yield f'[{message["role"]}]\n{message["content"]}\n'
    yield f'[assistant]\n{dialect.render_reply(last.plan, graph)}\n'


# --------------------------------------------------------------------------- the world of examples

_REGIONS = {
    'entrance_2': Node('entrance_2', 'region', (0.0, 0.0), 'entrance with a barrier'),
    'driveway_4': Node('driveway_4', 'region', (20.0, 0.0), 'driveway, wide and even'),
    'shed_7': Node('shed_7', 'region', (8.0, 16.0), 'shed with a low ceiling'),
    'yard_9': Node('yard_9', 'region', (44.0, 6.0), 'yard with loose gravel'),
}
_OBJECTS = (
    Node('bench_1', 'object', (3.0, 2.0), 'bench in the shade', {'material': 'wooden'}),
    Node('barrel_5', 'object', (47.0, 8.0), 'barrel with a dent', {'color': 'blue'}),
)
_VIEWS = {'bench_1': 'entrance_2', 'barrel_5': 'yard_9'}
_TRUE = SceneGraph(
    [*_REGIONS.values(), *_OBJECTS],
    [
        Connection('traversable', 'entrance_2', 'driveway_4'),
        Connection('traversable', 'driveway_4', 'shed_7'),
        Connection('traversable', 'driveway_4', 'yard_9'),
        *(Connection('observed_from', *ends) for ends in _VIEWS.items()),
    ],
    robot_location='entrance_2',
    attributes={FAILURES: [['inspect', 'barrel_5']]},
)
_KNOWN = SceneGraph(
    [Node(n, 'region', _REGIONS[n].position) for n in ('entrance_2', 'driveway_4', 'shed_7')],
    [
        Connection('traversable', 'entrance_2', 'driveway_4'),
        Connection('traversable', 'entrance_2', 'shed_7'),  # blocked
        Connection('traversable', 'driveway_4', 'shed_7'),
    ],
    robot_location='entrance_2',
)
_FIND = Intent('attribute', Target('object', ('barrel',)), attribute='color')
_SEARCH = Intent('exists', Target('object', ('ladder',)))
