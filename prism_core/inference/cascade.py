# SPDX-License-Identifier: Apache-2.0
"""Who plans, where several planners can: which is asked first, and which plan is taken.

`first` takes the first plan about which nothing is odd. `cascade` asks the domain's planner without
a language model first. Where that makes something of every word of the request, its plan is taken;
so is one that asks, and one that moves on by something that the request does name. Where words are
left over and the plan rests on a guess, or says that there is none of what was meant, the next
planner is asked how it reads the request: if both mean the same, the plan is taken, else the user
is asked which of both is meant, as asking harms nobody. Where a plan is odd (see `suspicion`) or
none came, the next planner's is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from prism_core.domain import SYMBOLIC, Domain, find_domain, find_planner_of
from prism_core.episode.episode import DEFAULT_DOMAIN, Turn
from prism_core.episode.planner import Planner, call_factory
from prism_core.episode.planner_health import PlannerHealth
from prism_core.errors import PlannerError, PlanRejected, UnknownAdapter
from prism_core.graph.calling import is_called
from prism_core.graph.elements import quote
from prism_core.graph.scene_graph import SceneGraph
from prism_core.inference.adapted import adapters_of, say_unknown, with_adapter
from prism_core.inference.suspicion import suspect
from prism_core.plan.actions import Role
from prism_core.plan.plan import Plan, ask_user

CASCADE = 'cascade'
POLICIES = ('first', CASCADE)
CASCADED = (SYMBOLIC, 'student')
"""The planners of a cascade that names none."""
_QUOTED = 4


@dataclass(frozen=True)
class PlanOffer:
    """What a planner gave: a valid plan, or None; and why none, or what is odd about it."""

    planner: str
    plan: Plan | None
    doubt: str = ''


@dataclass(frozen=True)
class Taken:
    """The plan that is carried out, by whom, and why others were passed over about which nothing is
    odd, as 'name: why'.
    """

    plan: Plan
    planner: str
    passed_over: tuple[str, ...] = ()


@dataclass(frozen=True)
class Policy:
    """How it is chosen among planners that work for one domain.

    Args:
        name: one of `POLICIES`.
        domain: whose requests they are.
        symbolic: what its planner without a language model is called among them.
    """

    name: str
    domain: Domain
    symbolic: str = SYMBOLIC

    def order(self, planners: Sequence[str]) -> list[str]:
        """The planners in the order in which they are asked."""
        if self.name == CASCADE:
            return sorted(planners, key=lambda planner: planner != self.symbolic)
        return [*planners]

    def choose(
        self, request: str, known_graph: SceneGraph, offers: Sequence[PlanOffer], *, is_last: bool
    ) -> Taken | None:
        """What is taken of the offers so far; None where the next planner has to be asked.

        Args:
            request: in the user's words; one that follows others up, as it would be said alone.
            known_graph: that the plans are for.
            offers: of the planners that were asked, in their order.
            is_last: whether there is no other planner to ask.
        """
        usable = [offer for offer in offers if offer.plan is not None and not offer.doubt]
        if not usable:
            return None
        first, *others = usable
        if self.name != CASCADE or first.planner != self.symbolic:
            return _take(first)
        words = self.domain.unaccounted(request, known_graph)
        why = self._why_unsure(first.plan, request, known_graph) if words else ''
        if not why:
            return _take(first, note=_say_left(words))
        if not others and not is_last:
            return None
        plans = [offer.plan for offer in (first, *others[:1]) if offer.plan is not None]
        if others and _mean_the_same(*plans):
            return _take(first, note=_say_left(words))
        asked = ask_user(self._question(words, plans), self.domain.table)
        passed = [f'{self.symbolic}: {why}']
        passed += [f'{offer.planner}: it reads the request otherwise' for offer in others[:1]]
        return Taken(asked, CASCADE, tuple(passed))

    def _question(self, words: Sequence[str], plans: Sequence[Plan]) -> str:
        """Which of some readings is meant."""
        goals = (plan.primary_goal for plan in plans if not self._asks(plan))
        choices = [quote(self.domain.say_goal(goal)) for goal in dict.fromkeys(goals) if goal]
        meant = f'Do you mean {" or ".join(choices)}?' if choices else 'What should I do?'
        return f'I do not understand {_quote(words)}. {meant}'

    def _asks(self, plan: Plan) -> bool:
        return self._role_of(plan) is Role.ASK

    def _role_of(self, plan: Plan) -> Role | None:
        spec = self.domain.table.get(plan.actions[-1].name)
        return None if spec is None else spec.role

    def _why_unsure(self, plan: Plan | None, request: str, graph: SceneGraph) -> str:
        """Why a plan may be about something else than what was meant; '' where it can be taken."""
        if plan is None or self._asks(plan):
            return ''
        vocabulary, last = self.domain.vocabulary, plan.actions[-1]
        if vocabulary is not None and self._role_of(plan) is Role.REPORT and last.arguments:
            counted = [*vocabulary.counted(str(last.arguments[-1]), graph)]
            nodes = graph.nodes.values()
            if counted and not any(is_called(node, counted) for node in nodes):
                return f'it would say that there is none of {quote(counted[0])}'
        if self.domain.is_guess(request, graph):
            return 'what it would do is a guess'
        return ''


def make_policy(name: str, domain: Domain, paths: Mapping[str, str]) -> Policy:
    """A policy for planners that are found by `find_planner_of`: what each is called, and its entry
    point or path.
    """
    own = (planner for planner, path in paths.items() if path == SYMBOLIC)
    return Policy(name, domain, next(own, SYMBOLIC))


def make_offer(
    planner: Planner,
    request: str,
    known_graph: SceneGraph,
    history: Sequence[Turn],
    domain: Domain,
) -> PlanOffer:
    """What a planner gives for a request, checked."""
    try:
        plan = planner.plan(request, known_graph, history)
    except PlannerError as error:
        return PlanOffer(planner.name, None, str(error))
    report = domain.validate(plan, request, known_graph, history)
    if not report.is_valid:
        return PlanOffer(planner.name, None, report.feedback)
    words = domain.vocabulary if planner.name == SYMBOLIC else None
    said = domain.spell_out(request, known_graph, history)
    return PlanOffer(
        planner.name, plan, suspect(plan, said, known_graph, history, domain.table, words)
    )


class CascadePlanner:
    """Several planners as one, by policy `cascade`.

    Args:
        planners: they are asked in the order of the policy.
        domain: whose actions they plan with.
    """

    name = CASCADE

    def __init__(self, planners: Sequence[Planner], domain: Domain):
        self._policy = Policy(CASCADE, domain)
        self._domain = domain
        by_name = {planner.name: planner for planner in planners}
        self._planners: list[Planner] = [by_name[name] for name in self._policy.order([*by_name])]

    def plan(self, request: str, known_graph: SceneGraph, history: Sequence[Turn]) -> Plan:
        """The plan that is taken; its notes say who was passed over and why.

        Raises:
            PlanRejected: no planner has a valid plan about which nothing is odd.
        """
        offers: list[PlanOffer] = []
        said = self._domain.spell_out(request, known_graph, history)
        for number, planner in enumerate(self._planners, 1):
            offers.append(make_offer(planner, request, known_graph, history, self._domain))
            is_last = number == len(self._planners)
            taken = self._policy.choose(said, known_graph, offers, is_last=is_last)
            if taken is not None:
                passed = (*_say_doubts(offers), *taken.passed_over)
                return replace(taken.plan, notes=(*taken.plan.notes, *passed))
        raise PlanRejected('; '.join(_say_doubts(offers)))

    @property
    def health(self) -> PlannerHealth:
        """That it can answer, and which adapters its planners have."""
        return PlannerHealth('ready', adapters=adapters_of(self._planners))

    def adapted(self, adapter: str) -> CascadePlanner:
        """The same with one adapter, for those planners that have any.

        Raises:
            UnknownAdapter: there is none of that name.
        """
        if not adapters_of(self._planners):
            raise UnknownAdapter(say_unknown(adapter, {self.name: ()}))
        return CascadePlanner(
            [
                with_adapter(planner, adapter) if adapters_of([planner]) else planner
                for planner in self._planners
            ],
            self._domain,
        )

    def cancel(self) -> None:
        """End the running `plan`, as far as its planners can be told to."""
        for planner in self._planners:
            getattr(planner, 'cancel', lambda: None)()

    def close(self) -> None:
        """Free the planners."""
        for planner in self._planners:
            planner.close()


def make_cascade_planner(
    domain: Domain | None = None, adapters: Sequence[str] = (), spare_bytes: int = 0
) -> CascadePlanner:
    """The symbolic planner and the student as one; entry point `cascade` of group `prism.planners`.
    `adapters` and `spare_bytes` are the student's, see `make_student_planner`.

    Raises:
        ConfigError: one of them cannot be made for the domain.
    """
    domain = domain or find_domain(DEFAULT_DOMAIN)
    return CascadePlanner(
        [
            call_factory(name, find_planner_of(domain, name, adapters, spare_bytes))
            for name in CASCADED
        ],
        domain,
    )


def _take(offer: PlanOffer, *, note: str = '') -> Taken:
    assert offer.plan is not None  # noqa: S101 - only usable offers are taken
    plan = replace(offer.plan, notes=(*offer.plan.notes, note)) if note else offer.plan
    return Taken(plan, offer.planner)


def _say_doubts(offers: Sequence[PlanOffer]) -> list[str]:
    return [f'{offer.planner}: {offer.doubt}' for offer in offers if offer.doubt]


def _mean_the_same(one: Plan, other: Plan) -> bool:
    """Whether two plans are for the same goal, as it is put in words, and take the same steps."""
    return one.primary_goal == other.primary_goal and one.actions == other.actions


def _say_left(words: Sequence[str]) -> str:
    return f'Nothing is made of {_quote(words)}.' if words else ''


def _quote(words: Sequence[str]) -> str:
    return ', '.join(map(quote, words[:_QUOTED]))
