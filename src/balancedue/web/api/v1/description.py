"""The description of the API (OpenAPI 3.1): what ninja writes, with the problems and keys it does not know of."""

from typing import Any

from ninja.openapi.schema import OpenAPISchema

from .once import HEADER
from .problems import CODES, CONTENT_TYPE, FieldProblem, Problem

_REF = "#/components/schemas/"
_PROBLEMS = {
    "400": "The call could not be read",
    "401": "No valid API key",
    "403": "The key may not do that",
    "404": "Nothing there that the key may see",
    "409": "Refused: `code` says why",
    "413": "The call is too long",
    "422": "`errors` says what to change",
    "429": "Too many tries",
    "500": "Our fault",
}
_ONLY_WHEN_WRITING = {"409", "413"}


class Description(OpenAPISchema):
    """ninja's description, completed."""

    def operation_details(self, operation: Any) -> dict[str, Any]:
        """One call, with its problems and, for a POST, its key."""
        details: dict[str, Any] = super().operation_details(operation)
        writes = operation.methods != ["GET"]
        if operation.methods == ["POST"]:
            details["parameters"].append(_key_header())
        for status, words in _PROBLEMS.items():
            if writes or status not in _ONLY_WHEN_WRITING:
                content = {CONTENT_TYPE: {"schema": {"$ref": f"{_REF}Problem"}}}
                details["responses"][status] = {"description": words, "content": content}
        return details

    def get_components(self) -> dict[str, Any]:
        components: dict[str, Any] = super().get_components()
        shapes = components.setdefault("schemas", {})
        shapes["Problem"] = Problem.model_json_schema(ref_template=f"{_REF}{{model}}")
        shapes["Problem"].pop("$defs", None)
        shapes["FieldProblem"] = FieldProblem.model_json_schema()
        components["x-problem-codes"] = {
            code: {"status": status, "title": title} for code, (status, title) in CODES.items()
        }
        return components


def _key_header() -> dict[str, Any]:
    return {
        "in": "header",
        "name": HEADER,
        "required": True,
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        "description": "A new random text for each call; the same one when you send it again. The first answer is given"
        " again then, with `Idempotency-Replayed: true`. Kept for 30 days.",
    }
