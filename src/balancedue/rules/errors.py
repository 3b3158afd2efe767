"""How the product says no."""


class Refused(Exception):
    """A request that is understood and declined, in words the person can act on.

    `code` is stable and public (contract.md, "Refusals have codes"). `sentence` is shown to people.
    `field` names the form field it belongs to; `facts` carries figures a page needs (JSON types and Money).
    """

    def __init__(self, code: str, sentence: str, *, field: str = "", **facts: object) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.field = field
        self.facts = facts


class Invalid(Refused):
    """Bad input: one sentence per field, all of them at once (M8)."""

    def __init__(self, problems: dict[str, str]) -> None:
        first_field, first_sentence = next(iter(problems.items()))
        super().__init__("invalid", first_sentence, field=first_field)
        self.problems = problems
