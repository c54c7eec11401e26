# SPDX-License-Identifier: Apache-2.0
"""Tasks from a seed: the same again, as asked, entailed by their sentence, and guarded by twins."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from functools import cache
from itertools import groupby
from pathlib import Path
from random import Random

import pytest

from prism_core.dataset.episode_json import render_episode
from prism_core.domains.mapping import load_words
from prism_core.domains.mapping.generator import MAX_DRAWS, draw_episodes
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.kinds import KINDS, kinds_to_draw
from prism_core.domains.mapping.oracle import find_solution
from prism_core.domains.mapping.simulator import FAILURES
from prism_core.domains.mapping.words import split_held_out
from prism_core.domains.mapping.world import WorldConfig, build_world
from prism_core.episode.episode import Episode
from prism_core.graph.calling import class_of

WORDS = load_words()
LEXICON = WORDS.lexicon


@cache
def draw(seed: int, **settings) -> tuple[Episode, ...]:
    return tuple(draw_episodes(seed, WorldConfig(**settings), WORDS))


def some(number: int = 40, **settings) -> list[Episode]:
    """The tasks of some worlds."""
    return [episode for seed in range(number) for episode in draw(seed, **settings)]


def pairs_of(episodes) -> list[tuple[Episode, Episode]]:
    """The twins: each stands right behind the other."""
    twins = [e for e in episodes if 'twin' in e.provenance]
    return list(zip(twins[::2], twins[1::2]))


FINGERPRINT = """
from hashlib import sha256
from prism_core.domains.mapping import load_words
from prism_core.domains.mapping.generator import draw_episodes
from prism_core.domains.mapping.world import WorldConfig
from prism_core.dataset.episode_json import render_episode

for settings in (
    {'tier': 'core'}, {}, {'size': 'medium', 'tasks': 19},
    {'unseen': frozenset(('wording', 'classes', 'places')), 'hidden': 0.6},
):
    for seed in range(3):
        for episode in draw_episodes(seed, WorldConfig(**settings), load_words()):
            print(sha256(render_episode(episode).encode()).hexdigest())
