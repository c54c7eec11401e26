"""`prism serve`: a planner behind an OpenAI-compatible endpoint, for clients such as SPINE's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from prism_core.conversation import Message
from prism_core.dataset.importing_records import read_records
from prism_core.dataset.importing_requests import read_prompt
from prism_core.domains.mapping import MAPPING_ACTIONS
from prism_core.errors import PlanParseError
from prism_core.inference.serve import PlannerServer, is_loopback
from prism_core.planner import open_planner


@click.command()
@click.option(
    '--planner',
    default='symbolic',
    show_default=True,
    help='Name of a planner, or package.module:factory.',
)
@click.option('--port', default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    '--host',
    default='127.0.0.1',
    show_default=True,
    help='Address to listen on; any but loopback lets others in the network plan.',
)
def serve(planner: str, port: int, host: str) -> None:
    """Serve a planner to clients of chat completions: SPINE's messages in, SPINE's JSON out."""
    chosen = open_planner(planner)
    try:
        server = PlannerServer(
            chosen, MAPPING_ACTIONS, read_chat, read_prompt, host=host, port=port
        )
    except OSError as error:
        chosen.close()
        raise click.ClickException(
            f'cannot listen on {host}:{port}: {error.strerror}; choose another --port or --host'
        ) from error
    if not is_loopback(host):
        click.echo(
            f'warning: {host} can be reached from other machines, and there are no keys', err=True
        )
    click.echo(f"planner '{chosen.name}' serves at {server.url}; Ctrl-C ends it")
    try:
        server.serve()
    except KeyboardInterrupt:
        pass
    finally:
        chosen.close()


def read_chat(messages: Any) -> Sequence[Message]:
    """Messages as endpoints take them.

    Raises:
        PlanParseError: they are none.
    """
    record = next(read_records(json.dumps({'messages': messages})))
    if record.fault:
        raise PlanParseError(record.fault)
    return record.messages
