# SPDX-License-Identifier: Apache-2.0
"""Worlds written by a language model: proven when they are good, counted when they are not."""

from __future__ import annotations

import json
from collections import Counter
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import ConfigError, PlannerError, PlannerUnavailable
from prism_core.dataset.episode_json import parse_episode, render_episode
from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.world import WorldConfig
from prism_core.domains.mapping.writing.schema import WrittenAttribute, WrittenObject, WrittenWay
from prism_core.domains.mapping.writing.writer import WorldWriter
from prism_core.episode.episode import Episode
from prism_core.errors import PlannerTimeout
from prism_core.testing import ScriptedTextModel

from .mapping_worlds import WORDS, taught
from .written_worlds import VAGUE, reply, written_world

changed = msgspec.structs.replace
PLACE = 'A depot at the river, quiet after a storm.'


class Recorder(ScriptedTextModel):
    """A scripted model that keeps the seeds and caps of its calls, too."""

    def __init__(self, script):
        super().__init__([*script, *[reply(VAGUE)] * 20], 'some-model')
        self.seeds: list[int] = []
        self.caps: list[int] = []

    def complete(self, messages, *, grammar=None, max_new_tokens=1024, seed=0, timeout_s=None):
        self.seeds.append(seed)
        self.caps.append(max_new_tokens)
        return super().complete(messages, grammar=grammar)


def write(*answers, seed: int = 1, **settings_) -> tuple[list[Episode], Counter, Recorder]:
    """Let a model that gives these answers to the second question write a world."""
    model = Recorder([PLACE, *answers])
    rejections: Counter[str] = Counter()
    episodes = WorldWriter(model, WORDS).write(seed, WorldConfig(**settings_), rejections)
    return episodes, rejections, model


@pytest.mark.parametrize('number', range(6))
def test_a_good_world_ends_in_proven_episodes_that_the_teacher_solves(number):
    written = written_world(number)
    episodes, rejections, model = write(reply(written), seed=number)
    said = {task.sentence for task in written.tasks}
    sentences = {episode.task.request for episode in episodes}
    assert len(sentences) >= 3
    assert sentences <= said
    assert len(said) == len(sentences) + sum(rejections.values())
    for episode in episodes:
        assert taught(episode).outcome.success, episode.task
        assert parse_episode(render_episode(episode)) == episode
        facts = episode.provenance
        assert (facts['writer'], facts['structure'], facts['wording']) == (
            'some-model',
            *['written'] * 2,
        )
        assert facts['family'] in WORDS.lexicon.places
        assert facts['place'] == written.place
        assert facts['oracle_actions'] >= 1
        assert episode.task.kind in KINDS
    twins = Counter(e.provenance['twin'] for e in episodes if 'twin' in e.provenance)
    assert set(twins.values()) <= {2}
    assert all(len(calls) == 1 for calls in model.calls)


def test_the_same_replies_make_the_same_episodes_and_another_seed_asks_for_another_place():
    answer = reply(written_world(2))
    first, rejections, model = write(answer, seed=5)
    again, rejections_again, model_again = write(answer, seed=5)
    assert (first, rejections) == (again, rejections_again)
    assert (model.calls, model.seeds) == (model_again.calls, model_again.seeds)
    asked = {write(seed=seed)[2].calls[0][0]['content'] for seed in range(12)}
    assert len(asked) == 12


def test_classes_that_are_in_no_list_are_asked_for_and_have_twins():
    written = written_world(1)
    ids = [region.id for region in written.regions]
    things = [
        WrittenObject('flux capacitor', ids[n], [WrittenAttribute('power', 'running')], f'box {n}')
        for n in range(2)
    ]
    kinds = ('find', 'exists')
    tasks = [
        changed(written.tasks[0], **msgspec.structs.asdict(VAGUE), sentence=sentence)
        for sentence in ('Find a flux capacitor.', 'How many flux capacitors are there in total?')
    ]
    tasks = [
        changed(task, kind=kind, target='flux capacitor')
        for task, kind in zip(tasks, ('find', 'count'))
    ]
    odd = changed(written, objects=[*written.objects[:5], *things], tasks=tasks)
    found = [e for seed in range(8) for e in write(reply(odd), seed=seed, kinds=kinds)[0]]
    assert {episode.task.intent.target.classes for episode in found} == {('flux capacitor',)}
    assert any('twin' in episode.provenance for episode in found)
    for episode in found:
        assert taught(episode).outcome.success


# ----------------------------------------------------------------------------------- bad answers


