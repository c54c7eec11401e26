# SPDX-License-Identifier: Apache-2.0
"""How many messages of a topic never came, told from the numbers that they carry.

A reader whose queue is full replaces the oldest message in silence; Fast DDS tells no event of it.
"""

from __future__ import annotations


class LostMessages:
    """Follows the publishers of one topic, of which each numbers its messages without a gap.

    Which publisher a message is from is not known: its number must be the next of one of them. What
    is nobody's next is a gap, unless there is a publisher that was not heard before. So a loss goes
    unseen before a publisher's first message that came, and may where several publish.
    """

    def __init__(self) -> None:
        self._next: list[int] = []  # of each publisher, the one heard last at the end

    def count(self, number: int | None, publishers: int) -> int:
        """How many messages are missing before this one.

        Args:
            number: of the message; None where the middleware gives none.
            publishers: how many the topic has.
        """
        if number is None:
            return 0
        lost = 0
        if number in self._next:
            self._next.remove(number)
        elif len(self._next) >= publishers:
            before = max((n for n in self._next if n < number), default=number)
            lost = number - before
            if lost:
                self._next.remove(before)
        self._next.append(number + 1)
        del self._next[: -max(publishers, 1)]
        return lost
