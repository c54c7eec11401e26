# SPDX-License-Identifier: Apache-2.0
"""What a language model is asked to write, as types; the JSON Schema of a type, in the part of JSON
Schema that strict structured output takes; and the way back from a reply.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from prism_core.domains.mapping.kinds import KINDS, flat_kinds
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.errors import ConfigError, WorldRejected
from prism_core.inference.text_model import JsonSchema

# The oldest and lowest limits of OpenAI's strict mode, so that other endpoints hold to them, too
# (platform.openai.com/docs/guides/structured-outputs).
MAX_DEPTH, MAX_PROPERTIES, MAX_ENUM_VALUES = 5, 100, 500
_KEYWORDS = frozenset(
    (
        *('$defs', '$ref', 'additionalProperties', 'description', 'enum', 'items'),
        *('properties', 'required', 'title', 'type'),
    )
)
_NAME = re.compile(r'[A-Za-z0-9_]{1,64}')

Answer = TypeVar('Answer', bound=msgspec.Struct)


class WrittenRegion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place that the robot can stand in; `class` is what it is called, such as loading dock."""

    id: str
    noun: str = msgspec.field(name='class')
    description: str
    x_m: float
    y_m: float


class WrittenWay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two regions, by id, between which the robot can drive."""

    start: str
    end: str


class WrittenAttribute(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A state of an object."""

    key: str
    value: str


class WrittenObject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A thing in a region, which is given by id; `class` is what it is called, such as crate."""

    noun: str = msgspec.field(name='class')
    region: str
    attributes: list[WrittenAttribute]
    description: str


class WrittenStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of several things to do: go_to a region, or find out an attribute of a target."""

    kind: str
    target: str
    target_attributes: list[WrittenAttribute]
    region: str
    attribute: str


