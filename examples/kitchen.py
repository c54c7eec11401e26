# SPDX-License-Identifier: Apache-2.0
"""A domain of one's own: a robot puts things where they belong, in a kitchen with shut doors."""

from dataclasses import dataclass
from random import Random

from prism_core import (
    Action, ActionSpec, ActionTable, ArgumentKind, ArgumentSpec, Connection, Criterion, Domain,
    Episode, Fact, GraphUpdate, Language, Node, Observation, Outcome, Plan, Role, SceneGraph, Task,
)  # fmt: skip

OBJECT, REGION, TEXT = ArgumentKind.OBJECT, ArgumentKind.REGION, ArgumentKind.TEXT
QUESTIONS = {'which': 'Which one do you mean?', 'missing': 'There is none. What shall I do?'}
TABLE = ActionTable([
    ActionSpec('look', (ArgumentSpec('region', REGION),), 'see what stands there', ends_turn=True),
    ActionSpec('open', (ArgumentSpec('receptacle', OBJECT),), 'see what is in it', ends_turn=True),
    ActionSpec('put_in', (ArgumentSpec('thing', OBJECT), ArgumentSpec('receptacle', OBJECT)),
               'fetch a thing and put it in something that is open', ends_turn=True, word='put'),
    ActionSpec('done', (), 'say that all is as asked', ends_turn=True, role=Role.REPORT),
    ActionSpec('ask', (ArgumentSpec('question', TEXT, sayings=QUESTIONS),), 'ask the user',
               ends_turn=True, role=Role.ASK),
])  # fmt: skip
THINGS = ('mug', 'plate', 'apple', 'lemon', 'jar', 'pan', 'bottle', 'towel')
SHUT = {'cupboard': 'kitchen_1', 'drawer': 'kitchen_1', 'fridge': 'pantry_1'}
PLACES = {**SHUT, 'counter': 'kitchen_1', 'shelf': 'pantry_1', 'hand': 'kitchen_1'}
WORDINGS = ('put the {} in the {}', 'the {} belongs in the {}', 'I want the {} in the {}')


@dataclass(frozen=True)
class Stow:  # what a sentence means: a thing of a kind is to be in a receptacle
    thing: str
    receptacle: str

    def find(self, graph: SceneGraph) -> list[str]:
        return [name for name in graph.objects if name.startswith(f'{self.thing}_')]


@dataclass(frozen=True)
class Kitchens:  # what worlds to draw
    seed: int = 0
    worlds: int = 50
    tasks: int = 4


def draw_kitchen(rng: Random) -> tuple[SceneGraph, SceneGraph]:
    """All that is there, and what is known of it: nothing behind doors nor on the shelf."""
    nodes = [Node('kitchen_1', 'region', (0, 0), attributes={'seen': True})]
    nodes += [Node('pantry_1', 'region', (rng.randint(3, 9), 0))]
    ways = [Connection('traversable', 'kitchen_1', 'pantry_1')]
    for x, (name, region) in enumerate(PLACES.items()):
        door = {'door': 'closed'} if name in SHUT else {}
        nodes += [Node(f'{name}_1', 'object', (x, 1), attributes=door)]
        ways.append(Connection('observed_from', f'{name}_1', region))
    things = [(f'{kind}_1', rng.choice([*PLACES])) for kind in rng.sample(THINGS, 7)]
    for name, place in [*things, (rng.choice(things)[0].replace('_1', '_2'), 'counter')]:
        how = {'counter': 'on', 'shelf': 'on', 'hand': 'held'}.get(place, 'in')
        nodes.append(Node(name, 'object', ([*PLACES].index(place), 2)))
        ways.append(Connection(how, name, f'{place}_1'))
    true = SceneGraph(nodes, ways, robot_location='kitchen_1')
    hidden = [n for n, c in true.placements.items() if c.target not in ('counter_1', 'hand_1')]
    return true, true.apply(GraphUpdate(remove_nodes=tuple(hidden))).with_revision(0)


