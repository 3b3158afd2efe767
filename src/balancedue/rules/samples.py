"""The sample shop: a made-up printer of garments. Every address ends in `.example`."""

from dataclasses import dataclass, field
from typing import Any

SHOP: dict[str, Any] = {
    "name": "Foxglove Print Co.",
    "owner_name": "Priya Raman",
    "time_zone": "America/Los_Angeles",
    "facts": {
        "legal_name": "Foxglove Print Company LLC",
        "address": {
            "line1": "418 SE Alder Street",
            "city": "Portland",
            "region": "OR",
            "postcode": "97214",
            "country": "US",
        },
        "phone": "(503) 555-0142",
        "email": "orders@foxgloveprint.example",
        "tax_id": "93-0555142",
        "brand_colour": "#7A2E52",
        "terms": "Balance due on the day given above. We start printing once the balance is paid.",
        "bank_details": "",
        "default_message": "",
        "next_steps": "We start printing within two working days and write to you when your order ships.",
    },
}


@dataclass(frozen=True, slots=True)
class SamplePayment:
    """A payment by hand. `minor` of 0 stands for all that is due."""

    method: str
    minor: int = 0
    days_ago: int = 3
    reference: str = ""


@dataclass(frozen=True, slots=True)
class SampleOrder:
    """One order and the state to bring it into: "", requested, opened, changed or cancelled."""

    contact: dict[str, Any]
    lines: tuple[tuple[str, str, str, int] | tuple[str, str, str, int, str], ...]
    days_ago: int
    due_in_days: int = 14
    currency: str = "USD"
    discount_minor: int = 0
    shipping_minor: int = 0
    po_number: str = ""
    payments: tuple[SamplePayment, ...] = field(default=())
    state: str = ""
    message: str = ""
    note: str = ""


def _who(name: str, company: str, email: str, city: str, postcode: str, street: str, **more: str) -> dict[str, Any]:
    address = {"line1": street, "city": city, "region": "OR", "postcode": postcode, "country": "US", **more}
    return {"name": name, "company": company, "email": email, "phone": "(503) 555-0117", "billing_address": address}


