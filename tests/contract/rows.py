"""The wire contract as one table: every row of it is at least one line here, and `test_rows` runs them all."""

from tests.contract.errors import ERRORS
from tests.contract.successes import SUCCESSES

ROWS = (*SUCCESSES, *ERRORS)
