"""What a rule is."""

from collections.abc import Callable, Iterator

from django.db.models import QuerySet

from balancedue.models import Order

Orders = QuerySet[Order]
Rule = Callable[[Orders], Iterator[str]]