class Simulator:  # shows what stands in a region, or is behind a door, once one looks there
    table = TABLE

    def __init__(self, episode: Episode):
        self.true_graph, self.known_graph = episode.true_graph, episode.known_graph

    def execute(self, action: Action) -> Observation:
        known = self.known_graph
        doors = {name: node.attributes.get('door') for name, node in known.nodes.items()}
        match (action.name, *action.arguments):
            case ('done',) | ('ask', str()):
                return Observation()
            case ('look', name) if name in known.regions:
                seen = [f'{place}_1' for place, region in PLACES.items() if region == name]
                update = self._show([n for n in seen if not doors[n]], {name: {'seen': True}})
            case ('open', name) if doors.get(name) == 'closed':
                update = self._show([name], {name: {'door': 'open'}})
            case ('put_in', thing, name) if doors.get(name) == 'open' and thing in known.placements:
                update = GraphUpdate(upsert_connections=(Connection('in', thing, name),))
            case _:
                return Observation(feedback='that cannot be done', status='refused')
        self.known_graph = known.apply(update)
        return Observation(update)

    def _show(self, places: list[str], news: dict) -> GraphUpdate:
        true, known = self.true_graph, self.known_graph.nodes
        new = [name for place in places for name in true.contents(place) if name not in known]
        things, ways = (tuple(part[n] for n in new) for part in (true.nodes, true.placements))
        return GraphUpdate(things, ways, set_attributes=news)


@dataclass(frozen=True)
class Teacher:  # looks, opens and puts, one action at a time
    stow: Stow
    name = 'teacher'

    def plan(self, request: str, known_graph: SceneGraph, history: tuple) -> Plan:
        return Plan((self._next(known_graph),), f'stow {self.stow.thing} {self.stow.receptacle}')

    def _next(self, graph: SceneGraph) -> Action:
        target, things = f'{self.stow.receptacle}_1', self.stow.find(graph)
        closed = [n for n in graph.objects if graph.nodes[n].attributes.get('door') == 'closed']
        unseen = [n for n in graph.regions if not graph.nodes[n].attributes.get('seen')]
        if target in map(graph.holder, things):
            return Action('done')
        if len(things) == 1:
            put = Action('put_in', (things[0], target))
            return Action('open', (target,)) if target in closed else put
        if things or not (unseen or closed):
            return Action('ask', (QUESTIONS['which' if things else 'missing'],))
        return Action('look', (unseen[0],)) if unseen else Action('open', (closed[0],))

    def close(self) -> None:
        pass


class Kitchen(Domain):  # what `--domain examples.kitchen:Kitchen` names
    name, table, recipe_type, meaning_type = 'kitchen', TABLE, Kitchens, Stow
    language = Language(TABLE, values={'door': ('open', 'closed')}, flags=('seen',))

    def draw_world(self, seed, config, rejections=None) -> list[Episode]:
        true, known = draw_kitchen(rng := Random(seed))
        meanings = [Stow(rng.choice(THINGS), rng.choice([*SHUT])) for _ in range(config.tasks)]
        return [self._draw_task(seed, rng.choice(WORDINGS), m, true, known) for m in meanings]

    def _draw_task(self, seed, wording, meaning, true, known) -> Episode:
        task = Task(wording.format(meaning.thing, meaning.receptacle), 'stow', meaning)
        ends = tuple(Fact('in', name, f'{meaning.receptacle}_1') for name in meaning.find(true))
        must = Criterion('state', any_of=ends, max_actions=10)
        if len(meaning.find(known)) > 1 or not ends:
            opened = () if ends else tuple(Fact('door', f'{name}_1', 'open') for name in SHUT)
            must = Criterion('question', evidence=opened, max_actions=10)
        return self.play(Teacher(meaning), Episode(seed, task, must, true, known, domain=self.name))

    def judge(self, episode: Episode) -> Outcome:
        must, end, turns = episode.criterion, episode.final_graph, len(episode.turns)
        holds = {Fact('in', name, end.holder(name) or '') for name in end.objects}
        holds |= {Fact('door', n, o.attributes.get('door')) for n, o in end.objects.items()}
        found = holds.issuperset(must.evidence) and not holds.isdisjoint(must.any_of or holds)
        answered = episode.ending == ('asked' if must.answer == 'question' else 'reported')
        reason = '' if found and answered else f'found {found}, ended {episode.ending}'
        return Outcome(found, True, answered, turns <= must.max_actions, turns, 0, reason)

    def make_simulator(self, episode: Episode) -> Simulator:
        return Simulator(episode)

    def make_teacher(self, task: Task) -> Teacher:
        return Teacher(task.intent)
