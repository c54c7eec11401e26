"""The command line `prism`: parses, calls, prints. Commands that need ROS come from entry points.

Each command is imported when it is run, so that `prism --help` is quick and a robot needs no plots.
"""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

import click

from prism_core.errors import PrismError


class _Commands(click.Group):
    """Our commands, and those that other packages register under `prism.commands`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.commands, *_registered()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in self.commands:
            return self.commands[cmd_name]
        entry_point = _registered().get(cmd_name)
        if entry_point is None:
            return None
        try:
            return entry_point.load()
        except ImportError as error:
            if error.name is None or not error.name.startswith(_ROS_MODULES):
                raise
            return _needs_ros(cmd_name, error)


_ROS_MODULES = ('rclpy', 'prism_msgs', 'lifecycle_msgs', 'builtin_interfaces')


def _registered() -> dict[str, importlib.metadata.EntryPoint]:
    return {e.name: e for e in importlib.metadata.entry_points(group='prism.commands')}


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


@click.group(cls=_Commands, context_settings={'help_option_names': ['-h', '--help']})
@click.version_option(package_name='prism_ros')
def prism() -> None:
    """Plans for robots from small language models, on the robot."""


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
    from prism_core.planner import find_planner
    from prism_core.terminal import print_plan
    from prism_core.validation import validate_plan

    if not request.strip():
        raise click.ClickException("the request is empty; say, for example: 'inspect the truck'")
    known_graph = read_graph(graph or GRAPHS / 'depot.json')
    if location:
        known_graph = known_graph.at(location)
    chosen = find_planner(planner)()
    try:
        made = chosen.plan(request, known_graph, [])
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
    help="A plan to draw on it: SPINE's JSON reply.",
)
@click.option(
    '--out',
    type=click.Path(path_type=Path),
    help='Write the picture here (.png, .svg or .pdf); drawn in the terminal when left out.',
)
def show(file: Path, plan_file: Path | None, out: Path | None):
    """Draw a scene graph, with a plan on it when one is given."""
    from prism_core.domains.mapping import MAPPING_ACTIONS
    from prism_core.plan import parse_plan
    from prism_core.routes import trace_plan
    from prism_core.terminal import print_graph

    graph = read_graph(file)
    drawn = parse_plan(_read_text(plan_file), MAPPING_ACTIONS) if plan_file else None
    way = trace_plan(drawn, graph, MAPPING_ACTIONS) if drawn else []
    if out is None:
        print_graph(graph, way)
        return
    from prism_core.picture import draw_picture

    draw_picture(graph, out, plan=drawn, way=way)
    click.echo(f'wrote {out}')


def read_graph(path: Path):
    """Read a scene graph file; raises what the command line shows as one sentence."""
    from prism_core.errors import SceneGraphError
    from prism_core.spine_json import parse_scene_graph

    try:
        return parse_scene_graph(_read_text(path))
    except SceneGraphError as error:
        raise SceneGraphError([f'{path}: {problem}' for problem in error.problems]) from error


def _read_text(path: Path) -> str:
    try:
        return path.read_text('utf-8')
    except OSError as error:
        raise click.ClickException(f'cannot read {path}: {error.strerror}') from error
    except UnicodeDecodeError as error:
        raise click.ClickException(f'{path} is not UTF-8 text: {error}') from error


def main() -> None:
    """Run the command line; an error of ours is one sentence and exit status 1."""
    try:
        prism()
    except PrismError as error:
        click.echo(f'Error: {error}', err=True)
        sys.exit(1)


if __name__ == '__main__':
    main()
