# SPDX-License-Identifier: Apache-2.0
"""Groups of commands: of a table, imported when they are run, and of other packages."""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import click

Table = Mapping[str, tuple[str, str]]
"""Of each command by its name: `module:function`, and what it does in one line."""

_ROS_MODULES = ('rclpy', 'prism_msgs', 'lifecycle_msgs', 'builtin_interfaces')


class Commands(click.Group):
    """The commands of a table, those that are added, and those that packages register as entry
    points of a group; of one name the first of these counts.
    """

    def __init__(
        self,
        *arguments: Any,
        table: Table = MappingProxyType({}),
        entry_points: str = '',
        **settings: Any,
    ):
        super().__init__(*arguments, **settings)
        self.table = table
        self._entry_points = entry_points

    def _registered(self) -> dict[str, importlib.metadata.EntryPoint]:
        if not self._entry_points:
            return {}
        return {e.name: e for e in importlib.metadata.entry_points(group=self._entry_points)}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, sorted."""
        return sorted({*self.table, *self.commands, *self._registered()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command, imported now; None where there is none."""
        if cmd_name in self.table:
            module, _, function = self.table[cmd_name][0].partition(':')
            return getattr(importlib.import_module(module), function)
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

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List all with what they do; those of the table are not imported for it."""
        rows = []
        for name in self.list_commands(ctx):
            if name in self.table:
                rows.append((name, self.table[name][1]))
            elif (command := self.get_command(ctx, name)) is not None and not command.hidden:
                rows.append((name, command.get_short_help_str(limit=80)))
        with formatter.section('Commands'):
            formatter.write_dl(rows)


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