def test_an_answer_with_faults_goes_back_once_with_all_of_them():
    good = written_world(3)
    bad = changed(
        good,
        ways=[*good.ways, WrittenWay('r0', 'r99')],
        objects=[changed(good.objects[0], region='r77'), *good.objects[1:]],
        tasks=[changed(good.tasks[0], kind='dance'), *good.tasks[1:]],
    )
    episodes, rejections, model = write(reply(bad), reply(good), seed=3)
    assert episodes == write(reply(good), seed=3)[0]
    assert not any('world' in reason for reason in rejections)
    ask, answer, back = model.calls[2]
    assert [ask] == model.calls[1]
    assert answer == {'role': 'assistant', 'content': reply(bad)}
    for reason in (
        "- a region does not exist: no region has the id 'r99' of a way\n",
        f"- a region does not exist: no region has the id 'r77' of the object "
        f'{good.objects[0].noun!r}\n',
        "- there is no such kind of task: the 'dance' task ",
    ):
        assert reason in back['content']


CUT = reply(written_world(3))[:900]


@pytest.mark.parametrize(
    ('bad', 'said', 'counted'),
    [
        (CUT, 'the reply was cut off before its end', 'the reply was cut off before its end'),
        ('Sorry, I cannot do that.', 'the reply has no JSON', 'the reply has no JSON'),
        (
            '{"place": 3}',
            'the reply has another form: Expected `str`, got `int` - at `$.place`',
            'the reply has another form',
        ),
        (
            reply(changed(written_world(3), ways=[])),
            'a region cannot be reached: no way leads from ',
            'a region cannot be reached',
        ),
    ],
)
def test_a_second_bad_answer_is_dropped_and_counted_by_its_reason(bad, said, counted):
    episodes, rejections, model = write(bad, bad)
    assert episodes == []
    assert rejections == {f'world: {counted}': 1}
    assert len(model.calls) == 3
    assert f'This cannot be used:\n- {said}' in model.calls[2][-1]['content']


def test_a_bad_graph_never_crashes_a_run():
    """the check of a graph could not fail, and bad graphs ended the whole run later."""
    bad = changed(written_world(3), ways=[WrittenWay('r0', 'nowhere')])
    model = Recorder([PLACE, reply(bad), reply(bad), PLACE, reply(written_world(4))])
    writer, rejections = WorldWriter(model, WORDS), Counter()
    assert writer.write(1, WorldConfig(), rejections) == []
    assert rejections['world: a region does not exist'] == 1
    assert writer.write(2, WorldConfig(), rejections)


def test_after_failures_no_earlier_scene_is_used_again():
    """when all tries for a scene had failed, the scene before it came once more."""
    model = Recorder([PLACE, reply(written_world(4)), PLACE, 'no', 'no', '', PLACE, 'no', 'no'])
    writer, rejections = WorldWriter(model, WORDS), Counter()
    assert writer.write(1, WorldConfig(), rejections)
    rejections.clear()
    assert [writer.write(seed, WorldConfig(), rejections) for seed in (2, 3, 4)] == [[], [], []]
    assert rejections == {'world: the reply has no JSON': 2, 'world: the place is empty': 1}


def test_the_cap_of_a_reply_grows_with_what_is_asked_for():
    """2,048 tokens for 20 regions and 25 tasks cut the JSON off."""
    small = write('no', 'no', tasks=4)[2].caps[1]
    large = write('no', 'no', size='large', tasks=25)[2].caps[1]
    assert small > 2048
    assert large > 10_000
    for number in range(4):
        answer = reply(written_world(number))
        assert len(answer) / 2.5 < write(answer, seed=number, tasks=6)[2].caps[1]


def test_a_bad_task_is_left_out_alone_and_counted():
    good = written_world(3)
    empty = changed(good.tasks[0], **msgspec.structs.asdict(VAGUE))
    bad = [
        changed(empty, kind='go_to', region='volcano', sentence='Go to the volcano.'),
        changed(empty, kind='go_to', region='volcano', sentence='Go to the field.'),
        changed(empty, kind='locate', sentence='Where is the truck?'),
        changed(empty, kind='dance', sentence='Dance.'),
        good.tasks[1],
    ]
    spoilt = changed(good, tasks=[*good.tasks, *bad])
    episodes, rejections, _ = write(reply(spoilt), seed=3, tasks=20)
    fine, before, _ = write(reply(good), seed=3, tasks=20)
    assert {e.task.request for e in episodes} == {e.task.request for e in fine}
    assert rejections - before == {
        'go_to: the region is not unique': 1,
        'go_to: the region is not said': 1,
        'locate: a slot is missing': 1,
        'unknown kind: there is no such kind of task': 1,
        f'{good.tasks[1].kind}: the sentence came before': 1,
    }


