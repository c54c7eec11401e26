# SPDX-License-Identifier: Apache-2.0
"""Other wordings of the sentences of tasks, by a language model; only those that mean the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from prism_core.domains.mapping.words import Words
from prism_core.domains.mapping.writing.entailment import (
    EntailmentChecker,
    is_new_sentence,
    tidy_sentence,
)
from prism_core.domains.mapping.writing.prompts import make_wording_prompt
from prism_core.domains.mapping.writing.schema import Wordings, answer_schema, read_answer
from prism_core.episode.episode import Episode
from prism_core.errors import PlannerError, PlannerUnavailable, WorldRejected
from prism_core.inference.text_model import JsonSchema, TextModel

WORDINGS = 4
"""So many wordings are asked for in one call."""

_BASE_TOKENS, _TOKENS_PER_CHAR = 200, 0.8


def paraphrase_tasks(
    model: TextModel,
    episodes: Sequence[Episode],
    words: Words,
    seed: int,
    rejections: Counter[str],
    share: float,
) -> list[Episode]:
    """The tasks, a share of them in other words that entail the same intent.

    Twins keep one sentence. `provenance['source_request']` keeps what it was. A task for which no
    wording will do stays as it is.

    Args:
        model: words them, and reads those that the matcher cannot read.
        episodes: tasks that nobody has tried yet, those of a world together.
        words: the domain's words.
        seed: draws which tasks.
        rejections: counts each wording that could not be used, by reason.
        share: of the tasks, from 0 to 1.

    Raises:
        PlannerUnavailable: the model cannot be reached.
    """
    checker = EntailmentChecker(words, model)
    schema = answer_schema('wordings', Wordings, words.lexicon)
    used: dict[int, set[str]] = {}
    for episode in episodes:
        is_new_sentence(episode.task.request, used.setdefault(episode.seed, set()))
    wordings: dict[tuple[int, str], str] = {}
    for episode in episodes:
        key = (episode.seed, episode.task.request)
        rng = Random(f'paraphrase {seed}:{key}')  # noqa: S311 - no secret
        if key in wordings or episode.task.intent is None:
            continue
        wordings[key] = episode.task.request
        if rng.random() >= share:
            continue
        for sentence in _ask(model, schema, episode.task.request, rng, rejections):
            gap = ''
            if not is_new_sentence(sentence, used[episode.seed]):
                gap = 'the sentence came before'
            gap = gap or checker.find_gap(
                sentence, episode.task.intent, episode.true_graph, rng.getrandbits(31)
            )
            if not gap:
                wordings[key] = sentence
                break
            rejections[f'wording: {gap}'] += 1
    return [_reword(e, wordings.get((e.seed, e.task.request), e.task.request)) for e in episodes]


def _ask(
    model: TextModel, schema: JsonSchema, request: str, rng: Random, rejections: Counter[str]
) -> list[str]:
    """Wordings of a sentence in random order; none when what came cannot be used."""
    most = round(_BASE_TOKENS + _TOKENS_PER_CHAR * WORDINGS * len(request))
    try:
        reply = model.complete(
            make_wording_prompt(request, WORDINGS),
            grammar=schema,
            max_new_tokens=most,
            seed=rng.getrandbits(31),
        )
        sentences = [tidy_sentence(text) for text in read_answer(reply, Wordings).sentences]
    except PlannerUnavailable:
        raise
    except PlannerError as error:
        rejections[f'wording: no reply ({type(error).__name__})'] += 1
        return []
    except WorldRejected as rejected:
        rejections[f'wording: {str(rejected).partition(":")[0]}'] += 1
        return []
    return rng.sample(sentences, len(sentences))


def _reword(episode: Episode, sentence: str) -> Episode:
    """The task in other words."""
    request = episode.task.request
    if sentence == request:
        return episode
    facts = {**episode.provenance, 'wording': 'paraphrased', 'source_request': request}
    if 'twin' in facts:
        facts['twin'] = f'{episode.seed}:{sentence}'
    return replace(episode, task=replace(episode.task, request=sentence), provenance=facts)
