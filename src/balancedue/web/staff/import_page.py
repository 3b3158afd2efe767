"""Import orders from a CSV file: choose it, say which column is what, read the report, import (ux.md 3.1).

Everything works without a script; with one, a long file goes on by itself.
"""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from balancedue.actions.import_file import MAX_BYTES, choose_columns, hold_file, start_import
from balancedue.actions.import_file import go_on as read_on
from balancedue.actions.import_report import ImportReport
from balancedue.models import ImportFile
from balancedue.readers.stated import CONTACT_FIELDS, FIELDS, LINE_FIELDS, ORDER_FIELDS
from balancedue.rules.errors import Invalid, Refused
from balancedue.rules.gate import MANAGER
from balancedue.web.guard import StaffRequest, staff_page

from .csv_answer import csv_answer
from .fields import Form, Words, choice
from .page import done, show

SHOWN_FAULTS = 200
EMAIL = "contact.email"
TEMPLATE = "email_template"
NEEDED = ("number", "lines.quantity", "lines.unit_price")
LABELS = {
    "number": "Order number",
    "placed_at": "Placed on",
    "due_date": "Due on",
    "currency": "Currency",
    "po_number": "PO number",
    "discount": "Discount",
    "shipping": "Shipping",
    "contact.name": "Contact name",
    "contact.company": "Organization",
    EMAIL: "Email",
    "contact.phone": "Phone",
    "lines.description": "Description",
    "lines.detail": "Details, such as sizes",
    "lines.sku": "Item code",
    "lines.quantity": "Quantity",
    "lines.unit_price": "Unit price",
    "lines.tax_rate": "Tax rate in %",
}
assert LABELS.keys() == FIELDS.keys()


class FileForm(Form):
    """The file."""

    file = forms.FileField(
        label="CSV file", widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}), help_text="At most 5 MB."
    )

    def content(self) -> tuple[str, bytes]:
        """Its name and what is in it. Raises Invalid."""
        file = self.files.get("file")
        if file is None:
            raise Invalid({"file": "Choose a CSV file"})
        if (file.size or 0) > MAX_BYTES:  # before anything of it is held in memory
            return str(file.name), file.read(MAX_BYTES + 1)
        return str(file.name), file.read()


