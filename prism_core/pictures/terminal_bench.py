# SPDX-License-Identifier: Apache-2.0
"""Benchmarks in the terminal: what was measured as tables, beside what would be good enough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:  # the runtime is not everywhere
    from prism_core.bench.grammar import GrammarCosts
    from prism_core.bench.runtime import ReplanCosts, RuntimeCosts
    from prism_core.bench.student import StudentRun

# What is good enough: at most so much.
FIRST_TOKEN_BAR, REPLAN_BAR, GRAMMAR_BAR = 0.15, 1.3, 1.1
_WIDTH = 160
_MIB = 2**20


def print_runs(runs: Sequence[StudentRun]) -> None:
    """Print the times of a student's plans, then the tokens that were read and said for them."""
    times = _table(
        *('computed by', 'held to', 'plan', 'number', 'median ms', 'p95 ms', 'first token ms'),
        *('replies', 'no plan', 'loading s', 'MiB'),
    )
    tokens = _table(
        *('computed by', 'held to', 'plan', 'prompt', 'kept', 'read', 'read twice', 'reply'),
        *('forced', 'refused'),
    )
    for run in runs:
        _add_run(times, tokens, run)
    _print(times, tokens)


def _add_run(times: Table, tokens: Table, run: StudentRun) -> None:
    loading, memory = f'{run.load_s:.2f}', _mib(run.resident_bytes)
    for plan, found in {'first': run.first, 'replan': run.replans}.items():
        if found is None:
            continue
        name = (run.runtime, run.held_to, plan)
        seconds = (found.time_s, found.p95_s, found.first_token_s)
        in_ms = (f'{value * 1e3:.1f}' for value in seconds)
        tried = (f'{found.replies:.2f}', str(found.refused))
        times.add_row(*name, str(found.plans), *in_ms, *tried, loading, memory)
        prompt = (found.prompt_tokens, found.kept_tokens, found.read_tokens)
        reply = (f'{found.reply_tokens:.0f}', f'{found.forced_tokens:.0f}')
        refused = f'{found.rejected_tokens:.2f}'
        twice = str(run.rereads) if plan == 'replan' else ''
        tokens.add_row(*name, *(f'{value:.0f}' for value in prompt), twice, *reply, refused)


def print_costs(costs: RuntimeCosts, grammars: Sequence[GrammarCosts], names: int) -> None:
    """Print what a runtime takes; the grammars are of a map with so many names."""
    table = _table('', 'figure', 'bar')
    for row in (*_list_costs(costs), *_list_grammars(grammars, names)):
        table.add_row(*row)
    _print(table)


def _list_costs(costs: RuntimeCosts) -> Iterator[tuple[str, str, str]]:
    cold = costs.cold
    share = costs.decode_tokens_per_s / costs.ceiling_tokens_per_s
    yield 'file', f'{_mib(costs.file_bytes)} MiB', ''
    yield 'memory of the process', f'{_mib(costs.resident_bytes)} MiB', ''
    yield 'memory that the model added', f'{_mib(costs.model_bytes)} MiB', ''
    yield 'loading', f'{costs.load_s:.2f} s', ''
    yield f'first token, {cold.read_tokens} tokens to read', f'{cold.first_token_s:.3f} s', ''
    for one in costs.replans:
        yield from _list_replan(one)
    yield 'reading', f'{costs.prefill_tokens_per_s:.1f} tokens/s', ''
    yield 'decoding', f'{costs.decode_tokens_per_s:.1f} tokens/s', ''
    yield 'memory, reading', f'{costs.memory_bytes_per_s / 1e9:.1f} GB/s', ''
    yield 'ceiling of decoding by memory', f'{costs.ceiling_tokens_per_s:.1f} tokens/s', ''
    yield 'decoding / ceiling', f'{share:.0%}', ''


def _list_replan(costs: ReplanCosts) -> Iterator[tuple[str, str, str]]:
    stats = costs.replan
    name = f'replan, {stats.read_tokens} read, {stats.new_tokens} said'
    yield f'{name}: first token', f'{stats.first_token_s:.3f} s', ''
    yield f'{name}: first token / cold', *_judge(costs.first_token_ratio, FIRST_TOKEN_BAR)
    yield f'{name}: whole', f'{stats.total_s:.3f} s', ''
    yield f'{name}: its decoding alone', f'{costs.decoding.total_s:.3f} s', ''
    yield f'{name}: whole / decoding alone', *_judge(costs.total_ratio, REPLAN_BAR)


def _list_grammars(grammars: Sequence[GrammarCosts], names: int) -> Iterator[tuple[str, str, str]]:
    for one in grammars:
        name = f'grammar {one.name}, {names:,} names'
        yield f'{name}: write', f'{one.write_s * 1e3:.1f} ms', ''
        yield f'{name}: compile', f'{one.compile_s * 1e3:.1f} ms', ''
        yield f'{name}: mask', f'{one.mask_s * 1e3:.3f} ms', ''
        yield f'{name}: step with it', f'{one.held_s * 1e3:.3f} ms', ''
        yield f'{name}: step without', f'{one.free_s * 1e3:.3f} ms', ''
        yield f'{name}: with / without', *_judge(one.ratio, GRAMMAR_BAR)


def _judge(ratio: float, bar: float) -> tuple[str, str]:
    return f'{ratio:.3f}', f'at most {bar:g}: {"yes" if ratio <= bar else "NO"}'


def print_prompts(lengths: Mapping[str, Mapping[str, float]], title: str) -> None:
    """Print how long prompts are, each by each of some counts."""
    table = _table(title, *next(iter(lengths.values())))
    for prompt, counts in lengths.items():
        table.add_row(prompt, *(f'{number:,.0f}' for number in counts.values()))
    _print(table)


def _mib(size_bytes: int | None) -> str:
    return '?' if size_bytes is None else f'{size_bytes / _MIB:.0f}'


def _table(first: str, *columns: str) -> Table:
    table = Table(first)
    for column in columns:
        table.add_column(column, justify='right')
    return table


def _print(*tables: Table) -> None:
    console = Console(width=_WIDTH, highlight=False)
    for table in tables:
        console.print(table)
