# SPDX-License-Identifier: Apache-2.0
"""Every error that prism_core raises on purpose.

    PrismError
    ├── SceneGraphError         a graph or an update that breaks the rules; lists each breach
    │   └── RevisionConflict    an update made for another revision than the current one
    ├── PlanParseError          a text in which there is no plan
    ├── WorldRejected           a world or task that was drawn and cannot be used
    ├── ConfigError             a setting, name or file that cannot be used
    ├── RunStopped              a long run that cannot go on now and can be resumed
    ├── SkillUnavailable        nobody carries out an action of the robot
    ├── SkillFailed             a skill of the robot hangs or broke
    └── PlannerError            no plan came
        ├── PlannerTimeout      not within the time given
        ├── PlannerUnavailable  the planner cannot be reached or cannot work
        │   ├── ModelNotLoaded      its model is missing, broken or cannot be made
        │   ├── ModelHashMismatch   its model file is not the one that it should be
        │   ├── OutOfMemory         its model does not fit, or was ended for want of memory
        │   ├── EngineLost          what runs its model died, was killed or does not answer
        │   ├── TeacherUnavailable  the endpoint of its model cannot be reached or does not serve
        │   └── TeacherAuth         the endpoint refuses the key or the account
        ├── UnknownAdapter      its model has no adapter of that name
        ├── PromptTooLong       what is known does not fit the model's context
        └── PlanRejected        plans came, and the validator accepted none

An invalid plan is no error but data: a `ValidationReport`.
"""

from __future__ import annotations

from collections.abc import Sequence


class PrismError(Exception):
    """Base of all errors of prism_core.

    The message is one sentence that a user can act on.
    """


class SceneGraphError(PrismError):
    """A scene graph or an update breaks the rules.

    `problems` holds one sentence for each breach; the message quotes the first and counts the rest.
    """

    def __init__(self, problems: str | Sequence[str]):
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        more = f' (and {len(self.problems) - 1} more)' if len(self.problems) > 1 else ''
        super().__init__(self.problems[0] + more)

    def __reduce__(self):
        return type(self), (self.problems,)


class RevisionConflict(SceneGraphError):
    """An update was made for another revision of the graph than the current one."""


class PlanParseError(PrismError):
    """A text holds no plan that can be read.

    The message says where reading stopped.
    """


class WorldRejected(PrismError):
    """A world or a task that was drawn cannot be used; the message is the reason, for counting."""


class ConfigError(PrismError):
    """A setting, name or file cannot be used."""


class RunStopped(PrismError):
    """A long run cannot go on now.

    What it has done is kept; it can be resumed.
    """


class SkillUnavailable(PrismError):
    """Nobody carries out an action of the robot."""


class SkillFailed(PrismError):
    """A skill of the robot did not end in time or broke; whether it acted is not known."""


class PlannerError(PrismError):
    """No plan came.

    The only error that a `Planner` raises.
    """


class PlannerTimeout(PlannerError):
    """The planner did not answer within the time given."""


class PlannerUnavailable(PlannerError):
    """The planner cannot be reached or cannot work here."""


class ModelNotLoaded(PlannerUnavailable):
    """The model of the planner is missing, broken or cannot be made."""


class ModelHashMismatch(PlannerUnavailable):
    """The file of the planner's model is not the one that it should be; it was not loaded."""


class OutOfMemory(PlannerUnavailable):
    """The model does not fit into memory, or was ended because memory ran out."""


class EngineLost(PlannerUnavailable):
    """The process that runs the model died, was killed or does not answer; it may come back."""


class TeacherUnavailable(PlannerUnavailable):
    """The endpoint of a language model cannot be reached, or does not serve what is asked."""


class TeacherAuth(PlannerUnavailable):
    """The endpoint of a language model refuses the key or the account."""


class UnknownAdapter(PlannerError):
    """The model of the planner has no adapter of the name that was asked for."""


class PromptTooLong(PlannerError):
    """A prompt does not fit the context of the model; nothing of it was read."""


class PlanRejected(PlannerError):
    """The planner answered, but the validator accepted none of its plans."""