def test_a_sentence_of_which_the_meaning_was_written_wrong_is_no_task():
    good = written_world(3)
    task = next(t for t in good.tasks if t.kind not in ('vague', 'survey'))
    lying = changed(task, sentence='Explore and map the whole site.')
    episodes, rejections, _ = write(reply(changed(good, tasks=[lying])), seed=3)
    assert episodes == []
    assert [reason.partition(': ')[2] for reason in rejections] in (
        ['the target is not said'],
        ['the region is not said'],
    )


def test_what_is_called_ambiguous_is_so():
    good = written_world(3)
    noun = next(iter({o.noun for o in good.objects}))
    others = [o for o in good.objects if o.noun != noun]
    task = changed(
        good.tasks[0],
        **msgspec.structs.asdict(VAGUE) | {'kind': 'ambiguous', 'target': noun},
        sentence=f'Where is the {noun}?',
    )
    region = good.regions[0].id
    for number, is_ambiguous in ((1, False), (3, True)):
        alike = [WrittenObject(noun, region, [], f'{noun} with mark {n}') for n in range(number)]
        answer = reply(changed(good, objects=[*others, *alike], tasks=[task]))
        episodes, rejections, _ = write(answer, seed=3)
        assert [e.criterion.answer for e in episodes] == ['question'] * is_ambiguous
        assert rejections == (
            {} if is_ambiguous else {'ambiguous: one object is meant, or none': 1}
        )


# -------------------------------------------------------------------------------- the model fails


@pytest.mark.parametrize('when', [0, 1])
def test_a_reply_that_does_not_come_is_counted(when):
    model = Recorder([*[PLACE] * when, PlannerTimeout('60 s')])
    rejections: Counter[str] = Counter()
    assert WorldWriter(model, WORDS).write(1, WorldConfig(), rejections) == []
    assert rejections == {'world: no reply (PlannerTimeout)': 1}


@pytest.mark.parametrize('when', [0, 1])
def test_a_model_that_cannot_be_reached_ends_the_run(when):
    model = Recorder([*[PLACE] * when, PlannerUnavailable('the key is wrong')])
    with pytest.raises(PlannerUnavailable, match='the key is wrong'):
        WorldWriter(model, WORDS).write(1, WorldConfig(), Counter())


def test_unknown_kinds_and_families_are_refused_before_any_call():
    for settings_, error in (
        ({'kinds': ('dance',)}, "kinds: expected some of .*, got 'dance'"),
        ({'family': 'moon base'}, "family: expected one of .*, got 'moon base'"),
    ):
        with pytest.raises(ConfigError, match=error):
            write(**settings_)


# -------------------------------------------------------------------------------- mangled answers

_JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    st.sampled_from(['', 'r0', 'r1', 'vehicle', 'truck', 'color', 'red', 'find', 'sequence', '_']),
    st.just([]),
    st.just({}),
)


def _mangle(value, rng: Random, junk):
    """The value with one of its parts replaced, doubled or gone."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(sorted(value))
        return {**value, key: _mangle(value[key], rng, junk)}
    if isinstance(value, list) and value:
        index, what = rng.randrange(len(value)), rng.random()
        if what < 0.2:
            return value[:index] + value[index + 1 :]
        if what < 0.4:
            return [*value, value[index]]
        return [*value[:index], _mangle(value[index], rng, junk), *value[index + 1 :]]
    return junk


@given(st.integers(0, 5), st.lists(st.tuples(st.integers(0, 10**6), _JUNK), max_size=4))
def test_a_mangled_answer_raises_nothing_and_what_it_loses_is_counted(number, spoils):
    answer = json.loads(reply(written_world(number)))
    for seed, junk in spoils:
        answer = _mangle(answer, Random(seed), junk)
    text = json.dumps(answer)
    episodes, rejections, _ = write(text, text, seed=number)
    tasks = {episode.task.request for episode in episodes}
    if any(reason.startswith('world: ') for reason in rejections):
        assert episodes == []
    else:
        assert len(tasks) + sum(rejections.values()) == len(answer['tasks'][:6])


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_at_all_raises_nothing_and_is_counted(place, text):
    model = Recorder([place, text, text])
    rejections: Counter[str] = Counter()
    assert WorldWriter(model, WORDS).write(0, WorldConfig(), rejections) == []
    assert sum(rejections.values()) == 1


def test_only_errors_of_planners_are_counted_and_no_fault_of_ours_is_hidden():
    with pytest.raises(ZeroDivisionError):
        write(ZeroDivisionError())
    assert write(PlannerError('x'))[1] == {'world: no reply (PlannerError)': 1}
