"""Limits of what servers are asked: requests and tokens a minute, and tokens in all."""

import asyncio

from astro.errors import BudgetSpentError


class Pace:
    """Spaces requests so that no minute holds more requests or tokens than the limits; None is no limit.

    budget: tokens in all; once they are spent, no further request is admitted.
    """

    def __init__(self, requests: int | None = None, tokens: int | None = None, budget: int | None = None) -> None:
        self._per_request = 60 / requests if requests else 0.0
        self._per_token = 60 / tokens if tokens else 0.0
        self._budget, self._spent = budget, 0
        self._next = 0.0

    async def admit(self, tokens: int) -> None:
        """Wait for this request's turn. Raises BudgetSpentError."""
        self._check()
        if not self._per_request and not self._per_token:
            return
        now = asyncio.get_running_loop().time()
        begin = max(self._next, now)
        self._next = begin + max(self._per_request, tokens * self._per_token)
        if begin > now:
            await asyncio.sleep(begin - now)
            self._check()

    def spend(self, tokens: int) -> None:
        """Count the tokens of an answered request."""
        self._spent += tokens

    def _check(self) -> None:
        if self._budget is not None and self._spent >= self._budget:
            raise BudgetSpentError(
                f"engine.token_budget is used up: {self._spent:,} of {self._budget:,} tokens; to continue, raise it or "
                "start again"
            )
