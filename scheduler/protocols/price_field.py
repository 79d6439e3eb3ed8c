"""The price of an SMS segment in a clinic's file: `0.0083 USD`."""

import re
from decimal import Decimal
from typing import Annotated

from pydantic import PlainValidator, WithJsonSchema

from scheduler.domain.price import Price
from scheduler.protocols.faults import refusal
from scheduler.protocols.fields import text_of
from scheduler.protocols.hints import shown

_PRICE = r"\d{1,6}(\.\d{1,6})? [A-Z]{3}"


def read_price(value: object) -> Price:
    """Read an amount and an ISO 4217 currency, with one space between them."""
    text = text_of(value)
    if not re.fullmatch(_PRICE, text, re.ASCII):
        raise refusal("bad-price", f"is not a price: {shown(text)}", "an amount and a currency, such as 0.0083 USD")
    amount, currency = text.split(" ")
    return Price(Decimal(amount), currency)


PriceField = Annotated[
    Price, PlainValidator(read_price), WithJsonSchema({"type": "string", "pattern": f"^{_PRICE}$"})
]
