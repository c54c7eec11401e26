# SPDX-License-Identifier: Apache-2.0
"""Logs that teams have already: what of them becomes episodes, and why the rest does not."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from prism_core.cli.import_logs import import_
from prism_core.dataset.conversations import render_samples
from prism_core.dataset.episode_json import parse_episode, render_episode
from prism_core.dataset.filter import find_fault

from .mapping_worlds import episodes_of, taught
from .spine_logs import DOMAIN, ROBOT_LOG, imported, reply, task, the_one, user


def some_episodes():
    return [taught(e) for e in episodes_of(range(6), tier='full', hidden=0.3)]


def with_id(episode, number: int):
    return parse_episode(
        json.dumps(json.loads(render_episode(episode)) | {'provenance': {'id': f'e{number}'}})
    )


def chat_rows(dialect: str, form: str) -> tuple[list, list[str]]:
    """Episodes, and the rows in which they are exported, for those that are one conversation."""
    episodes, rows = [], []
    for number, episode in enumerate(some_episodes()):
        samples = render_samples(with_id(episode, number), DOMAIN, dialect, header='You plan.')
        if len(samples) > 1:
            continue
        messages = list(samples[0].messages)
        row = {
            'chat': {'messages': messages, 'weights': samples[0].weights},
            'turn': {'prompt': messages[:-1], 'completion': messages[-1:]},
            'sharegpt': {
                'conversations': [
                    {'from': m['role'].replace('assistant', 'gpt'), 'value': m['content']}
                    for m in messages
                ]
            },
        }[form]
        episodes.append(episode)
        rows.append(json.dumps(row))
    return episodes, rows


# ------------------------------------------------------------------------------------ round trips


@pytest.mark.parametrize('form', ['chat', 'turn', 'sharegpt'])
def test_exported_rows_come_back_as_the_same_plans(form):
    episodes, rows = chat_rows('spine', form)
    back = imported('\n'.join(rows), 'rows.jsonl')
    assert len(back) == len(episodes) > 25
    for number, (episode, one) in enumerate(zip(episodes, back), start=1):
        assert one.source == f'rows.jsonl:{number}'
        assert one.episode is not None, one.reason
        assert one.episode.task.request == episode.task.request
        assert [t.plan for t in one.episode.turns] == [t.plan for t in episode.turns]
        assert one.episode.known_graph.nodes == episode.known_graph.nodes
        assert one.episode.known_graph.robot_location == episode.known_graph.robot_location
        driven = [sum(o.distance_m for _, o in e.actions) for e in (episode, one.episode)]
        assert driven[1] == pytest.approx(driven[0], abs=0.1)


def test_most_of_what_the_teacher_did_right_is_checked_and_good():
    _, rows = chat_rows('spine', 'chat')
    back = imported('\n'.join(rows))
    counts = Counter(one.status for one in back)
    assert counts['checked'] > 0.6 * len(back)
    assert counts['unreadable'] == 0
    for one in back:
        assert (one.status == 'checked') == (one.reason == '')
        if one.status == 'checked':
            assert find_fault(one.episode) == ''


def test_an_imported_episode_is_stored_and_read_back():
    for one in imported('\n'.join(chat_rows('spine', 'chat')[1][:8])):
        assert parse_episode(render_episode(one.episode)) == one.episode
        assert one.episode.provenance['id'] == one.source


def test_compact_rows_say_that_handles_need_their_graph():
    _, rows = chat_rows('compact', 'chat')
    for one in imported('\n'.join(rows)):
        assert one.status == 'unreadable'
        assert one.reason.startswith('no scene graph: the compact dialect names nodes by handles')


def test_a_row_that_begins_in_the_middle_says_so():
    episode = next(e for e in some_episodes() if len(e.turns) > 2)
    (_, *parts) = render_samples(with_id(episode, 0), DOMAIN, 'spine', rebase=1.0)
    one = the_one(list(parts[0].messages))
    assert (one.status, one.reason[:16]) == ('unreadable', 'no whole mission')


# ---------------------------------------------------------------------------------- what goes wrong

GO = '[goto(field_1), answer(I am in field_1.)]'


@pytest.mark.parametrize(
    ('messages', 'status', 'reason'),
    [
        ([user('hello'), reply(GO)], 'unreadable', 'no scene graph: no message'),
        ([task('Go.', {'regions': [{}]}), reply(GO)], 'unreadable', 'no scene graph: regions[0]'),
        ([task('Go.', {'regions': []}), reply(GO)], 'unreadable', 'no robot location'),
        ([task(''), reply(GO)], 'unreadable', 'no task'),
        ([task('Go to the field.')], 'unreadable', 'no plan: the log holds a task'),
        (
            [task('Go to the field.'), {'role': 'assistant', 'content': 'off I go'}],
            'unreadable',
            'no plan in a reply: turn 1: expected a JSON object',
        ),
        (
            [task('Go.'), reply('[map_region(road_1)]'), user('updates: [add_nodes({x})]')],
            'unreadable',
            'no update in a message: turn 1',
        ),
        (
            [task('Go to the field.'), reply('[goto(mars_1), answer(I am there.)]')],
            'failed',
            "a plan is not valid: turn 1: Step 1: The scene graph does not contain 'mars_1'",
        ),
        (
            [
                task('Go to the field.'),
                reply('[map_region(road_1)]'),
                user('updates: [remove_connections([road_1, truck_1])]'),
                reply(GO),
            ],
            'failed',
            'an update does not apply: turn 1: cannot remove connection',
        ),
        (
            [task('Go to the field.'), reply('[goto(road_1)]')],
            'failed',
            'does not end with answer or clarify: the last step is goto',
        ),
        (
            [task('Go to the field.'), reply('[map_region(road_1), answer(I am in field_1.)]')],
            'failed',
            'does not end with answer or clarify: the last step is map_region',
        ),
        (
            [task('Go to the field.'), reply('[goto(road_1), answer(I am in field_1.)]')],
            'failed',
            'the judge does not pass the answer',
        ),
        (
            [task('Sing me a song.'), reply('[answer(La la.)]')],
            'unjudged',
            'not understood: nobody can say',
        ),
        (
            [task('What color is the truck?'), reply('[answer(It is red.)]')],
            'unjudged',
            'no right answer is known from what was seen: the target lacks the attribute',
        ),
    ],
)
def test_what_does_not_hold_is_left_out_with_its_reason(messages, status, reason):
    one = the_one(messages)
    assert (one.status, one.reason[: len(reason)]) == (status, reason)
    assert (one.episode is not None) == (status == 'unjudged' or 'judge' in reason)


@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        ('nothing of the kind', 'not a JSON record'),
        ('{"messages": [{"role": "user"', 'not a JSON record'),
        ('[]', 'no conversation: the list is empty'),
        ('[3]', 'no conversation: expected messages'),
        ('{"messages": 3}', 'no conversation: expected messages'),
        ('{"messages": [3]}', 'no conversation: expected a message'),
        ('{"messages": [{"role": "tool", "content": ""}]}', 'no conversation: expected role'),
        ('{"messages": [{"role": "user", "content": 3}]}', 'no conversation: expected a text'),
        ('{"prompt": "a"}', 'no conversation: expected a text'),
        ('{"prompt": "a", "completion": "b"}', 'no scene graph'),
        ('{"messages": [{"role": "user", "content": "\\ud800"}]}', 'no conversation: the text'),
        ('{"messages": [{"role": "user", "content": [{"text": "a"}]}]}', 'no scene graph'),
    ],
)
def test_what_is_no_conversation_says_why(text, reason):
    (one,) = imported(text)
    assert (one.status, one.episode) == ('unreadable', None)
    assert one.reason.startswith(reason)


def test_each_broken_row_is_a_record_of_its_own():
    row = json.dumps({'messages': ROBOT_LOG})
    back = imported(f'{row[:200]}\n{row}\n{row[:300]}\n{row[:400]}\n{row}\n', 'rows')
    assert [one.source for one in back] == [f'rows:{line}' for line in range(1, 6)]
    assert [one.status for one in back] == [
        *('unreadable', 'checked', 'unreadable', 'unreadable', 'checked')
    ]


# ------------------------------------------------------------------------------------ mangled logs

_LOGS = (
    json.dumps(ROBOT_LOG),
    json.dumps(ROBOT_LOG, indent=2),
    json.dumps({'messages': ROBOT_LOG}) + '\n' + json.dumps({'messages': ROBOT_LOG[:-2]}),
)
_SPLICES = (
    *(
        '"',
        "'",
        '\\',
        '{',
        '}',
        '[',
        ']',
        '(',
        ')',
        ',',
        ':',
        '\n',
        '\\n',
        '\\ud800',
        '\x00',
        '1e999',
    ),
    *('null', 'NaN', 'task: ', 'Scene graph:', 'Advice:', 'updates: [', 'past_actions: ['),
    *('scene_graph: {', 'robot_location: ', 'turns_left: x', 'add_nodes(', 'answer(', 'replan()'),
    *(
        'remove_nodes(dock_1)',
        'update_robot_location(',
        'name: ',
        'Feedback: ',
        'field_1',
        'dock_1',
    ),
)


@st.composite
def mangled_logs(draw) -> str:
    """A log that was cut, spliced and had parts doubled."""
    text = draw(st.sampled_from([*_LOGS, *MANGLED_OURS]))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        end = draw(st.integers(at, min(len(text), at + 40)))
        text = text[:at] + draw(st.sampled_from(_SPLICES) | st.just(text[at:end] * 2)) + text[end:]
    return text


MANGLED_OURS = chat_rows('spine', 'chat')[1][:3]


@given(mangled_logs())
def test_mangled_logs_raise_nothing_and_give_each_record_one_status(text):
    back = imported(text)
    assert back
    for one in back:
        assert one.status in ('checked', 'unjudged', 'failed', 'unreadable')
        assert (one.status == 'checked') == (one.reason == '')
        assert '\n' not in one.reason.partition(':')[0]
        assert one.status not in ('checked', 'unjudged') or one.episode is not None
        if one.episode is not None:
            assert parse_episode(render_episode(one.episode)) == one.episode
    assert len({one.source for one in back}) == len(back)


@given(
    st.text(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(['messages', 'role', 'content', 'prompt', 'from']), inner
            )
        ),
        max_leaves=9,
    ).map(json.dumps)
)
def test_any_text_and_any_json_raise_nothing(text):
    for one in imported(text):
        assert (one.status, one.episode) == ('unreadable', None)


# -------------------------------------------------------------------------------- the command line


def run(*arguments) -> str:
    result = CliRunner().invoke(import_, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_command_writes_what_is_good_and_says_what_is_not(tmp_path):
    (tmp_path / 'good.json').write_text(json.dumps(ROBOT_LOG, indent=2))
    song = json.dumps([task('Sing me a song.'), reply('[answer(La la.)]')])
    (tmp_path / 'mixed.jsonl').write_text(f'{song}\n{{"broken\n{song}\n')
    output = run(tmp_path / 'good.json', tmp_path / 'mixed.jsonl', '--out', tmp_path / 'out')
    lines = (tmp_path / 'out/episodes.jsonl').read_text().splitlines()
    assert [parse_episode(line).outcome.success for line in lines] == [True]
    left = [json.loads(x) for x in (tmp_path / 'out/unchecked.jsonl').read_text().splitlines()]
    assert [(one['status'], one['source'][-1]) for one in left] == [
        *(('unjudged', '1'), ('unreadable', '2'), ('unjudged', '3'))
    ]
    assert re.search(r'unjudged\W+not understood\W+2', output)
    assert re.search(r'checked\W+1', output)
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == [
        *('episodes.jsonl', 'unchecked.jsonl')
    ]


@pytest.mark.parametrize(
    ('content', 'words'), [(b'\xff\xfe', 'is not UTF-8 text'), (b' \n', 'nothing to import')]
)
def test_files_that_hold_no_text_are_refused_and_nothing_is_written(tmp_path, content, words):
    (tmp_path / 'log').write_bytes(content)
    arguments = [str(tmp_path / 'log'), '--out', str(tmp_path / 'out')]
    result = CliRunner().invoke(import_, arguments)
    assert result.exit_code == 1
    assert words in f'{result.output}{result.exception}'
    assert not (tmp_path / 'out').exists()


def test_a_folder_with_something_in_it_is_left_as_it_is(tmp_path):
    (tmp_path / 'log').write_text(json.dumps(ROBOT_LOG))
    run(tmp_path / 'log', '--out', tmp_path / 'out')
    before = (tmp_path / 'out/episodes.jsonl').read_bytes()
    (tmp_path / 'log').write_text(json.dumps([task('Sing me a song.'), reply(GO)]))
    arguments = [str(tmp_path / 'log'), '--out', str(tmp_path / 'out')]
    result = CliRunner().invoke(import_, arguments)
    assert result.exit_code == 1
    assert 'expected a folder that is new or empty' in result.output
    assert (tmp_path / 'out/episodes.jsonl').read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ['log', 'out']