"""


# ---------------------------------------------------------------------------------- from a seed


def test_the_same_seed_gives_the_same_episodes():
    for seed in range(10):
        config = WorldConfig(tier=('core', 'full')[seed % 2])
        assert draw_episodes(seed, config, WORDS) == draw_episodes(seed, config, WORDS)


def test_other_processes_with_other_hashes_draw_the_same():
    drawn = [
        subprocess.run(
            [sys.executable, '-c', FINGERPRINT],
            env={**os.environ, 'PYTHONHASHSEED': hash_seed},
            cwd=Path(__file__).parents[2],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for hash_seed in ('0', '77')
    ]
    assert len(drawn[0].split()) > 60
    assert drawn[0] == drawn[1]


def test_another_seed_gives_another_world():
    worlds = {e.seed: frozenset(e.true_graph.regions) for e in some(20, tasks=2)}
    assert len(worlds) > 15
    assert len(set(worlds.values())) == len(worlds)


# ------------------------------------------------------------------------------- what was asked


@pytest.mark.parametrize(
    ('tier', 'kinds'), [(tier, kinds_to_draw(tier)) for tier in ('core', 'full')]
)
def test_all_kinds_of_a_tier_occur_and_no_other(tier, kinds):
    found = Counter(e.task.kind for e in some(30, tier=tier))
    if tier == 'full':
        found += Counter(e.task.kind for e in some(6, size='medium', tasks=38))
    assert set(found) == set(kinds)


def test_only_the_kinds_that_were_asked_for_are_drawn():
    drawn = some(6, kinds=('count', 'survey'), tasks=4)
    assert {e.task.kind for e in drawn} == {'count', 'survey'}


def outsiders(episode: Episode, tier: str) -> set[str]:
    """The object and region classes of a world that a tier without held-out parts lacks."""
    allowed = WORDS.object_classes(tier, (), episode.provenance['family'])
    rooms = WORDS.region_classes(episode.provenance['family'], tier)
    nodes = episode.true_graph
    return ({class_of(n) for n in nodes.objects.values()} - allowed) | (
        {class_of(n) for n in nodes.regions.values()} - set(rooms)
    )


@pytest.mark.parametrize('tier', ['core', 'full'])
def test_worlds_hold_the_classes_of_their_tier_and_family_and_nothing_held_out(tier):
    for episode in some(60, tier=tier):
        if episode not in [other for _, other in pairs_of(draw(episode.seed, tier=tier))]:
            assert outsiders(episode, tier) == set(), episode.seed
        assert episode.provenance['family'] != WORDS.held_out_family


@pytest.mark.parametrize(('tier', 'seed'), [('core', 251), ('core', 287), ('full', 288)])
def test_twins_hold_the_classes_of_their_tier_and_family_and_nothing_held_out(tier, seed):
    for episode in draw(seed, tier=tier):
        assert outsiders(episode, tier) == set(), episode.task.request


def test_what_is_held_out_occurs_where_it_is_asked_for():
    drawn = some(15, unseen=frozenset(('classes', 'places')))
    assert {e.provenance['family'] for e in drawn} == {WORDS.held_out_family}
    objects = [class_of(n) for e in drawn for n in e.true_graph.objects.values()]
    assert any(map(WORDS.is_held_out_class, objects))
    asked = [c for e in drawn if e.task.intent.target for c in e.task.intent.target.classes]
    assert any(map(WORDS.is_held_out_class, asked))


@pytest.mark.parametrize('is_unseen', [False, True])
def test_a_held_out_phrasing_is_said_only_where_it_is_asked_for(is_unseen):
    unseen = frozenset(['wording'] if is_unseen else [])
    for episode in some(25, unseen=unseen):
        phrasings = WORDS.all_phrasings[episode.provenance['phrasing']]
        said = [p for p in phrasings if _pattern(p).fullmatch(episode.task.request)]
        assert said, episode.task.request
        assert set(said) & set(split_held_out(phrasings, is_unseen)), said


@cache
def _pattern(phrasing: str) -> re.Pattern[str]:
    return re.compile(re.sub(r'\\\{\w+\\\}', '.+', re.escape(phrasing)))


# ------------------------------------------------------------------------------------- the names


def test_the_number_in_a_name_is_random_and_tells_nothing():
    numbers: dict[str, list[int]] = defaultdict(list)
    for seed in range(150):
        for name in build_world(Random(seed), WorldConfig(tier='core'), WORDS).graph.nodes:
            stem, _, number = name.rpartition('_')
            numbers[stem].append(int(number))
    everything = [n for values in numbers.values() for n in values]
    tenths = Counter((n - 1) // 10 for n in everything)
    share = len(everything) / 10
    assert all(0.75 * share < tenths[tenth] < 1.25 * share for tenth in range(10)), tenths
    often = [values for values in numbers.values() if len(values) >= 20]
    assert len(often) > 10
    assert all(len(set(values)) > 10 and max(values) > 50 for values in often)


# ------------------------------------------------------------------------------------- the twins


@pytest.mark.parametrize('tier', ['core', 'full'])
def test_twins_share_sentence_and_known_graph_and_differ_in_hidden_facts_and_answer(tier):
    pairs = pairs_of(some(60, tier=tier))
    assert len(pairs) > 100
    for one, other in pairs:
        assert one.provenance['twin'] == other.provenance['twin']
        assert (one.task.request, one.task.intent) == (other.task.request, other.task.intent)
        assert one.known_graph == other.known_graph
        assert one.true_graph != other.true_graph
        assert one.true_graph.robot_location == other.true_graph.robot_location
        answers = [(e.criterion.answer, e.criterion.accepted) for e in (one, other)]
        assert answers[0] != answers[1] or one.task.intent.kind in ('go_to', 'reach')


def test_the_known_graph_tells_no_fact_of_one_twin_that_does_not_hold_in_the_other():
    for episode in [*some(60, tier='core'), *some(60), *some(20, hidden=0.7)]:
        true, known = episode.true_graph, episode.known_graph
        assert FAILURES not in known.attributes
        for name, node in known.nodes.items():
            assert (node.kind, node.position) == (true.nodes[name].kind, true.nodes[name].position)
            assert node.description in ('', true.nodes[name].description)
            if node.kind == 'object':
                assert node.attributes.items() <= true.nodes[name].attributes.items()
            elif node.attributes:
                assert set(node.attributes) == {'mapped', 'ways_m'}
                seen = [o for o, regions in true.viewpoints.items() if name in regions]
                assert all(name in known.viewpoints.get(o, ()) for o in seen)


def test_what_could_be_guessed_comes_as_twins_wherever_something_must_be_discovered():
    for episode in [*some(60, tier='core'), *some(60)]:
        is_guessable = KINDS[episode.task.intent.kind].is_guessable
        if episode.provenance['needs_discovery'] and is_guessable:
            assert 'twin' in episode.provenance, episode.task.request


def test_no_more_than_two_episodes_are_twins_of_each_other():
    twins = Counter(e.provenance.get('twin') for e in draw(36, tier='core', tasks=12))
    assert max(number for twin, number in twins.items() if twin) == 2


# --------------------------------------------------------------------------------- the sentences


def names_for(target: Target, is_unseen: bool) -> set[str]:
    """All that a target may be called."""
    if target.name:
        return {target.name.lower()}
    if target.purpose:
        return set(WORDS.purposes_of(target.purpose, is_unseen))
    nouns = {n for c in target.classes[:1] for n in WORDS.names_of(c, is_unseen)}
    if len(target.classes) > 1:
        nouns = {g for g, classes in LEXICON.groups.items() if classes == target.classes}
    return nouns | {LEXICON.plural(noun) for noun in nouns}


def entailed(intent: Intent, is_unseen: bool) -> list[set[str]]:
    """For each slot of an intent the words of which one must be said."""
    targets = [intent.target, intent.region, intent.other_region, *(intent.ends or ())]
    slots = [names_for(target, is_unseen) for target in targets if target is not None]
    slots += [{v} for t in targets if t is not None for _, v in t.attributes]
    if intent.value:
        slots.append({intent.value})
    elif intent.attribute:
        slots.append({intent.attribute})
    slots += [{f'{part:g}'} for part in intent.position or ()]
    return slots + [slot for step in intent.steps for slot in entailed(step, is_unseen)]


@pytest.mark.parametrize('unseen', [frozenset(), frozenset(['wording'])])
def test_each_sentence_says_what_its_intent_means(unseen):
    checked = 0
    for episode in [*some(40, unseen=unseen), *some(40, tier='core', unseen=unseen)]:
        said = episode.task.request.lower()
        for slot in entailed(episode.task.intent, bool(unseen)):
            pattern = rf'(?<!\w)(?:{"|".join(map(re.escape, sorted(slot)))})(?!\w)'
            assert re.search(pattern, said), (said, slot)
            checked += 1
    assert checked > 500


def test_no_sentence_has_two_meanings_in_one_known_graph():
    for _, episodes in groupby(some(60, tasks=19), key=lambda e: e.seed):
        meanings: dict[str, set[Intent]] = defaultdict(set)
        for episode in episodes:
            meanings[episode.task.request].add(episode.task.intent)
        assert {len(intents) for intents in meanings.values()} <= {1}


# ------------------------------------------------------------------------------ what is solvable


@pytest.mark.parametrize('hidden', [0.0, 0.3, 0.9])
def test_every_task_can_be_solved_within_its_budget(hidden):
    for episode in [*some(8, hidden=hidden), *some(8, hidden=hidden, tier='core')]:
        best = find_solution(episode, LEXICON)
        assert best.actions == episode.provenance['oracle_actions']
        assert best.distance_m == episode.provenance['oracle_distance_m']
        assert best.actions <= episode.criterion.max_actions, episode.task.request
        assert best.distance_m <= episode.criterion.max_distance_m, episode.task.request


def test_what_cannot_be_drawn_is_counted_by_its_reason_and_tried_so_often_only():
    rejections: Counter[str] = Counter()
    config = WorldConfig(kinds=('ambiguous',), tasks=3, hidden=0.9)
    drawn = [e for seed in range(5) for e in draw_episodes(seed, config, WORDS, rejections)]
    assert drawn == []
    reason = 'ambiguous: no class of which several are known to ask for'
    assert rejections == {reason: 5 * 3 * MAX_DRAWS}


def test_rejections_name_the_kind_and_have_few_different_reasons():
    rejections: Counter[str] = Counter()
    for seed in range(40):
        draw_episodes(seed, WorldConfig(), WORDS, rejections)
    assert {reason.partition(': ')[0] for reason in rejections} <= set(KINDS)
    assert 10 < len(rejections) < 60
    assert not any(re.search(r'\d', reason) for reason in rejections)


def test_solving_a_task_does_not_change_it():
    episode = draw(3)[0]
    before = render_episode(episode)
    find_solution(episode, LEXICON)
    assert render_episode(episode) == before
