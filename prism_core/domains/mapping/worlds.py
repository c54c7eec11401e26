# SPDX-License-Identifier: Apache-2.0
"""Many worlds from one recipe: each is planned toward what is rare, then drawn from its seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from prism_core.domains.mapping.intent import Intent
from prism_core.domains.mapping.kinds import kinds_to_draw
from prism_core.domains.mapping.words import Words
from prism_core.domains.mapping.words.languages import ENGLISH, LANGUAGES, find_language
from prism_core.domains.mapping.words.voices import voices_for
from prism_core.domains.mapping.world import SIZES, WorldConfig
from prism_core.episode.episode import Episode
from prism_core.errors import ConfigError
from prism_core.graph.calling import class_of

OBSERVATIONS = ('attributes', 'words', 'mixed')
HELD_OUT = frozenset({'wording', 'classes', 'places'})
_IN_WORDS = 0.5  # of the worlds of a mixed recipe
# The rarer, the likelier: by this power of how rare it is. Classes to ask for are drawn from so
# many of the rarest, so many for a world.
_RARITY, _RAREST, _FAVORED = 3, 12, 2


@dataclass(frozen=True)
class WorldRecipe:
    """What worlds and tasks to draw.

    `worlds`: how many. `tasks`: so many in each; twins come on top. `tier`: `core` (few kinds of
    task, small worlds, common classes) or `full`. `sizes`: the share of each size class. `hidden`:
    shares of a world that the robot does not know at the start, drawn from equally. `kinds` and
    `families`: all where none is named. `unseen`: the share of the worlds of the test split that
    show what is held out. `voices`: the share of the worlds in which one of the voices of
    `words/voices` asks; where what is held out is shown, one that no training world hears.
    `languages`: what these speak, english, german or spanish (see `words/languages`), drawn from
    equally; of the kinds a world then has those that its language has phrasings for. `mistyped`:
    the share of their sentences with typing errors. `phrasings`: so many for each kind of sentence
    of the house's own, 0 for all. `names`: what the worlds call their things, see `world_names`.
    `observations`: `attributes` are shown, or a robot describes in `words`; `mixed`: in half of the
    worlds.

    Raises:
        ConfigError: a value is out of its range.
    """

    seed: int = 0
    worlds: int = 1000
    tasks: int = 6
    tier: str = 'full'
    sizes: Mapping[str, float] = field(default_factory=lambda: {'small': 1.0})
    hidden: tuple[float, ...] = (0.0, 0.1, 0.2, 0.3, 0.4)
    kinds: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    unseen: float = 0.5
    phrasings: int = 0
    voices: float = 0.0
    languages: tuple[str, ...] = (ENGLISH,)
    mistyped: float = 0.0
    names: str = 'plain'
    observations: str = 'attributes'

    def __post_init__(self):
        if self.observations not in OBSERVATIONS:
            raise ConfigError(
                f'observations: expected one of {", ".join(OBSERVATIONS)}, got '
                f'{self.observations!r}'
            )
        for name in ('worlds', 'tasks'):
            if getattr(self, name) < 1:
                raise ConfigError(f'{name}: expected at least 1, got {getattr(self, name)}')
        if not self.sizes or set(self.sizes) - set(SIZES) or min(self.sizes.values()) <= 0:
            raise ConfigError(
                f'sizes: expected shares of {", ".join(SIZES)}, each more than 0, got '
                f'{dict(self.sizes)}'
            )
        if not self.hidden:
            raise ConfigError('hidden: expected at least one share from 0 to 0.9, got none')
        self._check_languages()
        for name in ('unseen', 'voices', 'mistyped'):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(
                    f'{name}: expected a share from 0 to 1, got {getattr(self, name)}'
                )
        for size in self.sizes:
            for share in self.hidden:
                WorldConfig(
                    tier=self.tier,
                    size=size,
                    hidden=share,
                    phrasings=self.phrasings,
                    names=self.names,
                )

    def _check_languages(self) -> None:
        kinds = kinds_to_draw(self.tier, self.kinds)
        unknown = [name for name in self.languages if name not in LANGUAGES]
        if unknown or not self.languages:
            raise ConfigError(
                f'languages: expected some of {", ".join(LANGUAGES)}, got '
                f'{unknown[0] if unknown else "none"}'
            )
        for language in filter(None, map(find_language, self.languages)):
            if language.kinds.isdisjoint(kinds):
                raise ConfigError(
                    f'kinds: expected some that {language.name} has phrasings for, which are '
                    f'{", ".join(sorted(language.kinds))}; got {", ".join(kinds)}'
                )


def plan_world(
    recipe: WorldRecipe, index: int, is_test: bool, coverage: Mapping[str, int], words: Words
) -> WorldConfig:
    """What the world of an index will be, drawn toward what is rare.

    Args:
        recipe: what to draw from.
        index: of the world, from 0.
        is_test: whether it belongs to the test split, which alone shows what is held out.
        coverage: how often there was what `covers` names.
        words: the domain's words.

    Raises:
        ConfigError: there is no such family of places.
    """
    rng = Random(f'plan {recipe.seed}:{index}')  # noqa: S311 - no secret
    is_unseen = is_test and rng.random() < recipe.unseen
    unseen = HELD_OUT if is_unseen and not recipe.families else frozenset[str]()
    families = recipe.families or tuple(words.families(recipe.tier, unseen))
    unknown = [family for family in families if family not in words.lexicon.places]
    if unknown:
        known = ', '.join(sorted(words.lexicon.places))
        raise ConfigError(f'families: expected some of {known}, got {unknown[0]!r}')
    if not families:
        raise ConfigError(
            f'expected a family of places with at least 5 region classes of tier {recipe.tier} to '
            'draw worlds of, got none; add one to `places` of the words'
        )
    (family,) = _draw_rare(rng, families, 1, 'family', coverage)
    voice = _draw_voice(recipe, index, bool(unseen))
    language = find_language(voice)
    kinds = kinds_to_draw(recipe.tier, recipe.kinds)
    kinds = tuple(kind for kind in kinds if language is None or kind in language.kinds)
    sizes = list(recipe.sizes)
    classes = sorted(words.object_classes(recipe.tier, unseen, family))
    classes.sort(key=lambda name: coverage.get(f'class:{name}', 0))
    rarest = classes[:_RAREST]
    return WorldConfig(
        tier=recipe.tier,
        size=rng.choices(sizes, [recipe.sizes[size] for size in sizes])[0],
        hidden=rng.choice(recipe.hidden),
        tasks=recipe.tasks,
        kinds=tuple(_draw_rare(rng, kinds, min(recipe.tasks, len(kinds)), 'kind', coverage)),
        family=family,
        favored=tuple(rng.sample(rarest, min(_FAVORED, len(rarest)))),
        unseen=unseen,
        phrasings=recipe.phrasings,
        names=recipe.names,
        voice=voice,
        mistyped=recipe.mistyped if voice else 0.0,
        observations=_draw_observations(recipe, index),
    )


def _draw_voice(recipe: WorldRecipe, index: int, is_unseen: bool) -> str:
    """Who asks in a world, by chance of its own."""
    rng = Random(f'voice {recipe.seed}:{index}')  # noqa: S311 - no secret
    if rng.random() >= recipe.voices:
        return ''
    voices = voices_for(is_unseen)
    if recipe.languages != (ENGLISH,):
        language = rng.choice(recipe.languages)
        voices = voices if language == ENGLISH else [language]
    return rng.choice(voices)


def _draw_observations(recipe: WorldRecipe, index: int) -> str:
    """How the robot of a world reports, by chance of its own."""
    if recipe.observations != 'mixed':
        return recipe.observations
    rng = Random(f'observations {recipe.seed}:{index}')  # noqa: S311 - no secret
    return 'words' if rng.random() < _IN_WORDS else 'attributes'


def _draw_rare(
    rng: Random, names: Sequence[str], number: int, what: str, coverage: Mapping[str, int]
) -> list[str]:
    """Different names, the rarer the likelier (Efraimidis and Spirakis 2006)."""
    counts = [coverage.get(f'{what}:{name}', 0) + 1 for name in names]
    mean = sum(counts) / len(counts)
    keys = {name: rng.random() ** ((count / mean) ** _RARITY) for name, count in zip(names, counts)}
    return sorted(names, key=keys.__getitem__, reverse=True)[:number]


def covers(episode: Episode) -> Iterator[str]:
    """What an episode adds to the coverage: its kind, its family, the classes that it asks for."""
    yield f'kind:{episode.task.kind}'
    yield f'family:{episode.provenance.get("family", "")}'
    if episode.task.intent is not None:
        yield from (f'class:{name}' for name in _asked_classes(episode.task.intent))


def _asked_classes(intent: Intent) -> Iterator[str]:
    for part in intent.walk():
        if part.target is not None and part.target.kind == 'object':
            yield from part.target.classes[:1]


def features_of(episode: Episode) -> frozenset[str]:
    """What makes a world look like another: what stands where, what leads where, what is known."""
    true, known = episode.true_graph, episode.known_graph
    classes = {name: class_of(node) for name, node in true.nodes.items()}
    features = set()
    for connection in true.connections.values():
        ends = sorted(classes[name] for name in (connection.source, connection.target))
        features.add(f'{connection.kind} {ends[0]} {ends[1]} {connection.key in known.connections}')
    for name, node in true.nodes.items():
        values = ' '.join(f'{key} {value}' for key, value in node.attributes.items())
        features.add(f'{node.kind} {classes[name]} {name in known.nodes} {values}')
    return frozenset(features)
