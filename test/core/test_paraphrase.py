# SPDX-License-Identifier: Apache-2.0
"""Other wordings of tasks: only those that mean the same, the same for twins."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from prism_core import PlannerError, PlannerUnavailable
from prism_core.domains.mapping.writing.entailment import EntailmentChecker
from prism_core.domains.mapping.writing.paraphrase import paraphrase_tasks
from prism_core.domains.mapping.writing.schema import Wordings
from prism_core.testing import ScriptedTextModel

from .mapping_worlds import WORDS, episodes_of, taught
from .written_worlds import VAGUE, reply

EPISODES = [e for e in episodes_of(range(40, 60)) if e.task.kind == 'attribute']
CHECKER = EntailmentChecker(WORDS)


class Talker:
    """A model that words requests for an attribute in another way, and nothing else."""

    name = 'talker'

    def __init__(self):
        self.requests: list[str] = []

    def complete(self, messages, *, grammar=None, max_new_tokens=0, seed=0, timeout_s=None):
        request = messages[-1]['content'].partition('The request: ')[2]
        if 'meaning' in grammar.name:
            return reply(VAGUE)
        self.requests.append(request)
        target = WORDING_OF[request]
        return reply(Wordings([f'{target}, please?', 'Go to the gate.', request.upper()]))

    def close(self):
        """Nothing to free."""


def _say(episode) -> str:
    """The task in plain words."""
    intent = episode.task.intent
    target = intent.target
    called = target.name or ' '.join(
        ['the', *(value for _, value in target.attributes), target.classes[0]]
    )
    return f'May I have the {intent.attribute} of {called}'


WORDING_OF = {episode.task.request: _say(episode) for episode in EPISODES}


def paraphrase(model, episodes=EPISODES, share=1.0, seed=0):
    rejections: Counter[str] = Counter()
    return paraphrase_tasks(model, episodes, WORDS, seed, rejections, share), rejections


def test_the_sentence_is_another_and_the_task_is_the_same():
    worded, rejections = paraphrase(Talker())
    assert len(worded) == len(EPISODES)
    for before, after in zip(EPISODES, worded):
        assert after.task.request == WORDING_OF[before.task.request] + ', please?'
        assert after.provenance['wording'] == 'paraphrased'
        assert after.provenance['source_request'] == before.task.request
        assert replace(after.task, request=before.task.request) == before.task
        assert (after.criterion, after.true_graph) == (before.criterion, before.true_graph)
        assert CHECKER.find_gap(after.task.request, after.task.intent, after.true_graph) == ''
        assert taught(after).outcome.success
    assert set(rejections) <= {
        'wording: the target is not said',
        'wording: the sentence came before',
    }
    assert sum(rejections.values()) > 3


def test_twins_keep_one_sentence_and_one_tag():
    model = Talker()
    worded, _ = paraphrase(model)
    tags = {e.provenance['twin']: set() for e in EPISODES if 'twin' in e.provenance}
    pairs: dict[str, list] = {}
    for before, after in zip(EPISODES, worded):
        if 'twin' in before.provenance:
            tags[before.provenance['twin']].add(after.provenance['twin'])
            pairs.setdefault(after.provenance['twin'], []).append(after)
        else:
            assert 'twin' not in after.provenance
    assert tags
    assert all(len(new) == 1 for new in tags.values())
    for tag, pair in pairs.items():
        assert len(pair) == 2
        assert {f'{e.seed}:{e.task.request}' for e in pair} == {tag}
    assert len(model.requests) == len(set(model.requests))


def test_a_share_of_the_tasks_is_worded_anew_always_the_same():
    few, _ = paraphrase(Talker(), share=0.4)
    number = sum(e.provenance['wording'] == 'paraphrased' for e in few)
    assert 0.15 * len(few) < number < 0.65 * len(few)
    assert paraphrase(Talker(), share=0.4)[0] == few
    assert paraphrase(Talker(), share=0.4, seed=1)[0] != few
    assert paraphrase(ScriptedTextModel([]), share=0.0)[0] == EPISODES


@pytest.mark.parametrize(
    ('answer', 'reason'),
    [
        ('{"sentences": ["What', 'the reply was cut off before its end'),
        ('I would rather not.', 'the reply has no JSON'),
        ('{"wordings": []}', 'the reply has another form'),
        (PlannerError('late'), 'no reply (PlannerError)'),
        (reply(Wordings([EPISODES[0].task.request])), 'the sentence came before'),
        (reply(Wordings(['Survey everything.'])), 'the target is not said'),
        (reply(Wordings([''])), 'it is no sentence on one line'),
    ],
)
def test_what_cannot_be_used_is_counted_and_the_task_stays_as_it_was(answer, reason):
    same, rejections = paraphrase(ScriptedTextModel([answer]), EPISODES[:1])
    assert same == EPISODES[:1]
    assert rejections == {f'wording: {reason}': 1}


def test_no_two_tasks_of_a_world_get_the_same_sentence():
    first = EPISODES[0]
    other = replace(first, task=replace(first.task, request=first.task.request + ' Now, please.'))
    wording = reply(Wordings([WORDING_OF[first.task.request] + '?']))
    worded, rejections = paraphrase(ScriptedTextModel([wording, wording]), [first, other])
    assert worded[0].task.request != first.task.request
    assert worded[1] == other
    assert rejections == {'wording: the sentence came before': 1}


def test_a_model_that_cannot_be_reached_ends_the_run():
    with pytest.raises(PlannerUnavailable, match='the script has ended'):
        paraphrase(ScriptedTextModel([]))
