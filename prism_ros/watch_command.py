# SPDX-License-Identifier: Apache-2.0
"""`prism watch`: a robot in a browser of this machine."""

from __future__ import annotations

import contextlib

import click

DEFAULT_PORT = 8020


@click.command()
@click.option('--namespace', default='', help='Namespace of the robot.')
@click.option(
    '--port',
    default=DEFAULT_PORT,
    show_default=True,
    type=click.IntRange(0, 65535),
    help='Of 127.0.0.1, which nobody else reaches; 0 for any that is free.',
)
@click.option('--view-only', is_flag=True, help='Without buttons: nothing is told to the robot.')
def watch(namespace: str, port: int, view_only: bool) -> None:
    """Show a running robot in the browser: its graph, plan and mission, with a stop."""
    from prism_core.watch import WatchServer
    from prism_ros.robot_watch import RobotWatch

    with RobotWatch(namespace) as robot:
        try:
            server = WatchServer(
                robot.board, None if view_only else robot, port=port, refresh=robot.refresh
            )
        except OSError as error:
            raise click.ClickException(
                f'cannot listen on 127.0.0.1:{port}: {error.strerror}; choose another --port'
            ) from error
        click.echo(f'the robot is shown at {server.url}; Ctrl-C ends it')
        with contextlib.suppress(KeyboardInterrupt):
            server.serve()
