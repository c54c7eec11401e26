# SPDX-License-Identifier: Apache-2.0
"""What a household student is held to: nothing unknown, and nothing that is known to fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from prism_core.dialects.conversation import Dialect
from prism_core.domains.household import HouseholdDomain
from prism_core.domains.household.scenes import HouseholdRecipe
from prism_core.domains.household.simulator import HouseholdSimulator
from prism_core.graph.scene_graph import SceneGraph
from prism_core.inference.local.grammar import Grammars, TokenVocabulary
from prism_core.plan.grammar import Lark
from prism_core.plan.plan import Plan
from prism_core.plan.validation import validate_plan

DOMAIN = HouseholdDomain()
DIALECT: Dialect = DOMAIN.make_dialect('compact')
END = 256
BYTES = [bytes([value]) for value in range(END)]
GRAMMARS = Grammars(TokenVocabulary([*BYTES, b''], (), END, lambda text: [*text.encode()]))


def draw_states(seed: int) -> Iterator[SceneGraph]:
    """What is known in homes, of which mostly all is, as things are done there: with an empty hand
    and a full one, before and after something was sliced.
    """
    recipe = HouseholdRecipe(seed=seed, tasks=4, known=0.8, failing=0.0, hidden=0.0)
    config = DOMAIN.plan_world(recipe, seed, bool(seed % 2), Counter())
    for episode in DOMAIN.draw_world(seed, config):
        graph = episode.known_graph
        yield graph
        simulator = HouseholdSimulator(episode.true_graph, graph)
        for action, _ in list(episode.actions)[:-1:3]:
            simulator.execute(action)
            yield simulator.known_graph


def say_anything(grammar: Lark, rng: Random) -> str:
    """A random sentence: at each byte any that may follow, mostly one with which more is done."""
    state, said = GRAMMARS.start(grammar), bytearray()
    while not state.is_complete:
        may = [byte for byte in state.allowed().nonzero()[0] if byte != END]
        if not may or (state.may_end and rng.random() < 0.1):
            break
        if said.endswith((b': ', b'; ')) and rng.random() < 0.9:
            may = [byte for byte in may if byte not in b'adl'] or may
        byte = int(rng.choice(may))
        assert state.take(byte)
        said.append(byte)
    return said.decode()


def find_refusal(plan: Plan, graph: SceneGraph) -> str:
    """What the validator or a simulator refuses of a plan; '' for nothing."""
    report = validate_plan(plan, graph, DOMAIN.table)
    if not report.is_valid:
        return report.feedback
    simulator = HouseholdSimulator(graph, graph)
    for action in plan.actions:
        observation = simulator.execute(action)
        if observation.status != 'done':
            return f'{action}: {observation.feedback}'
    return ''


def check_sentences(number: int) -> Counter[str]:
    """So many random sentences, each said in a home and carried out there."""
    rng, seed = Random(7), 0
    verbs: Counter[str] = Counter()
    said = 0
    while said < number:
        for graph in draw_states(seed):
            grammar = DIALECT.make_grammar('', graph)
            for _ in range(3):
                text = say_anything(grammar, rng)
                assert len(text.encode()) <= grammar.longest
                plan = DIALECT.parse_reply(text, graph)
                assert plan.actions, text
                assert not (why := find_refusal(plan, graph)), f'{text}: {why}'
                verbs.update(skill.split()[0] for skill in text.partition(' : ')[2].split(' ; '))
                said += 1
        seed += 1
    return verbs


def test_a_random_sentence_is_a_plan_that_can_be_carried_out():
    verbs = check_sentences(400)
    assert {'take', 'put', 'slice', 'heat', 'cool', 'clean', 'light', 'done', 'ask'} <= verbs.keys()


@pytest.mark.long
def test_ten_thousand_random_sentences_are_plans_that_can_be_carried_out():
    check_sentences(10_000)