class ColumnsForm(Form):
    """Which column of the file holds which field."""

    def __init__(self, file: ImportFile, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        columns = [("", "Not in this file")]
        columns += [(name, f"{name} · {example}" if example else name) for name, example in file.header if name]
        for name in FIELDS:
            self.fields[_key(name)] = choice(LABELS[name], columns, required=name in NEEDED)
        self.fields[TEMPLATE] = Words(
            label="Email made from a column", required=False, help_text="Like {CustomerID}@customers.example"
        )
        self.fields["code"] = Words(label="Currency of orders that name none", help_text="Like USD.")
        chosen = {_key(name): column for name, column in file.columns.items()}
        if "{" in file.columns.get(EMAIL, ""):
            chosen[TEMPLATE] = chosen.pop(_key(EMAIL))
        self.initial = {**self.initial, **chosen, "code": file.currency}

    def groups(self) -> Iterator[tuple[str, list[forms.BoundField]]]:
        """The fields in groups, with their headings."""
        for title, names in (("Orders", ORDER_FIELDS), ("Lines", LINE_FIELDS), ("Customers", CONTACT_FIELDS)):
            yield title, [self[_key(name)] for name in names]

    def columns(self) -> dict[str, str]:
        """Field -> column, as chosen."""
        chosen = {name: self.typed(_key(name)) for name in FIELDS}
        return chosen | ({EMAIL: self.typed(TEMPLATE)} if self.typed(TEMPLATE) else {})

    def refuse(self, refusal: Refused) -> None:
        """Faults of fields stand at their columns."""
        if isinstance(refusal, Invalid):
            problems = dict(refusal.problems)
            if EMAIL in problems and self.typed(TEMPLATE):
                problems[TEMPLATE] = problems.pop(EMAIL)
            if "currency" in problems:
                problems["code"] = problems.pop("currency")
            refusal = Invalid({_key(name): words for name, words in problems.items()})
        super().refuse(refusal)


def _key(name: str) -> str:
    return name.replace(".", "-")


@require_http_methods(["GET", "POST"])
@staff_page(role=MANAGER)
def upload(request: StaffRequest) -> HttpResponse:
    """`/orders/import/`: choose the file, or go on with one that was left."""
    typed, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = FileForm(typed, files, auto_id="%s")
    if typed is not None:
        try:
            name, content = form.content()
            file = hold_file(account=request.account, name=name, content=content, by=request.user)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return done(request, "import_file", request.account.slug, file.public_id)
    left = request.account.import_files.select_related("by").defer("content", "report").order_by("-pk")
    return show(
        request,
        "staff/import/upload.html",
        {"form": form, "left": left, "fields": [(name, LABELS[name], name in NEEDED) for name in FIELDS]},
        status=422 if form.errors else 200,
    )


@require_http_methods(["GET", "POST"])
@staff_page(role=MANAGER)
def import_file(request: StaffRequest, public_id: str) -> HttpResponse:
    """One file, wherever it stands; `?columns=1` goes back to the columns. POST chooses them and begins to check."""
    file = _mine(request, public_id)
    form = ColumnsForm(file, request.POST if request.method == "POST" else None, auto_id="%s")
    if request.method == "POST":
        try:
            file = choose_columns(file=file, columns=form.columns(), currency=form.typed("code"))
        except Refused as refusal:
            form.refuse(refusal)
            return _columns(request, file, form, 422)
        read_on(file=file, by=request.user.actor)
        return done(request, "import_file", request.account.slug, public_id)
    if file.phase == "mapping" or (file.phase in ("checking", "checked") and request.GET.get("columns")):
        return _columns(request, file, form, 200)
    return _report(request, file)


@require_POST
@staff_page(role=MANAGER)
def go_on(request: StaffRequest, public_id: str) -> HttpResponse:
    """Read on for a few seconds. `start=1`, once the file is checked, begins to import."""
    file = _mine(request, public_id)
    if request.POST.get("start"):
        file = start_import(file=file)
    try:
        read_on(file=file, by=request.user.actor)
    except Refused as refusal:
        return done(request, "import_file", request.account.slug, public_id, words=refusal.sentence)
    return done(request, "import_file", request.account.slug, public_id)


@staff_page(role=MANAGER)
def report(request: StaffRequest, public_id: str) -> HttpResponse:
    """Everything that was refused, as CSV."""
    file = _mine(request, public_id)
    head = ["order", "line of the file", "field", "reason"]
    return csv_answer(f"refused-{file.name}", head, file.report.get("faults", []))


def _columns(request: StaffRequest, file: ImportFile, form: ColumnsForm, status: int) -> HttpResponse:
    return show(request, "staff/import/columns.html", {"file": file, "form": form}, status=status)


def _report(request: StaffRequest, file: ImportFile) -> HttpResponse:
    faults = file.report.get("faults", [])
    context = {
        "file": file,
        "report": ImportReport.read(file.report.get("counts", {})),
        "faults": [{"order": n, "row": row, "field": LABELS.get(f, f), "why": why} for n, row, f, why in _some(faults)],
        "more_faults": max(0, len(faults) - SHOWN_FAULTS),
        "checked": file.phase in ("checking", "checked"),
        "under_way": file.phase in ("checking", "importing"),
    }
    return show(request, "staff/import/report.html", context)


def _some(faults: list[Any]) -> list[Any]:
    return faults[:SHOWN_FAULTS]


def _mine(request: StaffRequest, public_id: str) -> ImportFile:
    file = request.account.import_files.select_related("account").filter(public_id=public_id).first()
    if file is None:
        raise Http404("no such file in this account")
    return file
