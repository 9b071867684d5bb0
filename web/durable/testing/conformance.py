"""The whole suite, over one kind."""

from durable.testing.actions import Actions
from durable.testing.batches import Batches
from durable.testing.changes import Changes
from durable.testing.claims import Claims
from durable.testing.costs import Costs
from durable.testing.counting import Counting
from durable.testing.creation import Creation
from durable.testing.deaths import Deaths
from durable.testing.due import Due
from durable.testing.fences import Fences
from durable.testing.listing import Listing
from durable.testing.outcomes import Outcomes
from durable.testing.pages import Pages
from durable.testing.pauses import Pauses
from durable.testing.races import Races
from durable.testing.running import Running
from durable.testing.tries import Tries
from durable.testing.validation import Validation


class Conformance(
    Creation, Validation, Batches, Claims, Races, Fences, Outcomes, Deaths, Tries, Due, Running, Actions, Pauses,
    Listing, Changes, Costs, Counting, Pages,
):  # fmt: skip
    """Extend it with `kind`, `examples`, and if there are any `failing` and `refused`.

    examples: at least two pairs of inputs and the outputs that follow from them, as JSON would bring them;
    failing: inputs for which `perform` raises Failed; refused: inputs that cannot be taken.
    """
