# SPDX-License-Identifier: Apache-2.0
"""`prism export` and `prism quantize`: from a checkpoint to the file that a robot runs."""

from __future__ import annotations

from pathlib import Path

import click

from prism_core.cli.domain_option import named_domain
from prism_core.episode.episode import DEFAULT_DOMAIN
from prism_core.installing import how_to_install

_file = click.Path(path_type=Path, dir_okay=False)
_there = click.Path(path_type=Path, dir_okay=False, exists=True)
_folder = click.Path(path_type=Path, file_okay=False, exists=True)


@click.command()
@click.argument('checkpoint', type=_folder)
@click.option('--out', required=True, type=_file, help='The GGUF file to write.')
@click.option(
    '--type',
    'float_type',
    type=click.Choice(['F32', 'F16', 'BF16']),
    default='F16',
    show_default=True,
    help='What the matrices are written in.',
)
@click.option('--name', help="The model's name; that of the file when left out.")
@click.option('--licence', default='apache-2.0', show_default=True, help='SPDX name.')
@click.option(
    '--domain', default=DEFAULT_DOMAIN, show_default=True, help='Which actions it plans with.'
)
@click.option('--dialect', default='compact', show_default=True, help='What it reads and writes.')
@click.option('--dataset', type=_there, help='Data it was trained on; its sha256 is written down.')
@click.option('--recipe', type=_there, help='How it was made; the text is written down.')
@click.option('--evaluation', type=_there, help='What was measured; the text is written down.')
@click.option(
    '--base',
    default='',
    help='The model that was trained further, for the card; of an adapter, the folder of its base.',
)
@click.option('--card/--no-card', default=True, show_default=True, help='Write a README.md beside.')
@click.option(
    '--llama-cpp', type=_folder, help='Convert with this checkout of llama.cpp, for other families.'
)
def export(
    checkpoint: Path,
    out: Path,
    float_type: str,
    name: str | None,
    licence: str,
    domain: str,
    dialect: str,
    dataset: Path | None,
    recipe: Path | None,
    evaluation: Path | None,
    base: str,
    card: bool,
    llama_cpp: Path | None,
) -> None:
    """Write a checkpoint, or an adapter alone, as GGUF; publish it if both are alike.

    The file of an adapter is for the file base.gguf in the folder of its base.
    """
    from prism_core.domain import find_domain
    from prism_core.files import hash_file, read_text
    from prism_core.gguf_info import ModelMetadata, hash_action_table

    try:
        from prism_core.distill.export_adapter import export_adapter
        from prism_core.distill.export_gguf import export_gguf
        from prism_core.distill.merge import is_adapter
        from prism_core.distill.model_card import write_model_card
    except ImportError as error:
        raise _explain(error) from error

    found = find_domain(domain)
    metadata = ModelMetadata(
        name=name or out.stem,
        licence=licence,
        domain=found.name,
        dialect=dialect,
        dialect_version=str(found.make_dialect(dialect).version),
        action_table_version=hash_action_table(found.table),
        dataset_sha256=hash_file(dataset) if dataset else '',
        recipe=read_text(recipe) if recipe else '',
        evaluation=read_text(evaluation) if evaluation else '',
    )
    if is_adapter(checkpoint):
        adapted = export_adapter(checkpoint, out, metadata=metadata, base=base)
        click.echo(f'{out}: {adapted.info.size_bytes:,} bytes; {adapted.closeness}')
        return
    done = export_gguf(
        checkpoint, out, metadata=metadata, float_type=float_type, llama_cpp=llama_cpp
    )
    click.echo(f'{out}: {done.info.size_bytes:,} bytes; {done.check}')
    if card:
        click.echo(f'wrote {write_model_card(out.parent, [done.info], base=base)}')


@click.command()
@click.argument('source', type=_file)
@click.argument('out', type=_file)
@click.option(
    '--type',
    'quant_type',
    default='Q4_K_M',
    show_default=True,
    help='Q8_0, Q6_K, Q5_K_M, Q5_K_S, Q4_K_M, Q4_K_S or Q3_K_M.',
)
@named_domain
def quantize(source: Path, out: Path, quant_type: str) -> None:
    """Write a GGUF file in fewer bits, and say how much that changes what it says."""
    try:
        from prism_core.distill.quantize import quantize_gguf
    except ImportError as error:
        raise _explain(error) from error
    click.echo(f'{out}: {quantize_gguf(source, out, quant_type)}')


def _explain(error: ImportError) -> click.ClickException:
    return click.ClickException(
        'this needs torch, transformers, gguf and llama-cpp-python '
        f'({error}); {how_to_install("prism_ros[train]")}'
    )
