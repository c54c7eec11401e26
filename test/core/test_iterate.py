# SPDX-License-Identifier: Apache-2.0
"""`iterate`: what a round is taught is chosen, counted, masked and learned from as it says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

pytest.importorskip('torch')
pytest.importorskip('transformers')
pytest.importorskip('llama_cpp')

from prism_core.cli.iterate import iterate as command
from prism_core.dataset.conversations import render_samples
from prism_core.dataset.episode_json import parse_episode, render_episode
from prism_core.dataset.run_folder import read_lines
from prism_core.dataset.shards import open_shards
from prism_core.dataset.split import split_of_seed
from prism_core.dataset.teaching import Classroom
from prism_core.dataset.tokenizer import load_tokenizer
from prism_core.dataset.work import TaskJob
from prism_core.distill.models import load_start, load_tokenizer_of
from prism_core.distill.sources import BEFORE, find_source, read_documents
from prism_core.distill.train import train
from prism_core.domains.mapping import make_symbolic_planner
from prism_core.episode.episode import Episode
from prism_core.episode.planner import Planner
from prism_core.errors import ConfigError, PlanRejected, RunStopped
from prism_core.evaluation.candidates import Candidate
from prism_core.evaluation.evaluate import evaluate
from prism_core.evaluation.results import read_result
from prism_core.evaluation.scores import Estimate
from prism_core.evaluation.trial import Desk
from prism_core.graph.scene_graph import SceneGraph
from prism_core.iteration.acting import TAUGHT, Act
from prism_core.iteration.choosing import (
    FLOOR,
    choose_tasks,
    draw_tasks,
    failures_by_group,
    group_of_task,
    weigh_groups,
)
from prism_core.iteration.correcting import CORRECTED, correct_episode
from prism_core.iteration.gathering import ACTING, Gathered, Order, count_calls, gather
from prism_core.iteration.iterate import iterate
from prism_core.iteration.losses import losses_by_group
from prism_core.iteration.recipe import GuidanceConfig, read_rounds
from prism_core.iteration.report import IterationReport, Round
from prism_core.pipeline.distill import distill
from prism_core.pipeline.ledger import Ledger, Stage
from prism_core.plan.actions import Action
from prism_core.plan.plan import Plan

from .students import TINY, config_of, nano_recipe, weights_of, write_dataset
from .training_data import DOMAIN

ROOT = Path(__file__).parents[2]
WORLDS = {'seed': 7, 'worlds': 4, 'tier': 'core', 'hidden': [0.3]}
VALID = {**WORLDS, 'seed': 5, 'worlds': 1}
STRATEGIES = ('uniform', 'failure', 'loss', 'on_policy', 'guided')
UNIFORM = Order(1, 'uniform', 9, 'mapping', 'symbolic', 'compact', {**WORLDS, 'seed': 8})


# --------------------------------------------------------------------------------- who acts in them


class Detour:
    """Does something else at one turn, and what another planner does at all others."""

    name = 'detour'

    def __init__(self, planner: Planner, turn: int, act: Callable[[SceneGraph], Action]):
        self._planner, self._turn, self._act = planner, turn, act

    def plan(self, request, known_graph, history) -> Plan:
        if len(history) == self._turn:
            return Plan((self._act(known_graph),), primary_goal='find')
        return self._planner.plan(request, known_graph, history)

    def close(self) -> None:
        """Nothing is held."""


def ask(known_graph: SceneGraph) -> Action:
    return Action('clarify', ('which one?',))


def look_here(known_graph: SceneGraph) -> Action:
    return Action('map_region', (known_graph.robot_location,))


def explore_nothing(known_graph: SceneGraph) -> Action:
    """No validator lets that pass."""
    return Action('explore_region', (known_graph.robot_location, -1.0))


def give_up(known_graph: SceneGraph) -> Action:
    raise PlanRejected('no plan within 3 tries')


def make_lost() -> Planner:
    """Gives a plan that is refused at its second turn."""
    return Detour(make_symbolic_planner(), 1, explore_nothing)


@cache
def tasks() -> tuple[Episode, ...]:
    worlds = draw_tasks(UNIFORM.worlds, 'train', DOMAIN)
    return (*next(worlds), *next(worlds))


@cache
def long_task() -> Episode:
    """One for which the teacher needs three turns."""
    teacher = Classroom('symbolic', DOMAIN)
    return next(task for task in tasks() if len(teacher.play(task).turns) > 2)


def acted(turn: int, act: Callable[[SceneGraph], Action]) -> Episode:
    """An episode in which the teacher acts, but for one turn."""
    return Desk(lambda task: Detour(DOMAIN.make_teacher(task), turn, act), DOMAIN).play(long_task())


def correct(episode: Episode, calls: int = 99, teacher: str = 'symbolic'):
    dialect = DOMAIN.make_dialect('compact')
    return correct_episode(episode, Classroom(teacher, DOMAIN), dialect, calls)


def weights(episode: Episode) -> list[float]:
    return [turn.weight for turn in episode.turns]


# ----------------------------------------------------------------------------------------- choosing


def test_weights_follow_failures_and_no_group_dies_out():
    weights = weigh_groups({'find, must look': 0.8, 'find, knows it': 0.4, 'count, knows it': 0.0})
    assert weights['find, must look'] == 1
    assert weights['find, knows it'] == pytest.approx((0.5 + FLOOR) / (1 + FLOOR))
    assert weights['count, knows it'] == pytest.approx(FLOOR / (1 + FLOOR))
    assert weigh_groups({'a': 0.0, 'b': 0.0}) == {'a': 1.0, 'b': 1.0}
    assert weigh_groups({}) == {}


def test_failures_are_counted_by_kind_and_by_whether_one_must_look():
    teacher = Classroom('symbolic', DOMAIN)
    results = [read_result(teacher.play(task)) for task in tasks()]
    assert set(failures_by_group(results).values()) == {0.0}
    kind = results[0].kind
    failed = [replace(r, success=r.success and r.kind != kind) for r in results]
    shares = failures_by_group(failed)
    assert {group for group, share in shares.items() if share} == {
        group for group in shares if group.startswith(f'{kind}, ')
    }
    assert set(shares) == {group_of_task(task) for task in tasks()}


def test_tasks_are_new_ones_of_one_split_without_what_the_teacher_did():
    for split in ('train', 'valid'):
        worlds = draw_tasks(WORLDS, split, DOMAIN)
        drawn = [task for _ in range(3) for task in next(worlds)]
        assert {split_of_seed(task.seed) for task in drawn} == {split}
        assert not any(task.turns or task.outcome for task in drawn)
        assert len({task.provenance['id'] for task in drawn}) == len(drawn)


def test_a_group_is_chosen_as_often_as_its_weight_says_and_twins_together():
    worlds = draw_tasks(WORLDS, 'train', DOMAIN)
    drawn = [next(worlds) for _ in range(60)]
    group = group_of_task(drawn[0][0])
    every = [task for world in drawn for task in choose_tasks(world, {})]
    assert every == [task for world in drawn for task in world]
    chosen = [task for world in drawn for task in choose_tasks(world, {group: 1.0, 'other': 0.0})]
    assert [t for t in every if group_of_task(t) == group] == [
        t for t in chosen if group_of_task(t) == group
    ]
    single = [[t for t in some if 'twin' not in t.provenance] for some in (every, chosen)]
    others = [sum(group_of_task(t) != group for t in some) for some in single]
    assert 0.3 < others[1] / others[0] < 0.7  # without a weight it is the mean of all weights
    twins = [task.provenance['twin'] for task in chosen if 'twin' in task.provenance]
    assert twins
    assert {twins.count(twin) for twin in twins} == {2}


# --------------------------------------------------------------------------------------- correcting


def test_what_the_teacher_would_do_as_well_counts_in_place():
    episode = Desk(DOMAIN.make_teacher, DOMAIN).play(long_task())
    found = correct(episode)
    assert found.calls == len(episode.turns) > 2
    assert found.episodes == (episode,)
    assert set(weights(episode)) == {1.0}


@pytest.mark.parametrize('turn', [0, 1])
def test_a_disagreement_adds_one_sample_and_masks_the_turns_before_it(turn):
    task = long_task()
    episode = acted(turn, ask)
    assert len(episode.turns) == turn + 1
    found = correct(episode)
    assert found.calls == turn + 1
    own, further = found.episodes
    assert weights(own) == [*[1.0] * turn, 0.0]
    assert weights(further) == [*[0.0] * turn, 1.0]
    assert further.turns[-1].plan == Classroom('symbolic', DOMAIN).play(task).turns[turn].plan
    assert further.provenance[CORRECTED] == turn
    assert further.provenance['id'] == f'{task.provenance["id"]}-turn-{turn}'
    assert further.outcome is None


def test_turns_behind_a_disagreement_count_where_both_agree_again():
    episode = acted(0, look_here)
    found = correct(episode)
    own = found.episodes[0]
    assert found.calls == len(episode.turns) > 1
    assert weights(own) == [0.0, *[1.0] * (len(own.turns) - 1)]
    assert len(found.episodes) == 2


def test_a_plan_of_the_student_that_was_refused_is_never_learned_but_what_was_right_is():
    episode = acted(1, explore_nothing)
    assert episode.turns[1].observations[0].status == 'refused'
    own, further = correct(episode).episodes[:2]
    assert weights(own)[:2] == [1.0, 0.0]
    assert weights(further) == [0.0, 1.0]
    (sample,) = render_samples(further, DOMAIN, 'compact')
    assert sample.weights == (0.0, 1.0)


def test_where_the_student_had_no_plan_the_teacher_has_one():
    episode = acted(1, give_up)
    assert (len(episode.turns), episode.ending) == (1, 'planner_error')
    found = correct(episode)
    assert found.calls == 2
    own, further = found.episodes
    assert weights(own) == [1.0]
    assert weights(further) == [0.0, 1.0]
    assert further.ending == ''


def test_a_plan_of_the_teacher_that_is_refused_teaches_nothing_and_is_counted():
    episode = Desk(DOMAIN.make_teacher, DOMAIN).play(long_task())
    found = correct(episode, teacher=f'{__name__}:make_lost')
    assert found.calls == len(episode.turns)
    assert weights(found.episodes[0])[1] == 0
    assert [e.provenance.get(CORRECTED) for e in found.episodes].count(1) == 0


def test_states_behind_the_last_call_teach_nothing():
    episode = Desk(DOMAIN.make_teacher, DOMAIN).play(long_task())
    found = correct(episode, calls=1)
    assert found.calls == 1
    assert weights(found.episodes[0]) == [1.0, *[0.0] * (len(episode.turns) - 1)]


# ------------------------------------------------------------------------------------------- acting


def make_wanderer() -> Planner:
    """Looks where it stands and comes to nothing."""
    return Detour(Detour(make_symbolic_planner(), 0, look_here), 1, look_here)


def act(guidance: float, student: str, some: tuple[Episode, ...]) -> list[Episode]:
    work = Act(Candidate(student), 'symbolic', 'mapping', guidance)
    job = TaskJob(0, tuple(render_episode(task).encode() for task in some))
    return [parse_episode(line.decode()) for line in work(job)[1]]


def test_with_no_guidance_the_student_acts_and_with_all_of_it_the_teacher():
    some = tasks()
    student = Desk(lambda task: make_wanderer(), DOMAIN)
    for played, task in zip(act(0.0, f'{__name__}:make_wanderer', some), some):
        assert TAUGHT not in played.provenance
        assert [t.plan for t in played.turns] == [t.plan for t in student.play(task).turns]
    teacher = Classroom('symbolic', DOMAIN)
    for played, task in zip(act(1.0, f'{__name__}:make_wanderer', some), some):
        assert played.provenance[TAUGHT] == list(range(len(played.turns)))
        assert [t.plan for t in played.turns] == [t.plan for t in teacher.play(task).turns]


def test_some_turns_are_the_teachers_and_the_same_ones_whenever_a_task_is_played():
    some = tasks()
    episodes = act(0.5, f'{__name__}:make_wanderer', some)
    assert episodes == act(0.5, f'{__name__}:make_wanderer', some)
    assert act(0.5, f'{__name__}:make_wanderer', some[3:]) == episodes[3:]
    taught = [len(e.provenance.get(TAUGHT, ())) for e in episodes]
    assert 0.3 < sum(taught) / sum(len(e.turns) for e in episodes) < 0.7
    assert any(0 < few < len(e.turns) for few, e in zip(taught, episodes))


def test_a_turn_of_the_teacher_counts_in_place_and_is_one_call():
    asked = []

    class Counting(Classroom):
        def advise(self, *state):
            asked.append(state)
            return super().advise(*state)

    episode = next(
        e for e in act(0.5, f'{__name__}:make_wanderer', tasks()) if 0 in e.provenance[TAUGHT]
    )
    found = correct_episode(
        episode, Counting('symbolic', DOMAIN), DOMAIN.make_dialect('compact'), 99
    )
    taught = episode.provenance[TAUGHT]
    assert found.calls == len(episode.turns) == len(asked) + len(taught)
    assert all(found.episodes[0].turns[number].weight == 1 for number in taught)
    plain = {name: fact for name, fact in episode.provenance.items() if name != TAUGHT}
    again = correct(replace(episode, provenance=plain))
    assert [e.turns for e in again.episodes] == [e.turns for e in found.episodes]


@pytest.mark.parametrize(
    ('first', 'last', 'rounds', 'expected'),
    [(0.8, 0.0, 3, [0.8, 0.4, 0.0]), (0.6, 0.2, 1, [0.6]), (0.5, 0.5, 2, [0.5, 0.5])],
)
def test_guidance_falls_in_a_line_from_the_first_round_to_the_last(first, last, rounds, expected):
    guidance = GuidanceConfig(first, last)
    found = [guidance.in_round(number, rounds) for number in range(1, rounds + 1)]
    assert found == pytest.approx(expected)


# ---------------------------------------------------------------------------------------- gathering


@pytest.fixture(scope='module')
def dataset(tmp_path_factory) -> Path:
    return write_dataset(tmp_path_factory.mktemp('dataset'))


def gathered(order: Order, folder: Path, dataset: Path, on_progress=lambda done: None) -> Gathered:
    return gather(order, folder, [dataset], workers=1, on_progress=on_progress)


def order_of(strategy: str, calls: int, student: str = 'symbolic') -> Order:
    """An order of a round; a student acts where the strategy says so."""
    order = replace(UNIFORM, strategy=strategy, calls=calls)
    if strategy not in ACTING:
        return order
    guidance = 0.5 if strategy == 'guided' else 0.0
    return replace(order, student=Candidate(student), guidance=guidance)


def contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in sorted(folder.rglob('*')) if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.parametrize('calls', [9, 10, 40])
@pytest.mark.parametrize('strategy', ['uniform', *ACTING])
def test_exactly_so_many_plans_are_asked_for_as_a_round_may_spend(
    calls, strategy, dataset, tmp_path
):
    order = order_of(strategy, calls)
    done = gathered(order, tmp_path, dataset)
    assert done.calls == count_calls(tmp_path) == calls
    episodes = [parse_episode(line.decode()) for line in read_lines(tmp_path / 'episodes.jsonl')]
    assert done.episodes == len(episodes)
    assert {split_of_seed(episode.seed) for episode in episodes} == {'train'}
    assert {episode.provenance['round'] for episode in episodes} == {1}
    assert {episode.provenance['strategy'] for episode in episodes} == {order.strategy}
    if strategy == 'uniform':
        assert sum(len(episode.turns) for episode in episodes) == calls
    assert not len(open_shards(tmp_path / 'shards' / 'valid'))


def test_an_episode_that_calls_do_not_suffice_for_is_not_learned_from(dataset, tmp_path):
    gathered(replace(UNIFORM, calls=1), tmp_path, dataset)
    episode = parse_episode(next(read_lines(tmp_path / 'episodes.jsonl')).decode())
    shards = open_shards(tmp_path / 'shards' / 'train')
    assert len(shards) == (episode.ending in ('reported', 'asked'))


def test_in_the_shards_replies_count_where_their_turns_do(dataset, tmp_path):
    gathered(order_of('on_policy', 60, f'{__name__}:make_lost'), tmp_path, dataset)
    tokenizer = load_tokenizer(dataset / 'tokenizer')
    shards = open_shards(tmp_path / 'shards' / 'train', tokenizer)
    lines = list(read_lines(tmp_path / 'episodes.jsonl'))
    seen = {'agreed': 0, 'corrected': 0, 'refused': 0}
    stored = set()
    for index in range(len(shards)):
        document = shards.document(index)
        stored.add(document.episode)
        episode = parse_episode(lines[document.episode].decode())
        counted = [t for t, w in zip(document.tokens.tolist(), document.weights) if w > 0]
        said = tokenizer.decode(counted)
        is_correction = CORRECTED in episode.provenance
        expected = []
        for sample in render_samples(episode, DOMAIN, 'compact'):
            replies = [m['content'] for m in sample.messages if m['role'] == 'assistant']
            expected += [reply for reply, weight in zip(replies, sample.weights) if weight]
        assert said.split() == ' '.join(expected).split()
        seen['corrected' if is_correction else 'agreed'] += 1
        assert len(expected) == sum(weights(episode)) > 0
        assert not is_correction or weights(episode) == [*[0.0] * (len(episode.turns) - 1), 1.0]
        refused = [t for t in episode.turns if any(o.status == 'refused' for o in t.observations)]
        seen['refused'] += len(refused)
        assert not any(turn.weight for turn in refused)
    assert min(seen.values()) > 0
    left_out = set(range(len(lines))) - stored
    assert all(not sum(weights(parse_episode(lines[i].decode()))) for i in left_out)


@pytest.mark.parametrize('strategy', ['uniform', *ACTING])
def test_gathering_that_was_interrupted_goes_on_to_the_same_bytes(strategy, dataset, tmp_path):
    order = order_of(strategy, 80)
    gathered(order, tmp_path / 'whole', dataset)

    def stop(done: Gathered) -> None:
        if done.calls:
            raise RunStopped('now')

    with pytest.raises(RunStopped):
        gathered(order, tmp_path / 'cut', dataset, stop)
    assert 0 < count_calls(tmp_path / 'cut') < 80
    assert gathered(order, tmp_path / 'cut', dataset).calls == 80
    assert contents(tmp_path / 'cut') == contents(tmp_path / 'whole')


def test_weights_decide_which_tasks_the_teacher_is_asked_for(dataset, tmp_path):
    group = group_of_task(tasks()[0])
    order = replace(UNIFORM, weights={group: 1.0, 'any other': -1.0})
    gathered(replace(order, strategy='failure', calls=60), tmp_path, dataset)
    found: dict[str, set[str]] = {}
    for line in read_lines(tmp_path / 'episodes.jsonl'):
        episode = parse_episode(line.decode())
        pair = episode.provenance.get('twin', episode.provenance['id'])
        found.setdefault(pair, set()).add(group_of_task(episode))
    assert len(found) > 2
    assert all(group in groups for groups in list(found.values())[:-1])  # the last may be cut off


# ------------------------------------------------------------------ learning from all data, further


def test_a_training_reads_the_shards_of_all_folders_that_came_before(dataset, tmp_path):
    gathered(replace(UNIFORM, calls=40), tmp_path / 'more', dataset)
    config = config_of(nano_recipe())
    tokenizer = load_tokenizer_of(str(dataset / 'tokenizer'))
    parts = [dataset, tmp_path / 'more']
    found = read_documents(find_source(tmp_path / 'more', config), 'train', tokenizer, config)
    first = read_documents(find_source(dataset, config), 'train', tokenizer, config)
    own = open_shards(tmp_path / 'more' / 'shards' / 'train')
    assert len(found) == len(first) + len(own) > len(first)
    for index in (0, len(first) - 1):
        assert found[index][0].tolist() == first[index][0].tolist()
        assert found[index][1].tolist() == first[index][1].tolist()
    last = own.document(len(own) - 1)
    assert found[len(found) - 1][0].tolist() == last.tokens.tolist()
    source = find_source(parts[1], config)
    assert any('dataset' in place for place in source.hashes())
    valid = read_documents(source, 'valid', tokenizer, config)
    assert len(valid) == len(open_shards(dataset / 'shards' / 'valid'))


def test_a_list_of_folders_that_cannot_be_read_is_refused(dataset, tmp_path):
    (tmp_path / BEFORE).write_text('{"a"')
    with pytest.raises(ConfigError, match=r'before\.json: expected a list of folders as JSON, got'):
        find_source(tmp_path, config_of(nano_recipe()))
    (tmp_path / BEFORE).write_text('["nowhere"]')
    with pytest.raises(ConfigError, match='expected shards with the splits train and valid in'):
        find_source(tmp_path, config_of(nano_recipe()))


def test_a_training_begins_with_the_weights_of_another_and_is_held_to_them(dataset, tmp_path):
    first = config_of(nano_recipe(tokens=6_000))
    train(dataset, tmp_path / 'first', first)
    start = str(tmp_path / 'first' / 'best')
    still = {'learning_rate': 0.0, 'warmup_steps': 1}
    again = config_of(nano_recipe(tokens=3_000, start=start, seed=9, optimizer=still))
    train(dataset, tmp_path / 'again', again)
    before, after = weights_of(tmp_path / 'first' / 'best'), weights_of(tmp_path / 'again' / 'best')
    assert all(before[name].equal(after[name]) for name in before)
    record = yaml.safe_load((tmp_path / 'again' / 'recipe.yaml').read_text('utf-8'))
    assert 'start/model.safetensors' in record['data']['sha256']


def test_weights_of_another_shape_or_tokenizer_are_refused(dataset, tmp_path):
    train(dataset, tmp_path / 'run', config_of(nano_recipe(tokens=3_000)))
    start = tmp_path / 'run' / 'best'
    tokenizer = load_tokenizer_of(str(dataset / 'tokenizer'))
    config = config_of(nano_recipe()).nano
    assert load_start(str(start), config, tokenizer).config.hidden_size == 32
    with pytest.raises(ConfigError, match=r'start: expected a checkpoint of width, .* \(64, 1, 2'):
        load_start(str(start), replace(config, width=64), tokenizer)
    tokenizer.add_tokens(['another'])
    with pytest.raises(ConfigError, match='start: expected a checkpoint with the tokenizer of the'):
        load_start(str(start), config, tokenizer)


def test_losses_are_of_the_groups_of_the_split_valid(dataset, tmp_path):
    train(dataset, tmp_path / 'run', config_of(nano_recipe(tokens=3_000)))
    losses = losses_by_group(tmp_path / 'run' / 'best', dataset)
    lines = list(read_lines(dataset / 'episodes.jsonl'))
    numbers = open_shards(dataset / 'shards' / 'valid').documents['episode'].tolist()
    assert set(losses) == {group_of_task(parse_episode(lines[n].decode())) for n in numbers}
    assert all(0 < loss < 20 for loss in losses.values())


def test_a_fixed_ledger_does_nothing_itself(tmp_path):
    stage = Stage('one', 'one', {'a': 1}, lambda folder: folder.mkdir() or 'made')
    with (
        Ledger(tmp_path, print, is_fixed=True) as ledger,
        pytest.raises(ConfigError, match=r'expected the stage one done .* it is not done'),
    ):
        ledger.do(stage)
    with Ledger(tmp_path, print) as ledger:
        ledger.do(stage)
    with Ledger(tmp_path, print, is_fixed=True) as ledger, Ledger(tmp_path, print, is_fixed=True):
        assert ledger.do(stage) == {}
        with pytest.raises(ConfigError, match='but a was 1, now it is 2; name a run of the same'):
            ledger.do(replace(stage, inputs={'a': 2}))


# ------------------------------------------------------------------------------------------ recipes


def write_recipe(
    folder: Path,
    training: dict[str, Any] | None = None,
    distilled: dict[str, Any] | None = None,
    **changes: Any,
) -> Path:
    """A recipe and the files that it names."""
    folder.mkdir(parents=True, exist_ok=True)
    small = {**TINY, 'width': 64}
    files = {
        'worlds.yaml': {'worlds': WORLDS},
        'suite.yaml': {'worlds': VALID},
        'train.yaml': training or nano_recipe(nano=small, tokens=12_000, save_every=1),
        'student.yaml': {
            'name': 'tiny',
            'data': {'recipe': 'worlds.yaml', 'vocab_size': 600},
            'train': 'train.yaml',
            'quantise': [],
            'evaluate': {'files': ['F16'], 'suite': 'suite.yaml'},
            **(distilled or {}),
        },
        'recipe.yaml': {
            **{'student': 'student.yaml', 'valid': VALID},
            **{'rounds': 1, 'calls': 40, 'tokens': 6_000, 'learning_rate': 0.02},
            **changes,
        },
    }
    for name, plain in files.items():
        (folder / name).write_text(yaml.safe_dump(plain), 'utf-8')
    return folder / 'recipe.yaml'


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'rounds': 0}, r'recipe\.yaml: rounds: expected at least 1, got 0'),
        ({'calls': 0}, r'recipe\.yaml: calls: expected at least 1, got 0'),
        ({'tokens': -1}, r'recipe\.yaml: tokens: expected at least 1, got -1'),
        ({'learning_rate': -1.0}, r'learning_rate: expected at least 0, got -1'),
        ({'strategy': 'luck'}, r"recipe\.yaml: Invalid enum value 'luck'"),
        ({'valid': {'sizs': 1}}, r"recipe\.yaml: valid: there is no setting 'sizs'"),
        (
            {'guidance': {'first': 1.5}},
            r'guidance: expected shares from 0 to 1 .*got 1\.5 and 0\.0',
        ),
        ({'guidance': {'first': 0.1, 'last': 0.2}}, r'that fall from first to last, got 0\.1 and'),
        ({'student': 'train.yaml'}, r'train\.yaml: data: expected either recipe'),
        ({'student': 'none.yaml'}, r'cannot read .*none\.yaml'),
    ],
)
def test_a_wrong_recipe_is_refused_with_its_place(tmp_path, changes, message):
    recipe = write_recipe(tmp_path, **changes)
    with pytest.raises(ConfigError, match=message):
        iterate(recipe, tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('student', [{'data': {'folder': 'x'}, 'evaluate': {}}, {'evaluate': {}}])
def test_a_student_without_worlds_to_draw_more_of_or_a_suite_to_play_is_refused(tmp_path, student):
    recipe = write_recipe(tmp_path, distilled=student)
    with pytest.raises(ConfigError, match=r'student\.yaml: expected data\.recipe, .*suite'):
        iterate(recipe, tmp_path / 'out')


@pytest.mark.parametrize(
    ('training', 'message'),
    [
        ({'nano': None, 'base': 'x'}, r"student\.yaml: expected the training of a nano, .* 'x'"),
        ({'closed_loop': 2}, r'student\.yaml: expected neither data\.follow nor closed_loop'),
    ],
)
def test_a_training_that_rounds_cannot_repeat_is_refused(tmp_path, training, message):
    recipe = write_recipe(tmp_path, nano_recipe(**training))
    with pytest.raises(ConfigError, match=message):
        iterate(recipe, tmp_path / 'out')


def test_a_start_that_is_no_run_is_refused(tmp_path):
    recipe = write_recipe(tmp_path)
    with pytest.raises(ConfigError, match='expected a run of `prism iterate` that made its own'):
        iterate(recipe, tmp_path / 'out', start=tmp_path / 'nothing')


def test_the_unit_run_is_of_less_than_a_million_parameters():
    rounds = read_rounds(ROOT / 'config' / 'distill' / 'iterate_unit.yaml', 'loss')
    width, layers, _, feed_forward = rounds.first.train.nano.numbers
    each = 4 * width**2 + 3 * width * feed_forward
    assert 850_000 < 1536 * width + layers * each < 950_000
    assert rounds.first.config.data.vocab_size == 1536
    assert rounds.first.train.tokens == rounds.config.tokens == 4_000_000
    assert rounds.config.strategy == 'loss'
    later = rounds.later(2, Path('x')).train
    assert (later.start, later.curriculum.share, later.seed) == ('x', 0.0, 2)
    assert later.optimizer.learning_rate == 0.001


def test_the_best_round_is_the_one_that_did_best_on_valid_and_the_first_of_equals():
    def report(*successes: float) -> IterationReport:
        rounds = (
            Round(number, 3, 3, 1, 9, {}, Estimate(success, success, success, 5))
            for number, success in enumerate(successes)
        )
        return IterationReport('uniform', 0, tuple(rounds))

    assert [report(*one).best for one in ((0.1,), (0.1, 0.4, 0.2), (0.3, 0.3))] == [0, 1, 0]


# ------------------------------------------------------------------------------------ the whole way


@pytest.fixture(scope='module')
def recipe(tmp_path_factory) -> Path:
    return write_recipe(tmp_path_factory.mktemp('recipe'))


def run(recipe: Path, out: Path, **settings: Any):
    lines: list[str] = []
    report = iterate(recipe, out, workers=1, say=lines.append, **settings)
    return report, lines


@pytest.fixture(scope='module')
def whole(recipe, tmp_path_factory) -> Path:
    """A run that nothing came between."""
    out = tmp_path_factory.mktemp('whole') / 'out'
    run(recipe, out)
    return out


@pytest.mark.slow
@pytest.mark.parametrize('strategy', STRATEGIES)
def test_each_strategy_spends_the_same_on_the_same_start(recipe, whole, tmp_path, strategy):
    before = contents(whole)
    report, lines = run(recipe, tmp_path / 'out', strategy=strategy, start=whole)
    assert contents(whole) == before
    assert not (tmp_path / 'out' / 'round-0').exists()
    first, second = report.rounds
    assert (first.number, second.number, second.calls) == (0, 1, 40)
    assert second.all_calls == first.calls + 40
    assert report.best == max((0, 1), key=lambda n: report.rounds[n].valid.value)
    told = json.loads((tmp_path / 'out' / 'rounds.json').read_text('utf-8'))
    assert (told['strategy'], told['best']) == (strategy, report.best)
    assert told['test']['tasks'] == report.test.tasks > 0
    assert bool(second.weights) == (strategy in ('failure', 'loss'))
    assert (tmp_path / 'out' / 'rounds.png').stat().st_size > 1000
    kept = (tmp_path / 'out' / 'best').resolve()
    assert kept == (whole / 'round-0', tmp_path / 'out' / 'round-1')[report.best].resolve()
    assert (kept / 'exported' / 'tiny-f16.gguf').exists()
    data = tmp_path / 'out' / 'round-1' / 'data'
    episodes = [parse_episode(line.decode()) for line in read_lines(data / 'episodes.jsonl')]
    assert {split_of_seed(episode.seed) for episode in episodes} == {'train'}
    known = [json.loads(line)['seed'] for line in read_lines(whole / 'round-0/data/episodes.jsonl')]
    assert not set(known) & {episode.seed for episode in episodes}
    assert sum('evaluate F16' in line for line in lines) == 1


@pytest.mark.slow
def test_rounds_begin_with_the_student_of_a_distillation_that_went_on_from_another(
    recipe, whole, tmp_path
):
    first, folder = whole / 'round-0' / 'train' / 'best', tmp_path / 'student'
    distill(
        recipe.parent / 'student.yaml',
        folder,
        start=first,
        evaluate=partial(evaluate, any_suite=True),
    )
    before = contents(folder)
    report, lines = run(recipe, tmp_path / 'out', start=folder)
    assert contents(folder) == before
    assert not any('train' in line and 'student' in line and ' done ' in line for line in lines)
    assert [one.number for one in report.rounds] == [0, 1]
    assert (tmp_path / 'out' / 'round-0' / 'valid').is_dir()
    kept = (tmp_path / 'out' / 'best').resolve()
    assert kept == (folder, tmp_path / 'out' / 'round-1')[report.best].resolve()
    again, lines = run(recipe, tmp_path / 'out', start=folder)
    assert again == report
    assert all(' skipped ' in line for line in lines)


@pytest.mark.slow
def test_what_is_done_is_not_done_again_and_the_test_is_played_once(recipe, whole):
    tested = []
    before = contents(whole)
    report, lines = run(recipe, whole, test=lambda *_, **__: tested.append(1))
    assert not tested
    assert all(' skipped ' in line for line in lines)
    assert contents(whole) == before
    assert report.test is not None


@pytest.mark.slow
def test_the_command_prints_a_line_for_each_round_and_what_the_best_did_on_test(recipe, whole):
    done = CliRunner().invoke(command, ['--recipe', str(recipe), '--out', str(whole)])
    assert done.exit_code == 0, done.output
    rounds = json.loads((whole / 'rounds.json').read_text('utf-8'))
    for one in rounds['rounds']:
        assert f'{one["all_calls"]:,}' in done.output
    assert f'round {rounds["best"]} on test: success {rounds["test"]["value"]:.3f}' in done.output
    assert done.output.endswith('rounds.json\n')


@pytest.mark.slow
def test_a_start_of_another_recipe_is_refused(whole, tmp_path):
    recipe = write_recipe(tmp_path, nano_recipe(tokens=9_000))
    with pytest.raises(ConfigError, match='round-0: expected the stage train done as this recipe'):
        run(recipe, tmp_path / 'out', start=whole)


@pytest.mark.long
@pytest.mark.timeout(400)
def test_a_run_that_is_killed_goes_on_to_the_same_rounds_and_weights(recipe, whole, tmp_path):
    out = tmp_path / 'out'
    options = ['--strategy', 'on_policy', '--start', whole, '--workers', '1']
    run(recipe, tmp_path / 'other', strategy='on_policy', start=whole)
    arguments = ['iterate', '--recipe', recipe, '--out', out, *options]
    started = [sys.executable, '-m', 'prism_core.cli.main', *map(str, arguments)]
    marks = ('data/progress.jsonl', 'train/checkpoints/*/whole', 'valid/progress.jsonl')
    for mark in marks:
        with subprocess.Popen(
            started, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            while process.poll() is None and not any((out / 'round-1').glob(mark)):
                time.sleep(0.005)
            os.kill(process.pid, signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
    done = subprocess.run(started, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name in ('rounds.json', 'round-1/train/best/model.safetensors'):
        assert (out / name).read_bytes() == (tmp_path / 'other' / name).read_bytes(), name
    data = contents(out / 'round-1' / 'data')
    assert data == contents(tmp_path / 'other' / 'round-1' / 'data')
