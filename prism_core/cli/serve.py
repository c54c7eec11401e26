# SPDX-License-Identifier: Apache-2.0
"""`prism serve`: a planner behind an OpenAI-compatible endpoint, for clients such as SPINE's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from prism_core.cli.words_file import words_option
from prism_core.dialects.chat_records import read_records
from prism_core.dialects.conversation import Message
from prism_core.domain import find_domain, open_planner_of
from prism_core.episode.episode import DEFAULT_DOMAIN
from prism_core.errors import PlanParseError
from prism_core.inference.endpoint.bounded_http import is_loopback
from prism_core.inference.serve import PlannerServer


@click.command()
@click.option(
    '--planner',
    default='symbolic',
    show_default=True,
    help='Name of a planner, or package.module:factory.',
)
@click.option(
    '--adapter',
    'adapters',
    multiple=True,
    metavar='FILE',
    help='Adapter of the student; can be given again. A request names one by its model, as in '
    "student:NAME; the first plans for all others ('' for the base alone).",
)
@click.option('--domain', default=DEFAULT_DOMAIN, show_default=True, help='Where it plans.')
@words_option
@click.option('--port', default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    '--host',
    default='127.0.0.1',
    show_default=True,
    help='Address to listen on; any but loopback lets others in the network plan.',
)
def serve(
    planner: str, adapters: tuple[str, ...], domain: str, words: str, port: int, host: str
) -> None:
    """Serve a planner to clients of chat completions: SPINE's messages in, SPINE's JSON out."""
    found = find_domain(domain, words=words)
    chosen = open_planner_of(found, planner, adapters)
    try:
        server = PlannerServer(
            chosen, found.table, read_chat, found.read_prompt, host=host, port=port
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
