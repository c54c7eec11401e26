# SPDX-License-Identifier: Apache-2.0
"""Whether a sentence says an intent: what is generated does, and no changed slot slips through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from prism_core import PlannerError, PlannerUnavailable
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.writing.entailment import (
    EntailmentChecker,
    is_new_sentence,
    is_same_meaning,
    tidy_sentence,
)
from prism_core.testing import ScriptedTextModel

from .mapping_worlds import WORDS, episodes_of
from .written_worlds import VAGUE, meaning_of, reply

CHECKER = EntailmentChecker(WORDS)
TRUCK, FIELD = Target(classes=('truck',)), Target('region', ('field',))
ASK_COLOR = Intent('attribute', TRUCK, attribute='color')
ODD = 'How many coats of paint it has I do not care, only what color the truck is.'


def changed(intent: Intent) -> Iterator[Intent]:
    """The intent with one slot changed."""
    attributes = WORDS.lexicon.attributes
    other_thing = Target(classes=('zebra',))
    if intent.target is not None:
        yield replace(intent, target=other_thing)
        if intent.target.attributes:
            yield replace(intent, target=replace(intent.target, attributes=()))
        elif intent.attribute != 'color':
            yield replace(intent, target=replace(intent.target, attributes=(('color', 'red'),)))
    for slot in ('region', 'other_region'):
        if getattr(intent, slot) is not None:
            yield replace(intent, **{slot: Target('region', classes=('volcano',))})
    if intent.kind in ('exists', 'count') and intent.region:
        yield replace(intent, region=None)
    if intent.kind == 'conditional':
        yield replace(intent, region=intent.other_region, other_region=intent.region)
    if intent.attribute:
        key = next(k for k in attributes if k != intent.attribute)
        value = next(iter(attributes[key].values)) if intent.value else ''
        yield replace(intent, attribute=key, value=value)
    if intent.value:
        value = next(v for v in attributes[intent.attribute].values if v != intent.value)
        yield replace(intent, value=value)
    if intent.position is not None:
        x, y = intent.position
        yield replace(intent, position=(x + 1, y))
        yield replace(intent, position=(-x - 1, y))
    if intent.ends is not None:
        yield replace(intent, ends=(intent.ends[0], Target('region', classes=('volcano',))))
    if intent.steps:
        yield replace(intent, steps=intent.steps[::-1])
        yield replace(intent, steps=intent.steps[1:])
        for step in changed(intent.steps[0]):
            if KINDS[step.kind].is_step:
                yield replace(intent, steps=(step, *intent.steps[1:]))
    for kind, other in (('find', 'locate'), ('go_to', 'reach'), ('attribute', 'describe')):
        if intent.kind in (kind, other):
            yield replace(intent, kind=other if intent.kind == kind else kind)


def test_generated_sentences_say_what_they_were_made_from():
    episodes = episodes_of(range(400, 430))
    gaps = {
        e.task.request: gap
        for e in episodes
        if (gap := CHECKER.find_gap(e.task.request, e.task.intent, e.true_graph))
    }
    assert len(gaps) <= 0.02 * len(episodes), gaps


def test_no_sentence_says_an_intent_of_which_one_slot_was_changed():
    tried = 0
    for episode in episodes_of(range(400, 430)):
        for other in changed(episode.task.intent):
            tried += 1
            assert CHECKER.find_gap(episode.task.request, other, episode.true_graph), other
    assert tried > 600


@pytest.mark.parametrize(
    ('sentence', 'intent', 'gap'),
    [
        ('What color is the truck?', ASK_COLOR, ''),
        ('Tell me the hue of the lorry.', ASK_COLOR, ''),
        ('What color is the bus?', ASK_COLOR, 'the target is not said'),
        ('Is the truck fine?', ASK_COLOR, 'the attribute is not said'),
        ('What color is the red truck?', ASK_COLOR, 'it is read as something else'),
        ('Go to the gate.', Intent('go_to', region=FIELD), 'the region is not said'),
        (
            'Is the truck red?',
            Intent('yes_no', TRUCK, attribute='color', value='blue'),
            'the value is not said',
        ),
        (
            'Map the spot at x = 3, y = 5.',
            Intent('map_area', position=(3, 6)),
            'the position is not said',
        ),
        ('Take care of it.', Intent('vague'), ''),
        ('What color is the truck?', Intent('vague'), 'it is read as something else'),
        ('', ASK_COLOR, 'it is no sentence on one line'),
        ('What color\nis the truck?', ASK_COLOR, 'it is no sentence on one line'),
        ('What color is the truck? ' * 20, ASK_COLOR, 'it is no sentence on one line'),
    ],
)
def test_the_reason_says_what_is_missing(depot, sentence, intent, gap):
    assert CHECKER.find_gap(sentence, intent, depot) == gap


def test_the_model_is_asked_about_what_the_matcher_cannot_read_and_not_told_the_answer(depot):
    assert CHECKER.find_gap(ODD, ASK_COLOR, depot) == 'it is read as something else'
    model = ScriptedTextModel([reply(meaning_of(ASK_COLOR))])
    assert EntailmentChecker(WORDS, model).find_gap(ODD, ASK_COLOR, depot) == ''
    ((message,),) = model.calls
    assert ODD in message['content']
    assert 'truck_1' in message['content']
    about_it = message['content'].partition('Example of the form')[0].replace(ODD, '')
    assert 'attribute of an object' in about_it
    assert len(model.calls) == 1


def test_the_model_is_not_asked_where_the_matcher_or_the_words_have_decided(depot):
    checker = EntailmentChecker(WORDS, ScriptedTextModel([]))
    assert checker.find_gap('What color is the truck?', ASK_COLOR, depot) == ''
    assert checker.find_gap('Take a look.', ASK_COLOR, depot) == 'the target is not said'


@pytest.mark.parametrize(
    ('answer', 'gap'),
    [
        (reply(meaning_of(Intent('describe', TRUCK))), 'the model reads it as something else'),
        (reply(VAGUE), 'the model reads it as something else'),
        (reply(meaning_of(ASK_COLOR))[:-20], 'the model could not read it'),
        ('I am sorry, I cannot help with that.', 'the model could not read it'),
        (PlannerError('timed out'), 'the model could not read it'),
    ],
)
def test_a_model_that_reads_otherwise_or_not_at_all_is_a_no(depot, answer, gap):
    checker = EntailmentChecker(WORDS, ScriptedTextModel([answer]))
    assert checker.find_gap(ODD, ASK_COLOR, depot) == gap


def test_a_sentence_is_vague_only_if_the_model_finds_nothing_in_it_either(depot):
    vague = Intent('vague')
    sure = EntailmentChecker(WORDS, ScriptedTextModel([reply(VAGUE)]))
    assert sure.find_gap('Take care of it.', vague, depot) == ''
    doubtful = EntailmentChecker(WORDS, ScriptedTextModel([reply(meaning_of(Intent('survey')))]))
    assert doubtful.find_gap('Take care of it.', vague, depot)


def test_a_model_that_cannot_be_reached_is_no_verdict(depot):
    checker = EntailmentChecker(WORDS, ScriptedTextModel([PlannerUnavailable('gone')]))
    with pytest.raises(PlannerUnavailable, match='gone'):
        checker.find_gap(ODD, ASK_COLOR, depot)


def test_what_is_compared_or_joined_has_no_order_and_all_else_has():
    one, other = Target('region', ('field',)), Target('region', ('gate',))
    for kind, is_same in (('compare', True), ('passable', True), ('conditional', False)):
        pair = Intent(kind, region=one, other_region=other)
        turned = Intent(kind, region=other, other_region=one)
        assert is_same_meaning(pair, turned) == is_same
    assert is_same_meaning(
        Intent('conditional', ends=(one, other)), Intent('conditional', ends=(other, one))
    )


def test_sentences_are_tidied_and_differ_in_more_than_marks():
    assert tidy_sentence('  What\u2019s in\n the \u201cfield\u201d? ') == 'What\'s in the "field"?'
    before: set[str] = set()
    assert is_new_sentence('Go to the field.', before)
    assert not is_new_sentence('go  to the FIELD!', before)
    assert is_new_sentence('Go to field 2.', before)
