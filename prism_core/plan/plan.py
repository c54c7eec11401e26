# SPDX-License-Identifier: Apache-2.0
"""Plans as data and as text: `parse_plan` and `render_plan` are inverse of each other.

The text is SPINE's reply: one JSON object with `primary_goal`, `relevant_graph`, `reasoning` and
`plan`. Parsing says nothing about validity: an unknown action or a wrong argument is kept for the
validator to name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from prism_core.errors import PlannerError, PlanParseError
from prism_core.json_text import DoubledKey, decode_json
from prism_core.plan.actions import Action, ActionTable, Role
from prism_core.plan.steps import parse_names, parse_steps, render_steps

# A reply longer than this is a runaway generation. The longest plan that can travel is far shorter.
MAX_PLAN_TEXT_CHARS = 262_144
_MAX_BRACES = 64


@dataclass(frozen=True)
class Plan:
    """What the robot should do next, and why.

    `relevant_graph` names the nodes that matter. The key of `actions` on the wire is `plan`.
    `notes` are sentences for whoever carries it out, about how it was made; they are no part of
    its text, and two plans that differ in nothing else are equal.
    """

    actions: tuple[Action, ...]
    primary_goal: str = ''
    relevant_graph: tuple[str, ...] = ()
    reasoning: str = ''
    notes: tuple[str, ...] = field(default=(), compare=False)


def ask_user(question: str, table: ActionTable) -> Plan:
    """The plan that asks something before anything is done.

    Raises:
        PlannerError: the table has no action that asks.
    """
    spec = table.of_role(Role.ASK)
    if spec is None:
        raise PlannerError(f'the robot cannot ask, and has to: {question}')
    return Plan(
        (Action(spec.name, (question,)),),
        primary_goal='ask what is meant',
        reasoning='The request leaves open what is meant.',
    )


def render_plan(plan: Plan) -> str:
    """Write a plan as SPINE's four-key JSON reply, on one line."""
    return json.dumps(
        {
            'primary_goal': plan.primary_goal,
            'relevant_graph': list(plan.relevant_graph),
            'reasoning': plan.reasoning,
            'plan': f'[{render_steps(plan.actions)}]',
        },
        ensure_ascii=False,
    )


def parse_plan(text: str, table: ActionTable) -> Plan:
    """Read the plan from a reply; code fences and text around the JSON object do no harm.

    Raises:
        PlanParseError: no JSON object with a `plan`, one that holds a key twice, or a step that is
            not `name(arguments)`.
    """
    if len(text) > MAX_PLAN_TEXT_CHARS:
        raise PlanParseError(
            f'expected a reply of at most {MAX_PLAN_TEXT_CHARS} characters, got {len(text)}'
        )
    try:
        data = _find_object(text)
        plan = Plan(
            actions=tuple(_read_steps(data['plan'], table)),
            primary_goal=_read_text(data, 'primary_goal'),
            relevant_graph=_read_names(data.get('relevant_graph')),
            reasoning=_read_text(data, 'reasoning'),
        )
        if '\\u' in text or not text.isascii():
            render_plan(plan).encode()  # or it could not travel
    except RecursionError:
        raise PlanParseError('the JSON of the reply is nested too deeply') from None
    except UnicodeEncodeError:
        raise PlanParseError('the plan holds half of a surrogate pair') from None
    return plan


def _find_object(text: str) -> dict[str, Any]:
    """The first JSON object in the text that has a plan."""
    reason = 'there is no "{"'
    at = text.find('{')
    for _ in range(_MAX_BRACES):
        if at < 0:
            break
        try:
            data, end = decode_json(text, at, strict=False)
        except DoubledKey as error:
            raise PlanParseError(str(error)) from None
        except ValueError as error:
            reason, end = str(error), at + 1
        else:
            if 'plan' in data:
                return data
            reason = 'the JSON object has no "plan"'
        at = text.find('{', end)
    raise PlanParseError(
        f'expected a JSON object with the keys primary_goal, relevant_graph, '
        f'reasoning and plan: {reason}'
    )


def _read_steps(value: Any, table: ActionTable) -> Iterator[Action]:
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise PlanParseError(f'expected "plan" to be a list of steps, got {json.dumps(value)[:80]}')
    for item in value:
        yield from parse_steps(item, table)


def _read_text(data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    if value is None:
        return ''
    if not isinstance(value, str):
        raise PlanParseError(f'expected "{key}" to be a text, got {json.dumps(value)[:80]}')
    return value


def _read_names(value: Any) -> tuple[str, ...]:
    """Node names from a list, or from a text of one."""
    if value is None:
        return ()
    if isinstance(value, str):
        return tuple(parse_names(value))
    if isinstance(value, list):
        return tuple(item if isinstance(item, str) else json.dumps(item) for item in value)
    raise PlanParseError(
        f'expected "relevant_graph" to be a list of names, got {json.dumps(value)[:80]}'
    )
