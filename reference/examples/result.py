"""What an example shows when it has run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Tick = Callable[[int, int, float], None]
"""Called after each step with how many are done, how many there are, and the loss."""


@dataclass(frozen=True)
class Settings:
    """How to run.

    small: a size for tests, of seconds. seed: of everything drawn. mnist: folder of MNIST's IDX files, "" for none.
    """

    small: bool = False
    seed: int = 0
    mnist: str = ""

    def pick(self, full: int, small: int) -> int:
        """The number for this size."""
        return small if self.small else full


@dataclass(frozen=True)
class Result:
    """What came of it.

    metric, value: the figure reached. curves: numbers to draw, by name. x, y: what the axes show. log: whether y is
    drawn logarithmically. at: where on the x axis; 1, 2, 3 ... if empty. paths: points in a plane, to draw beside the
    curves. lines: what else to print.
    """

    metric: str
    value: float
    curves: Mapping[str, list[float]]
    x: str = "step"
    y: str = "loss"
    log: bool = False
    at: list[float] = field(default_factory=list)
    paths: Mapping[str, list[tuple[float, float]]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)


Example = Callable[[Settings, Tick], Result]