class WrittenMeaning(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a sentence means; slots that its kind has no use for are empty."""

    kind: str
    target: str
    purpose: str
    target_attributes: list[WrittenAttribute]
    region: str
    other_region: str
    attribute: str
    value: str
    way: list[str]
    position: list[float]
    steps: list[WrittenStep]
    among: list[str]


class WrittenTask(WrittenMeaning, frozen=True, forbid_unknown_fields=True):
    """A meaning, and a sentence that says it, no less and no more."""

    sentence: str


class WrittenWorld(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place with what is in it, and tasks for a robot there."""

    place: str
    regions: list[WrittenRegion]
    ways: list[WrittenWay]
    objects: list[WrittenObject]
    tasks: list[WrittenTask]


class Wordings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sentences that all mean the same."""

    sentences: list[str]


def answer_schema(name: str, kind: type[msgspec.Struct], lexicon: Lexicon) -> JsonSchema:
    """The schema of one of the types above, with the words of a lexicon where only these will do.

    Args:
        name: what endpoints call it: letters, digits and underscores.
        kind: the type of the answer.
        lexicon: its attributes, values and purposes are the only ones.

    Raises:
        ConfigError: see `strict_schema`.
    """
    keys = sorted(lexicon.attributes)
    values = sorted({v for spec in lexicon.attributes.values() for v in spec.values})
    enums = {
        'WrittenAttribute.key': keys,
        'WrittenAttribute.value': values,
        'WrittenStep.kind': [name for name, kind in KINDS.items() if kind.is_step],
        'WrittenStep.attribute': ['', *keys],
    }
    for meaning, kinds in (
        ('WrittenMeaning', flat_kinds(of_intents=True)),
        ('WrittenTask', flat_kinds()),
    ):
        enums |= {
            f'{meaning}.kind': kinds,
            f'{meaning}.purpose': ['', *sorted(lexicon.purposes)],
            f'{meaning}.attribute': ['', *keys],
            f'{meaning}.value': ['', *values],
        }
    return strict_schema(name, kind, enums)


def strict_schema(
    name: str, kind: type[msgspec.Struct], enums: Mapping[str, Sequence[str]]
) -> JsonSchema:
    """The JSON Schema of a type, with an object as its root.

    Args:
        name: what endpoints call it: letters, digits and underscores.
        kind: a Struct.
        enums: by type and property (`Type.property`), the only values that a text may have.

    Raises:
        ConfigError: strict structured output would refuse the schema.
    """
    drawn = msgspec.json.schema(kind)
    defs = drawn['$defs']
    for type_name, definition in defs.items():
        for key, part in definition.get('properties', {}).items():
            if f'{type_name}.{key}' in enums:
                part['enum'] = list(enums[f'{type_name}.{key}'])
    root = defs.pop(drawn['$ref'].rpartition('/')[2])
    schema = {**root, '$defs': defs} if defs else root
    faults = find_strictness_faults(schema)
    if not _NAME.fullmatch(name):
        faults.append(f'its name {name!r} is not made of letters, digits and underscores')
    if faults:
        raise ConfigError(f'the schema of {kind.__name__} is not strict: {"; ".join(faults)}')
    return JsonSchema(name, schema)


def find_strictness_faults(schema: Mapping[str, Any]) -> list[str]:
    """Why strict structured output would refuse a schema; empty if it takes it.

    The root must be an object, each object must require all its properties and allow no other, and
    no keyword may stand in it that endpoints do not know; the limits are those above.
    """
    faults = [] if schema.get('type') == 'object' else ['its root is no object']
    parts = list(_parts(schema, '$', schema.get('$defs', {}), 1))
    for part, place, depth in parts:
        unknown = part.keys() - _KEYWORDS
        if unknown:
            faults.append(f'{place} has {min(unknown)!r}')
        if '$ref' in part and len(part) > 1:
            faults.append(f'{place} has keys beside its $ref')
        if '$ref' in part and _referred(part, schema.get('$defs', {})) is None:
            faults.append(f'{place} refers to what is not there')
        if '$ref' not in part and 'type' not in part:
            faults.append(f'{place} has no type')
        if depth > MAX_DEPTH:
            faults.append(f'{place} lies deeper than {MAX_DEPTH} objects')
        if part.get('type') == 'object':
            if part.get('additionalProperties') is not False:
                faults.append(f'{place} allows other properties')
            if set(part.get('required', ())) != set(part.get('properties', ())):
                faults.append(f'{place} does not require all its properties')
    texts = [part for part, _, _ in _definitions(schema)]
    if sum(len(part.get('properties', ())) for part in texts) > MAX_PROPERTIES:
        faults.append(f'it has more than {MAX_PROPERTIES} properties')
    if sum(len(part.get('enum', ())) for part in texts) > MAX_ENUM_VALUES:
        faults.append(f'it has more than {MAX_ENUM_VALUES} values of enums')
    return faults


def _definitions(schema: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str, int]]:
    """Each part of a schema once, references not followed."""
    yield from _parts(schema, '$', {}, 1)
    for name, definition in schema.get('$defs', {}).items():
        yield from _parts(definition, name, {}, 1)


def _parts(
    part: Mapping[str, Any], place: str, defs: Mapping[str, Any], depth: int
) -> Iterator[tuple[Mapping[str, Any], str, int]]:
    """A part of a schema and all that is in it, with its place and how many objects deep it is."""
    yield part, place, depth
    if depth > MAX_DEPTH:
        return
    target = _referred(part, defs)
    if target is not None:
        yield from _parts(target, place, defs, depth)
    for key, inner in part.get('properties', {}).items():
        is_leaf = inner.get('type') not in ('object', 'array') and '$ref' not in inner
        yield from _parts(inner, f'{place}.{key}', defs, depth if is_leaf else depth + 1)
    if 'items' in part:
        yield from _parts(part['items'], f'{place}[]', defs, depth)


def _referred(part: Mapping[str, Any], defs: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return defs.get(part.get('$ref', '').rpartition('/')[2])


def read_answer(reply: str, kind: type[Answer]) -> Answer:
    """Read what a model wrote; text around the JSON, such as a fence, is passed over.

    Args:
        reply: its text.
        kind: the type that the answer must have.

    Raises:
        WorldRejected: there is no JSON, it was cut off, or it is of another form.
    """
    start = reply.find('{')
    if start < 0:
        raise WorldRejected('the reply has no JSON')
    end = reply.rfind('}') + 1
    try:
        return msgspec.json.decode(reply[start : max(end, start + 1)], type=kind)
    except msgspec.ValidationError as error:
        raise WorldRejected(f'the reply has another form: {error}') from None
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        if 'truncated' in str(error):
            raise WorldRejected('the reply was cut off before its end') from None
        raise WorldRejected(f'the reply is no JSON: {error}') from None
