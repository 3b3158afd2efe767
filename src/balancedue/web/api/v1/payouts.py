"""Payouts: what the card processor sent to the shop's bank."""

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import BaseModel, Field

from balancedue.rules.errors import Invalid

from . import answers
from .found import payout_of
from .keys import account_of
from .orders import json_answer
from .paging import DEFAULT_LIMIT, MAX_LIMIT, page_of
from .told import payout_told, payout_with_lines

router = Router(tags=["Payouts"])


class Filters(BaseModel):
    """How much of the list."""

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    cursor: Annotated[str, Field(description="From `next` or `previous` of an answer")] = ""


@router.get("/payouts", response=answers.PayoutPage, operation_id="listPayouts", summary="List payouts")
def list_payouts(request: HttpRequest, filters: Query[Filters]) -> HttpResponse:
    """Transfers to the shop's bank, newest first."""
    unknown = [name for name in request.GET if name not in Filters.model_fields]
    if unknown:
        raise Invalid({name[:60]: "This parameter is not known here" for name in unknown})
    page = page_of(account_of(request).payouts.all(), "made_at", cursor=filters.cursor, limit=filters.limit)
    told = [payout_told(payout) for payout in page.rows]
    return json_answer(answers.PayoutPage(results=told, next=page.next, previous=page.previous))


@router.get("/payouts/{payout}", response=answers.PayoutWithLines, operation_id="getPayout", summary="Look at a payout")
def look(request: HttpRequest, payout: str) -> HttpResponse:
    """One payout, with the payments, refunds, disputes and other activity it holds."""
    return json_answer(payout_with_lines(payout_of(account_of(request), payout)))
