"""Reading a body: plain JSON that says one thing only."""

import json
from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser

from .problems import NotJson

MAX_DIGITS = 40  # of one number; an amount has 11 at most


class StrictJson(Parser):
    """JSON without NaN, repeated names, endless numbers or endless nesting. Raises NotJson."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        try:
            text = request.body.decode("utf-8")
            body: dict[str, Any] = json.loads(
                text, parse_constant=_no_constant, parse_int=_integer, object_pairs_hook=_each_once
            )
        except UnicodeDecodeError as error:
            raise NotJson("The body is not UTF-8.") from error
        except json.JSONDecodeError as error:
            raise NotJson(f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from error
        except RecursionError as error:
            raise NotJson("The body is nested too deeply.") from error
        return body


def _no_constant(name: str) -> None:
    raise NotJson(f"{name} is not a number in JSON.")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise NotJson(f"A number in the body has more than {MAX_DIGITS} digits.")
    return int(digits)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise NotJson(f'The body has "{repeated[:60]}" twice in one object.')
    return found
