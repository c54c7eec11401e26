"""The command line `prism`: parses, calls, prints. Commands that need ROS come from entry points.

Each command is imported when it is run, so that `prism --help` is quick and a robot needs no plots.
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import click

from prism_core.errors import PrismError
from prism_core.files import read_text, replace_file


class _Commands(click.Group):
    """Our commands, and those that other packages register as entry points of a group."""

    def __init__(self, *arguments: Any, entry_points: str, **settings: Any):
        super().__init__(*arguments, **settings)
        self._entry_points = entry_points

    def _registered(self) -> dict[str, importlib.metadata.EntryPoint]:
        return {e.name: e for e in importlib.metadata.entry_points(group=self._entry_points)}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.commands, *self._registered()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in self.commands:
            return self.commands[cmd_name]
        entry_point = self._registered().get(cmd_name)
        if entry_point is None:
            return None
        try:
            return entry_point.load()
        except ImportError as error:
            if error.name is None or not error.name.startswith(_ROS_MODULES):
                raise
            return _needs_ros(cmd_name, error)


_ROS_MODULES = ('rclpy', 'prism_msgs', 'lifecycle_msgs', 'builtin_interfaces')


def _needs_ros(name: str, error: ImportError) -> click.Command:
    help_text = f'(needs ROS 2 and a built prism_msgs: {error})'

    def refuse(**_):
        raise click.ClickException(
            f'prism {name} needs ROS 2 and a built prism_msgs ({error}); source both: '
            '/opt/ros/<distro>/setup.bash (or .venv/setup.sh) and install/setup.bash'
        )

    settings = {'ignore_unknown_options': True}
    arguments = click.Argument(['_'], nargs=-1, type=click.UNPROCESSED)
    return click.Command(
        name, callback=refuse, params=[arguments], help=help_text, context_settings=settings
    )


@click.group(
    cls=_Commands,
    entry_points='prism.commands',
    context_settings={'help_option_names': ['-h', '--help']},
)
@click.version_option(package_name='prism_ros')
def prism() -> None:
    """Plans for robots from small language models, on the robot."""


@prism.group(cls=_Commands, entry_points='prism.bench')
def bench() -> None:
    """Measure speed on this machine."""


@prism.command()
@click.option(
    '--graph',
    type=click.Path(path_type=Path),
    help='Scene graph file (SPINE JSON); the packaged one when left out.',
)
@click.option('--request', required=True, help='What the robot should do, in one sentence.')
@click.option(
    '--planner',
    default='symbolic',
    show_default=True,
    help='Name of a planner, or package.module:factory.',
)
@click.option('--location', help='Region that the robot is in, when not the one of the file.')
@click.option('--json', 'as_json', is_flag=True, help="Print the plan as SPINE's JSON reply.")
def plan(graph: Path | None, request: str, planner: str, location: str | None, as_json: bool):
    """Plan once, without ROS."""
    from prism_core.domains.mapping import GRAPHS, MAPPING_ACTIONS
    from prism_core.plan import render_plan
    from prism_core.planner import open_planner
    from prism_core.terminal import print_plan
    from prism_core.validation import validate_plan

    if not request.strip():
        raise click.ClickException("the request is empty; say, for example: 'inspect the truck'")
    known_graph = read_graph(graph or GRAPHS / 'depot.json')
    if location:
        known_graph = known_graph.at(location)
    chosen = open_planner(planner)
    try:
        made = chosen.plan(request, known_graph, [])
    except PrismError:
        raise
    except Exception as error:  # the code of others: anything may come
        raise click.ClickException(f"planner '{planner}' raised {error!r}") from error
    finally:
        chosen.close()
    report = validate_plan(made, known_graph, MAPPING_ACTIONS)
    if as_json:
        click.echo(render_plan(made))
    else:
        print_plan(made, source=chosen.name)
    if not report.is_valid:
        raise click.ClickException(f'the plan is not valid: {report.feedback}')


@prism.command()
@click.argument('file', type=click.Path(path_type=Path))
@click.option(
    '--plan',
    'plan_file',
    type=click.Path(path_type=Path),
    help="A plan to draw on a scene graph: SPINE's JSON reply.",
)
@click.option(
    '--episode', type=click.IntRange(min=0), help='Which episode of the file; 0 is first.'
)
@click.option('--turn', type=click.IntRange(min=0), help='Show the episode up to this turn.')
@click.option(
    '--out',
    type=click.Path(path_type=Path),
    help='Write the picture here (.png, .svg or .pdf); shown in the terminal when left out.',
)
def show(
    file: Path, plan_file: Path | None, episode: int | None, turn: int | None, out: Path | None
):
    """Draw a scene graph, with a plan on it when one is given; or an episode of a .jsonl file."""
    if file.suffix == '.jsonl':
        if plan_file is not None:
            raise click.ClickException(
                f'--plan goes with a scene graph; {file} holds episodes, which have their own plans'
            )
        _show_episode(file, episode or 0, turn, out)
        return
    if episode is not None or turn is not None:
        raise click.ClickException(
            f'--episode and --turn go with an episode file (.jsonl); {file} is taken for a '
            'scene graph'
        )
    from prism_core.domains.mapping import MAPPING_ACTIONS
    from prism_core.plan import parse_plan
    from prism_core.routes import trace_plan
    from prism_core.terminal import print_graph

    graph = read_graph(file)
    drawn = parse_plan(read_text(plan_file), MAPPING_ACTIONS) if plan_file else None
    way = trace_plan(drawn, graph, MAPPING_ACTIONS) if drawn else []
    if out is None:
        print_graph(graph, way)
        return
    from prism_core.picture import draw_picture

    draw_picture(graph, out, plan=drawn, way=way)
    click.echo(f'wrote {out}')


def _show_episode(file: Path, number: int, turn: int | None, out: Path | None) -> None:
    from prism_core.episode_trail import follow_episode

    episode = _read_episode(file, number)
    if out is None:
        from prism_core.terminal_episodes import print_episode

        follow_episode(episode, turn)  # says what is wrong with the turn
        print_episode(episode, turns=turn)
        return
    from prism_core.episode_picture import draw_episode

    draw_episode(episode, out, turn=turn)
    click.echo(f'wrote {out}')


@prism.command()
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
    from prism_core.domains.mapping.intents import KINDS
    from prism_core.domains.mapping.play import play_episodes
    from prism_core.domains.mapping.words import load_words
    from prism_core.domains.mapping.world import WorldConfig
    from prism_core.terminal import print_graph
    from prism_core.terminal_episodes import print_world

    unknown = sorted(set(kinds) - set(KINDS))
    if unknown:
        raise click.ClickException(
            f"there is no kind of task '{unknown[0]}'; expected one of {', '.join(KINDS)}"
        )
    render_episode = _episode_json().render_episode if out else None
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


def _read_episode(path: Path, number: int):
    from prism_core.errors import ConfigError

    read_episodes = _episode_json().read_episodes
    count = 0
    try:
        for episode in read_episodes(read_text(path).split('\n')):
            if count == number:
                return episode
            count += 1
    except ConfigError as error:
        raise ConfigError(f'{path}: {error}') from error
    holds = f'{count} episode' if count == 1 else f'{count} episodes'
    raise ConfigError(f'there is no episode {number} in {path}: it holds {holds}, counted from 0')


def _episode_json():
    try:
        import prism_core.episode_json as episode_json
    except ImportError as error:
        raise click.ClickException(
            "episode files need msgspec; run: pip install 'prism_ros[data]'"
        ) from error
    return episode_json


def read_graph(path: Path):
    """Read a scene graph file; raises what the command line shows as one sentence."""
    from prism_core.errors import SceneGraphError
    from prism_core.spine_json import parse_scene_graph

    try:
        return parse_scene_graph(read_text(path))
    except SceneGraphError as error:
        raise SceneGraphError([f'{path}: {problem}' for problem in error.problems]) from error


def main() -> None:
    """Run the command line; an error of ours is one sentence and exit status 1."""
    try:
        prism()
    except PrismError as error:
        click.echo(f'Error: {error}', err=True)
        sys.exit(1)


if __name__ == '__main__':
    main()
