"""Sums as C: bits go into full adders as soon as there are three of a weight.

A pair of bits a weight is all that waits, so a sum of `n` bits takes about `n` full adders, and a
bit that only a sum reads is never stored.
"""

from gategrad.export.sums import Total


class Adders:
    """Lines that store gates and add up one class after the other, in planes behind other slots.

    Attributes:
        lines: of the function that is being written.
    """

    def __init__(self, name: str, width: int, first_slot: int) -> None:
        self._word, self._full = f"{name}_word", f"{name.upper()}_FULL"
        self._width, self._first_slot = width, first_slot
        self._waiting: list[list[str]] = [[] for _ in range(width)]
        self._made = 0
        self.lines: list[str] = []

    @staticmethod
    def slots(width: int, classes: int) -> int:
        """How many slots hold what waits between functions, two a weight, and the planes."""
        return 2 * width + classes * width

    def store(self, slot: int, expression: str) -> None:
        """Store a gate."""
        self.lines.append(f"  s[{slot}] = ({self._word})({expression});")

    def add(self, expression: str, shift: int) -> None:
        """Let a bit of weight `2**shift` wait, or add it to the two that do."""
        self._push(self._named(expression), shift)

    def save(self) -> None:
        """Store what waits, at the end of a function."""
        for shift, waiting in enumerate(self._waiting):
            for i, text in enumerate(waiting):
                slot = f"s[{self._first_slot + 2 * shift + i}]"
                if text != slot:
                    self.lines.append(f"  {slot} = {text};")
                waiting[i] = slot

    def finish(self, c: int, total: Total) -> None:
        """Store the planes of class c."""
        for shift in range(self._width):
            plane = self._plane(shift, constant=bool(total.constant >> shift & 1))
            slot = self._first_slot + 2 * self._width + c * self._width + shift
            self.store(slot, plane)

    def _push(self, text: str, shift: int) -> None:
        """Add to what waits; carries beyond the last plane are 0, as totals fit."""
        waiting = self._waiting[shift]
        waiting.append(text)
        if len(waiting) < 3:
            return
        a, b, c = waiting
        waiting.clear()
        if shift + 1 == self._width:
            waiting.append(self._named(f"{a} ^ {b} ^ {c}"))
            return
        self._made += 1
        high, low = f"h{self._made}", f"l{self._made}"
        self.lines += [
            f"  {self._word} {high}, {low};",
            f"  {self._full}({high}, {low}, {a}, {b}, {c});",
        ]
        waiting.append(low)
        self._push(high, shift + 1)

    def _plane(self, shift: int, *, constant: bool) -> str:
        """The last bit of a weight, after which none waits."""
        waiting, last = self._waiting[shift], shift + 1 == self._width
        if len(waiting) == 2:
            a, b = waiting
            waiting[:] = [self._named(f"{a} ^ {b}")]
            if not last:
                self._push(self._named(f"{a} & {b}"), shift + 1)
        bit = waiting.pop() if waiting else "ZERO"
        if constant and bit != "ZERO" and not last:
            self._push(bit, shift + 1)
        return f"~{bit}" if constant else bit

    def _named(self, expression: str) -> str:
        self._made += 1
        self.lines.append(f"  const {self._word} t{self._made} = ({self._word})({expression});")
        return f"t{self._made}"
