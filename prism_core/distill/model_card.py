# SPDX-License-Identifier: Apache-2.0
"""The README.md beside a student's files: what it is, where it comes from, how good, how to run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from prism_core.episode.episode import DEFAULT_DOMAIN
from prism_core.errors import ConfigError
from prism_core.files import replace_file
from prism_core.gguf_info import GgufInfo

CARD = 'README.md'
_LIMITS = (
    'It plans over a scene graph in text, for the actions of its domain, in English. It knows '
    'nothing of geometry between nodes beyond the distances it is told, and nothing of what stands '
    'in no graph. It was taught by a program in generated worlds: real maps and free wording are '
    'harder. Run it behind the grammar and the validator of PRISM, which let no plan through that '
    'names what is not known; without them its plans are text that may be wrong. It is no safety '
    'function.'
)


def write_model_card(
    folder: Path,
    files: Sequence[GgufInfo],
    *,
    base: str = '',
    words_of: str = '',
    measured: Sequence[Mapping[str, object]] = (),
    notes: str = '',
) -> Path:
    """Write the card of a student into its folder.

    Args:
        folder: where its files are.
        files: the model files, the one to recommend first; their metadata name what they are.
        base: the model that was trained further; trained from scratch when left out.
        words_of: the model whose words one that was trained from scratch began with.
        measured: rows of the table of results, all with the same columns.
        notes: what else to know, as Markdown.

    Returns:
        The path of the card.

    Raises:
        ConfigError: there is no file, the rows differ in their columns, or the card cannot be
            written.
    """
    if not files:
        raise ConfigError('expected at least one model file to describe, got none')
    metadata = files[0].metadata
    sections = [
        f'---\n{yaml.safe_dump(_head(files[0], base or words_of), sort_keys=False)}---',
        f'# {metadata.name}',
        _say_what(files[0], base, words_of),
        f'## Files\n\n{_list_files(files)}',
        f'## How to run it\n\n{_say_how(files[0])}',
        f'## Results\n\n{_tabulate(measured) or metadata.evaluation or "None were measured."}',
        f'## Data\n\n{_say_data(files[0])}',
        f'## How it was made\n\n{_fence(metadata.recipe) or "The recipe was not kept."}',
        *([f'## Notes\n\n{notes}'] if notes else []),
        f'## Limits\n\n{_LIMITS}',
        f'## Licence\n\n{_say_licence(metadata.licence, base or words_of)}',
    ]
    replace_file(folder / CARD, '\n\n'.join(section.strip('\n') for section in sections) + '\n')
    return folder / CARD


def _head(info: GgufInfo, base: str) -> dict[str, object]:
    head: dict[str, object] = {
        'license': info.metadata.licence.lower(),
        'language': ['en'],
        'pipeline_tag': 'robotics',
        'library_name': 'gguf',
        'tags': ['planning', 'scene-graph', 'ros2', 'gguf', 'llama.cpp', 'prism'],
    }
    if base:
        head['base_model'] = base
    return head


def _say_what(info: GgufInfo, base: str, words_of: str) -> str:
    metadata = info.metadata
    origin = f'{base}, trained further' if base else 'a model trained from scratch'
    if words_of:
        origin += f' that began with the words of {words_of}'
    adapter = metadata.base_sha256
    context = f'context of {info.context_tokens:,} tokens, ' if not adapter else ''
    text = (
        f'A planner for robots as a small language model: {origin}, architecture '
        f'{info.architecture}, {context}distilled with PRISM for ROS 2.'
    )
    if adapter:
        text += f' It is an adapter for the file of its base with the sha256 `{adapter}`.'
    if metadata.domain:
        text += f' It plans in the domain {metadata.domain}.'
    if metadata.dialect:
        version = f', version {metadata.dialect_version}' if metadata.dialect_version else ''
        text += f' It reads and writes the {metadata.dialect} dialect{version}.'
    return text


def _list_files(files: Sequence[GgufInfo]) -> str:
    rows = [
        {
            'file': f'`{info.path.name}`',
            'size in bytes': f'{info.size_bytes:,}',
            'sha256': f'`{info.sha256}`' if info.sha256 else 'not kept',
        }
        for info in files
    ]
    return _tabulate(rows)


def _say_how(info: GgufInfo) -> str:
    name, domain = info.path.name, info.metadata.domain
    where = f' --domain {domain}' if domain not in ('', DEFAULT_DOMAIN) else ''
    adapter = bool(info.metadata.base_sha256)
    model = f'base.gguf PRISM_STUDENT_ADAPTERS={name}' if adapter else name
    given = f"'base.gguf', lora_path='{name}'" if adapter else f"'{name}'"
    return (
        'With PRISM, which holds the model to valid plans:\n\n'
        f'```bash\nsha256sum --check {name}.sha256\n'
        f'PRISM_STUDENT_MODEL={model} prism serve --planner student{where}\n```\n\n'
        'The weights alone run in any build of llama.cpp:\n\n'
        f'```python\nfrom llama_cpp import Llama\n\nmodel = Llama({given}, n_ctx=0)\n```'
    )


def _say_data(info: GgufInfo) -> str:
    metadata = info.metadata
    lines = [
        ('data set, sha256', metadata.dataset_sha256),
        ('action table', metadata.action_table_version),
    ]
    said = [f'- {name}: `{value}`' for name, value in lines if value]
    return '\n'.join(said) or 'What it was trained on was not kept.'


def _say_licence(licence: str, base: str) -> str:
    if base:
        return f'{licence}. The terms of {base} hold as well.'
    return f'{licence}.'


def _fence(text: str) -> str:
    return f'```yaml\n{text.strip()}\n```' if text else ''


def _tabulate(rows: Sequence[Mapping[str, object]]) -> str:
    if not rows:
        return ''
    columns = list(rows[0])
    unlike = next((row for row in rows if list(row) != columns), None)
    if unlike is not None:
        raise ConfigError(
            f'expected each row of results to have the columns {", ".join(columns)}, got '
            f'{", ".join(unlike)}'
        )
    lines = [_row(columns), _row(['---'] * len(columns))]
    return '\n'.join([*lines, *(_row(list(row.values())) for row in rows)])


def _row(cells: Sequence[object]) -> str:
    escaped = (' '.join(str(cell).replace('|', '\\|').split()) for cell in cells)
    return f'| {" | ".join(escaped)} |'