def sample_orders() -> tuple[SampleOrder, ...]:
    """Ten orders, oldest first, so that the newest is the one to try first."""
    return (
        SampleOrder(
            _who("Theo Marsh", "Cascade Climbing Club", "theo@cascadeclimb.example", "Bend", "97701", "90 Quarry Road"),
            (
                ("Ringspun tee, charcoal", "S 6 · M 14 · L 12 · XL 4", "36", 1165),
                ("Screen print, 1 colour, front", "White ink", "36", 240),
                ("Screen set-up", "One screen", "1", 2500),
            ),
            days_ago=41,
            shipping_minor=1840,
            payments=(SamplePayment("check", days_ago=30, reference="1187"),),
        ),
        SampleOrder(
            _who(
                "June Abara",
                "Alder Street Bakery",
                "june@alderbakery.example",
                "Portland",
                "97214",
                "502 SE Alder Street",
            ),
            (
                ("Canvas apron, natural", "One size", "18", 1485),
                ("Embroidery, chest logo", "6,200 stitches", "18", 675),
                ("Digitising", "New logo file", "1", 4500),
            ),
            days_ago=33,
            due_in_days=10,
            state="requested",
            message="Hello June, the aprons are ready and look lovely. Once the balance is in we bring them round.",
            payments=(SamplePayment("cash", 20000, days_ago=31),),
        ),
        SampleOrder(
            _who(
                "Marcus Okafor",
                "Northside Youth Soccer",
                "marcus@northsideyouth.example",
                "Salem",
                "97301",
                "12 Park Lane",
            ),
            (
                ("Performance jersey, royal", "YS 10 · YM 16 · YL 12 · S 8", "46", 1890),
                ("Heat-pressed numbers", "1 to 46", "46", 325),
            ),
            days_ago=26,
            due_in_days=0,
            discount_minor=4350,
            state="cancelled",
            payments=(SamplePayment("bank_transfer", 50000, days_ago=25, reference="NYS-0921"),),
            note="Season called off. Marcus wants the deposit kept as credit until spring.",
        ),
        SampleOrder(
            _who(
                "Ines Calloway",
                "Blue Heron Canoe Hire",
                "ines@blueheroncanoe.example",
                "Eugene",
                "97401",
                "7 Millrace Drive",
            ),
            (
                ("Five-panel cap, moss", "One size", "24", 1320),
                ("Woven patch, sewn on", "60 × 40 mm", "24", 415),
            ),
            days_ago=22,
            payments=(SamplePayment("card_terminal", 45000, days_ago=21, reference="0031"),),
        ),
        SampleOrder(
            _who(
                "Wren Delgado",
                "Delgado & Daughters Roofing",
                "wren@bounce.example",
                "Gresham",
                "97030",
                "1610 NE 8th Street",
            ),
            (
                ("Work hoodie, safety orange", "M 4 · L 9 · XL 7 · XXL 3", "23", 3275),
                ("Screen print, 2 colours, back", "Black and white", "23", 410),
                ("Screen set-up", "Two screens", "2", 2500),
            ),
            days_ago=17,
            due_in_days=21,
            state="requested",
            payments=(SamplePayment("check", 40000, days_ago=16, reference="20448"),),
        ),
        SampleOrder(
            _who(
                "Aiko Tanabe",
                "Tanabe Ceramics",
                "aiko@tanabeceramics.example",
                "Hood River",
                "97031",
                "233 Cascade Avenue",
            ),
            (
                ("Linen tote, undyed", "38 × 42 cm", "120", 865),
                ("Screen print, 1 colour", "Indigo", "120", 195),
            ),
            days_ago=12,
            due_in_days=30,
            po_number="TC-2291",
            shipping_minor=2275,
            state="opened",
            message="Hi Aiko, here is the balance for the market totes.",
        ),
        SampleOrder(
            _who(
                "Bram Visser",
                "De Visser Fietsen",
                "bram@visserfietsen.example",
                "Utrecht",
                "3511 LN",
                "Oudegracht 112",
                region="",
                country="NL",
            ),
            (
                ("Cycling cap, cotton", "One size", "60", 740),
                ("Screen print, peak", "1 colour", "60", 165),
            ),
            days_ago=9,
            currency="EUR",
            shipping_minor=3890,
        ),
        SampleOrder(
            _who(
                "Lena Fischer",
                "Mount Tabor Choir",
                "lena@mttaborchoir.example",
                "Portland",
                "97215",
                "6010 SE Salmon Street",
            ),
            (
                ("Tri-blend tee, heather navy", "S 5 · M 11 · L 9 · XL 3", "28", 1445),
                ("Screen print, 2 colours, front", "Gold and cream", "28", 385),
                ("Screen set-up", "Two screens", "2", 2500),
            ),
            days_ago=6,
            payments=(SamplePayment("check", 30000, days_ago=5, reference="771"),),
            state="changed",
            message="Hello Lena, nearly there.",
        ),
        SampleOrder(
            {"name": "Sam (walk-in)", "phone": "(503) 555-0190"},
            (("Direct-to-garment tee, white", "L 2", "2", 2650), ("Artwork clean-up", "Half an hour", "0.5", 6000)),
            days_ago=2,
            due_in_days=0,
            payments=(SamplePayment("cash", 4000, days_ago=2),),
        ),
        SampleOrder(
            _who(
                "Dana Whitlock",
                "Riverside High Athletics",
                "dana@riverside-hs.example",
                "Portland",
                "97202",
                "2200 SE River Road",
            ),
            (
                ("Heavyweight hoodie, forest", "S 8 · M 22 · L 26 · XL 12", "68", 1925, "0"),
                ("Screen print, 2 colours, front and back", "White and gold", "68", 310),
                ("Screen set-up", "Four screens", "4", 2500),
                ("Names on sleeve", "Vinyl, one line", "24", 285),
            ),
            days_ago=1,
            discount_minor=7612,
            shipping_minor=3275,
            po_number="RHS-ATH-118",
            payments=(SamplePayment("check", 50000, days_ago=1, reference="4021"),),
            note="Hoodies are on the press on Monday. Dana picks up in person.",
        ),
    )
