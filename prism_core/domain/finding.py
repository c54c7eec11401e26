# SPDX-License-Identifier: Apache-2.0
"""Domains by their names, and the planners that a domain is given by theirs."""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path

from prism_core.domain.base import Domain
from prism_core.episode.planner import Planner, PlannerFactory, call_factory, find_planner
from prism_core.errors import ConfigError

SYMBOLIC = 'symbolic'

_of_paths: dict[str, Domain] = {}


def find_domain(name: str, *, by_path: bool = True, words: str = '') -> Domain:
    """A domain by entry point of group `prism.domains`, or by path `package.module:factory`.

    A domain that was named by its path is found by its short name from then on, until another one
    of that name is named by its path.

    Args:
        name: of the domain.
        by_path: False where the name comes from a file that others may have made, such as a model
            or an episode: what is looked up by its path is run.
        words: a file with a site's own words, see `Domain.with_words`; '' for the domain's.

    Raises:
        ConfigError: there is no such domain, or the file cannot be used.
    """
    found = _find_domain(name, by_path)
    return found.with_words(Path(words)) if words else found


def _find_domain(name: str, by_path: bool) -> Domain:
    entry_points = {e.name: e for e in importlib.metadata.entry_points(group='prism.domains')}
    if name in entry_points:
        return entry_points[name].load()()
    if name in _of_paths:
        make_known(_of_paths[name])
        return _of_paths[name]
    known = ', '.join(sorted(entry_points))
    if not by_path:
        raise ConfigError(
            f'unknown domain {name[:80]!r}: expected one of {known}; one that a file names has to '
            'be installed, as entry point of group prism.domains, or to be named by its path, '
            'as with --domain package.module:factory'
        )
    if ':' not in name:
        raise ConfigError(
            f'unknown domain {name!r}: expected one of {known}, or package.module:factory'
        )
    module, _, attribute = name.partition(':')
    try:
        domain = getattr(importlib.import_module(module), attribute)()
    except Exception as error:  # the code of others: anything may come
        hint = ''
        if isinstance(error, ModuleNotFoundError):
            hint = '; say with PYTHONPATH=FOLDER where it lies, or install it'
        raise ConfigError(f'domain {name!r} cannot be loaded: {error}{hint}') from error
    if not isinstance(domain, Domain):
        raise ConfigError(
            f'domain {name!r} gives {domain!r:.80}, which is no prism_core.domain.Domain'
        )
    _of_paths[name] = domain
    make_known(domain)
    return domain


def make_known(domain: Domain) -> None:
    """Let a domain that is not installed be found by its name from now on."""
    if _of_paths.get(domain.name) is not domain:
        _of_paths[domain.name] = domain
        domain_named.cache_clear()


@lru_cache
def domain_named(name: str) -> Domain:
    """The domain that a file names, such as that of an episode; always the same object.

    Raises:
        ConfigError: it is not installed, and was not named by its path before.
    """
    return find_domain(name, by_path=False)


def find_planner_of(
    domain: Domain, name: str, adapters: Sequence[str] = (), spare_bytes: int = 0
) -> PlannerFactory:
    """The factory of a planner for a domain: `symbolic` is its own; any other one is found as
    `find_planner` does, and is given, as arguments `domain`, `adapters` and `spare_bytes` where it
    takes them, the domain, the files of adapters, and how much memory has to stay available when
    its model is loaded.

    Raises:
        ConfigError: there is none.
    """
    if name == SYMBOLIC:
        return domain.make_symbolic
    factory: Callable[..., Planner] = find_planner(name)
    given = {'domain': domain, 'adapters': tuple(adapters), 'spare_bytes': spare_bytes}
    return partial(factory, **{key: given[key] for key in given if _takes(factory, key)})


def open_planner_of(domain: Domain, name: str, adapters: Sequence[str] = ()) -> Planner:
    """A planner for a domain, as `find_planner_of` finds it.

    Raises:
        ConfigError: there is none, or it takes no adapters and is given some.
        PrismError: its factory says itself why it makes no planner.
    """
    factory = find_planner_of(domain, name, adapters)
    if adapters and 'adapters' not in getattr(factory, 'keywords', {}):
        raise ConfigError(
            f"planner '{name}' takes no adapters, expected student or cascade; leave --adapter out"
        )
    return call_factory(name, factory)


def _takes(factory: Callable[..., Planner], argument: str) -> bool:
    try:
        return argument in inspect.signature(factory).parameters
    except (TypeError, ValueError):  # nothing is known of it
        return False
