# SPDX-License-Identifier: Apache-2.0
"""Scores in a terminal: the headline, success by group, controls, costs."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from prism_core.evaluation.controls import say_controls
from prism_core.evaluation.evaluate import Scores
from prism_core.evaluation.scores import Estimate

_CAUSES = 6


def show_scores(console: Console, scores: Scores) -> None:
    """Print what came of an evaluation."""
    table = Table('', 'group', 'success', '95 %', 'wrong', '95 %', 'tasks')
    if scores.unseen is not None:
        cells = _cells(scores.unseen, scores.unseen_wrong)
        table.add_row('headline', 'unseen wording', *cells, style='bold')
    wrong = scores.ends.wrong if scores.ends else None
    table.add_row('all', '', *_cells(scores.success, wrong))
    if scores.reference_rule is not None:
        table.add_row('all', 'by the reference rule', *_cells(scores.reference_rule))
    for view, groups in scores.views.items():
        for group, estimate in groups.items():
            wrong = scores.wrong_views.get(view, {}).get(group)
            table.add_row(view, group, *_cells(estimate, wrong))
    for kind, estimate in scores.pairs.items():
        table.add_row('pairs of twins', kind, *_cells(estimate))
    for name, control in scores.controls.items():
        table.add_row('controls', name, *_cells(control.success, control.wrong))
        if control.reference_rule is not None:
            table.add_row('', 'by the reference rule', *_cells(control.reference_rule))
    console.print(table)
    for line in _lines(scores):
        console.print(line, highlight=False, soft_wrap=True)


def _cells(estimate: Estimate, wrong: Estimate | None = None) -> tuple[str, ...]:
    return (*_shares(estimate), *(_shares(wrong) if wrong else ('', '')), str(estimate.tasks))


def _shares(estimate: Estimate) -> tuple[str, str]:
    return f'{estimate.value:.3f}', f'{estimate.low:.3f} to {estimate.high:.3f}'


def _lines(scores: Scores) -> Iterator[str]:
    costs, manners, model = scores.costs, scores.manners, scores.model_costs
    if scores.ends is not None:
        yield f'wrong {scores.ends.wrong}; the rest: {scores.say_ends}'
    yield say_controls(scores.controls)
    yield f'first replies not accepted: {scores.say_invalid}'
    yield (
        f'trials that ended without a plan: {scores.left_invalid}, that did the same in vain over '
        f'and over: {scores.stuck}; made-up names said: '
        f'{scores.made_up}'
    )
    yield f'a trial takes {costs.actions:.1f} actions and {costs.metres:.0f} m'
    if costs.oracle_actions:
        yield (
            f'the oracle: {costs.oracle_actions:.1f} actions and {costs.oracle_metres:.0f} m; '
            f'success weighted by path length {scores.path:.3f}'
        )
    yield (
        f'asked what is meant: {manners.asked_right} right, {manners.asked_wrong} needless, '
        f'{manners.asked_not} missed'
    )
    if manners.remarks:
        yield ', '.join(f'{name}: {times}' for name, times in manners.remarks.items())
    yield (
        f'a plan takes {scores.plan_median_s * 1e3:.1f} ms (median), '
        f'{scores.plan_p95_s * 1e3:.1f} ms (p95)'
    )
    if scores.kept is not None:
        yield str(scores.kept)
    if model is not None:
        yield (
            f'a reply: {model.read_tokens:.0f} of {model.prompt_tokens:.0f} tokens read anew, '
            f'{model.new_tokens:.0f} said (medians), the first after '
            f'{model.first_token_s * 1e3:.1f} ms, {model.first_token_p95_s * 1e3:.1f} ms (p95); '
            f'a process takes {model.peak_mib} MiB'
        )
    if scores.invariance is not None:
        yield str(scores.invariance)
    worst = ', '.join(f'{reason} {n}' for reason, n in list(scores.failures.items())[:_CAUSES])
    yield f'failed most: {worst or "nothing"}'
