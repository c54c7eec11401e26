# SPDX-License-Identifier: Apache-2.0
"""The commands of `prism` that are the mapping domain's own: entry points of group
`prism.commands`.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from prism_core.cli.commands import Commands
from prism_core.cli.episode_json import import_episode_json
from prism_core.files import replace_file

_MEASURE = 'prism_core.domains.mapping.commands.measuring'

measure = Commands(
    'measure',
    help='Measure teacher, fallback, controls, prompts and speed on fresh worlds.',
    table={
        'planners': (
            f'{_MEASURE}:planners',
            'Teacher, explorer and fallback in closed loop, by size and hidden share.',
        ),
        'wording': (
            f'{_MEASURE}:wording',
            'The fallback, which reads the sentence, on seen, unseen and free wording.',
        ),
        'controls': (
            f'{_MEASURE}:controls',
            'Junk planners: pairs and discoveries that they solve, and their luck elsewhere.',
        ),
        'bounds': (
            'prism_core.domains.mapping.commands.keeping:bounds',
            'Who enters what a request forbids, and what the check of plans costs.',
        ),
        'prompts': (
            f'{_MEASURE}:prompts',
            'Whether what the teacher does can be learned from what a prompt says.',
        ),
        'invariance': (
            f'{_MEASURE}:invariance',
            "Whether the teacher's plans follow names and class word, and stay in another order.",
        ),
        'refusals': (
            'prism_core.domains.mapping.commands.refusals:refusals',
            'Right replies that the grammar refuses, by worlds, kind and cause.',
        ),
        'speed': (
            f'{_MEASURE}:speed',
            'Episodes a second that one process simulates and judges, and draws; and its memory.',
        ),
    },
)


@click.command()
@click.option(
    '--seed',
    default=0,
    show_default=True,
    help='Any whole number; the same one draws the same world.',
)
@click.option('--tier', type=click.Choice(['core', 'full']), default='full', show_default=True)
@click.option(
    '--size', type=click.Choice(['small', 'medium', 'large']), default='small', show_default=True
)
@click.option(
    '--hidden',
    type=float,
    default=0.3,
    show_default=True,
    help='Share of the world that the robot does not know, 0 to 0.9.',
)
@click.option(
    '--tasks',
    type=click.IntRange(min=1),
    default=6,
    show_default=True,
    help='How many tasks to draw; twins come on top.',
)
@click.option('--kind', 'kinds', multiple=True, help='Only tasks of this kind; can be given again.')
@click.option(
    '--unseen',
    multiple=True,
    type=click.Choice(['wording', 'classes', 'places']),
    help='Draw this from what training never sees; can be given again.',
)
@click.option(
    '--planner',
    help='Who tries each task: teacher, the name of a planner, or package.module:factory.',
)
@click.option(
    '--out', type=click.Path(path_type=Path), help='Write the episodes here, one a line (.jsonl).'
)
def world(
    seed: int,
    tier: str,
    size: str,
    hidden: float,
    tasks: int,
    kinds: tuple[str, ...],
    unseen: tuple[str, ...],
    planner: str | None,
    out: Path | None,
):
    """Draw a world and its tasks, and let a planner try them."""
    from prism_core.domains.mapping.generator import draw_episodes
    from prism_core.domains.mapping.kinds import KINDS
    from prism_core.domains.mapping.play import play_episodes
    from prism_core.domains.mapping.words import load_words
    from prism_core.domains.mapping.world import WorldConfig
    from prism_core.pictures.terminal import print_graph
    from prism_core.pictures.terminal_episodes import print_world

    unknown = sorted(set(kinds) - set(KINDS))
    if unknown:
        raise click.ClickException(
            f"there is no kind of task '{unknown[0]}'; expected one of {', '.join(KINDS)}"
        )
    render_episode = import_episode_json().render_episode if out else None
    config = WorldConfig(
        tier=tier, size=size, hidden=hidden, tasks=tasks, kinds=kinds, unseen=frozenset(unseen)
    )
    words = load_words()
    rejections: Counter[str] = Counter()
    episodes = draw_episodes(seed, config, words, rejections)
    if episodes and planner:
        episodes = play_episodes(planner, episodes, words)
    if episodes:
        print_graph(episodes[0].true_graph)
    print_world(episodes, rejections)
    if not episodes:
        raise click.ClickException(
            'no such task fits this world; take another seed, or draw more tasks or kinds'
        )
    if out is not None and render_episode is not None:
        replace_file(out, ''.join(f'{render_episode(episode)}\n' for episode in episodes))
        click.echo(f'wrote {len(episodes)} episodes to {out}')
