# SPDX-License-Identifier: Apache-2.0
"""Which domain plans are made in, and read in: the one that is named, that of the student, or
mapping.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prism_core.domain import Domain, find_domain
from prism_core.episode.episode import DEFAULT_DOMAIN
from prism_core.errors import ConfigError, PrismError
from prism_core.inference.student import (
    StudentConfig,
    find_adapters,
    find_student,
    read_student,
    read_taught,
)


def find_planning_domain(
    name: str = '',
    *,
    allow_import_paths: bool = False,
    words: str = '',
    adapters: Sequence[str] = (),
) -> Domain:
    """The domain to plan in.

    Args:
        name: an entry point of group `prism.domains`, or `package.module:factory`; '' for that of
            the student, or mapping where there is none that says it.
        allow_import_paths: whether `package.module:factory` may be imported, which runs it.
        words: a file with a site's own words; '' for the domain's.
        adapters: those of the student, see `make_student_planner`.

    Raises:
        ConfigError: there is no such domain, it cannot be loaded, an import path is named where
            none is allowed, or the words cannot be used.
    """
    name = name.strip()
    if not name:  # what a model says of itself is never imported
        return find_domain(_read_taught(adapters) or DEFAULT_DOMAIN, by_path=False, words=words)
    if ':' in name and not allow_import_paths:
        raise ConfigError(
            f"domain '{name[:80]}' is an import path, which is not allowed here: make it an entry "
            'point of group prism.domains, or start the planner node with '
            'planner.allow_import_paths set to true'
        )
    try:
        return find_domain(name, words=words)
    except PrismError:
        raise
    except Exception as error:  # the code of others: anything may come
        raise ConfigError(f"domain '{name}' cannot be loaded: {error!r}") from error


def packaged_graphs(domain: Domain) -> dict[str, Path]:
    """The scene graphs that come with a domain, by the names of their files."""
    folder = domain.graphs
    return {} if folder is None else {path.name: path for path in sorted(folder.glob('*.json'))}


def _read_taught(adapters: Sequence[str]) -> str:
    """The domain of the student; '' where there is none that says it."""
    try:
        config = StudentConfig(find_student(), adapters=find_adapters(adapters))
        first, *_ = read_taught(config, read_student(Path(config.model))).values()
        return first.metadata.domain
    except ConfigError:  # planner `student`, where it is asked for, says what is wrong
        return ''
