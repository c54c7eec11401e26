# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from prism_core.dataset.episode_json import read_episodes
from prism_core.domains.mapping.commands import measure
from prism_core.domains.mapping.free_wording import draw_free_episode, load_free_requests
from prism_core.domains.mapping.measure import PLANNERS, Tally, measure_planners
from prism_core.domains.mapping.play import replay_episode
from prism_core.domains.mapping.world import WorldConfig

from .mapping_worlds import WORDS, episodes_of, taught

DOCS = Path(__file__).parents[2] / 'docs'
SEEDS = range(7_000, 7_012)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(measure, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def rows(output: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip('│\n').split('│')]
        for line in output.splitlines()
        if line.startswith('│')
    ]


def measured(*names: str, **settings) -> dict[str, Tally]:
    total: dict[str, Tally] = {}
    for found in measure_planners(names, WorldConfig(**settings), SEEDS):
        total = {name: total.get(name, Tally()) + tally for name, tally in found.items()}
    return total


def test_teacher_solves_all_tasks_and_pairs_and_no_one_drives_less_than_the_oracle():
    found = measured(*PLANNERS, hidden=0.4)
    teacher = found['teacher']
    assert teacher.episodes > 60
    assert teacher.successes == teacher.episodes
    assert teacher.pair_successes == teacher.pairs > 20
    for tally in found.values():
        assert tally.oracle_distance_m <= tally.distance_m + 0.5
        assert tally.actions < 3 * tally.oracle_actions


def test_teacher_looks_no_more_than_an_explorer_would():
    found = measured('teacher', 'explorer', hidden=0.4, size='medium', tasks=2)
    assert found['teacher'].actions <= 1.3 * found['explorer'].actions
    assert found['teacher'].distance_m <= 1.3 * found['explorer'].distance_m


def test_fallback_solves_nine_of_ten_tasks_in_wording_that_it_has_not_seen():
    found = measured('fallback', hidden=0.3, unseen=frozenset({'wording'}))['fallback']
    assert found.episodes > 60
    assert found.success >= 0.9


def test_several_processes_find_the_same_as_one():
    alone, together = (
        list(measure_planners(['teacher'], WorldConfig(tier='core'), SEEDS, workers))
        for workers in (1, 2)
    )
    for one, other in zip(alone, together):
        assert one['teacher'].actions == other['teacher'].actions
        assert one['teacher'].distance_m == other['teacher'].distance_m


def test_misses_are_counted_by_kind_and_part():
    found = measured('always_yes', hidden=0.4)['always_yes']
    assert sum(found.misses.values()) == found.episodes - found.successes
    assert all(re.match(r'\w+: (not \w+|over budget)', reason) for reason in found.misses)


def test_an_episode_replays_to_the_same_turns_and_outcome():
    drawn = (*episodes_of(range(60, 70), tier='core', hidden=0.4), *episodes_of(range(60, 66)))
    for episode in map(taught, drawn):
        assert replay_episode(episode, WORDS) == episode


def test_the_episodes_of_the_docs_replay_to_what_is_stored():
    episodes = list(read_episodes((DOCS / 'episodes.jsonl').read_text().splitlines()))
    assert [episode.outcome.success for episode in episodes] == [True, True, False]
    for episode in episodes:
        assert replay_episode(episode, WORDS) == episode


# ---------------------------------------------------------------------------------- free wording


def test_free_requests_are_many_of_every_kind_and_mean_what_the_lexicon_knows():
    requests = load_free_requests()
    assert len({free.request for free in requests}) == len(requests) >= 200
    kinds = Counter(free.intent.kind for free in requests)
    assert len(kinds) == 17
    assert min(kinds.values()) >= 5
    lexicon = WORDS.lexicon
    for free in requests:
        for part in (free.intent, *free.intent.steps):
            for target in (part.target, part.region, part.other_region):
                known = lexicon.regions if target and target.kind == 'region' else lexicon.objects
                assert target is None or set(target.classes) <= known.keys(), free.request
            if part.value:
                assert part.value in lexicon.attributes[part.attribute].values


def test_every_free_request_has_a_world_in_which_its_teacher_is_right():
    for number in range(0, len(load_free_requests()), 3):
        episode = draw_free_episode(number, 0, WorldConfig(hidden=0.3), WORDS)
        assert episode is not None, load_free_requests()[number].request
        assert taught(episode).outcome.success, episode.task.request
        assert episode.provenance['wording'] == 'free'


# ------------------------------------------------------------------------------ the command line


def test_planners_are_printed_by_size_and_hidden_share():
    output = run(
        'planners', '--worlds', '6', '--workers', '1', '--size', 'small', '--hidden', '0.4'
    )
    ((size, hidden, tasks, teacher, *_),) = rows(output)
    assert (size, hidden, teacher) == ('small', '40%', '100.00%')
    assert int(tasks) >= 6
    assert 'teacher missed: nothing' in output


def test_controls_solve_no_pair_and_no_discovery():
    found = rows(run('controls', '--worlds', '6', '--workers', '1'))
    assert len(found) == 10
    for name, pairs, discovery, _ in found:
        assert pairs.startswith('0/'), name
        assert discovery.startswith('0/'), name
        assert not pairs.endswith('/0'), name


def test_prompts_say_all_that_a_teacher_needs():
    for dialect, states, replies, plans, conflicts, *_ in rows(run('prompts', '--states', '150')):
        assert dialect in ('compact', 'spine')
        assert (states, replies, plans, conflicts) == ('150', '0', '0', '0')


def test_plans_follow_names_and_class_words_and_seldom_depend_on_the_order():
    found = rows(run('invariance', '--states', '400'))
    ((states, renamed, reordered, exchanged, unmoved),) = found
    assert (states, renamed, unmoved) == ('400', '0', '0')
    assert int(reordered) < 20
    assert int(exchanged) > 10


@pytest.mark.parametrize('name', ['core', 'medium'])
def test_speed_and_memory_are_printed(name):
    ((worlds, episodes, turns, played, drawn, memory),) = rows(
        run('speed', '--episodes', '40', '--worlds', name)
    )
    assert worlds == name
    assert int(episodes) >= 40
    assert float(turns) > 1
    assert int(played) > int(drawn) > 0
    assert re.fullmatch(r'\d+ MiB after half, \d+ MiB after all', memory)


def test_wording_is_reported_apart(monkeypatch):
    monkeypatch.setattr(
        'prism_core.domains.mapping.measure.load_free_requests', lambda: load_free_requests()[:5]
    )
    found = rows(run('wording', '--worlds', '3', '--workers', '1'))
    assert [row[0] for row in found] == [
        *('seen', 'seen', 'unseen', 'unseen'),
        *('unseen, with unseen classes and places',) * 2,
        'free',
    ]
