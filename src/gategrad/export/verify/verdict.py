"""What verification found out about an exported file."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """Whether a file is the model's function, and what that rests on.

    Attributes:
        proven: statements that hold for every row.
        tested: statements that hold for the rows that were tried; says which.
        failed: what differs, or could not be decided; the file is equal only where this is empty.
    """

    proven: tuple[str, ...] = ()
    tested: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether nothing failed and something was shown."""
        return not self.failed and bool(self.proven or self.tested)

    def __add__(self, other: "Verdict") -> "Verdict":
        return Verdict(
            self.proven + other.proven, self.tested + other.tested, self.failed + other.failed
        )
