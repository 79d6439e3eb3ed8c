"""`aftercare register`: one appointment by hand, with the plan that it makes."""

from typing import Annotated

import typer

from scheduler.cli.output import Json
from scheduler.cli.timelines import print_timeline
from scheduler.cli.wiring import open_product
from scheduler.errors import RegistrationError
from scheduler.protocols.hints import shown, suggest
from scheduler.services.intake import Field, read_registration
from scheduler.services.registration import Registrar
from scheduler.services.timeline import timeline


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(register)


def register(
    *,
    clinic: Annotated[str, typer.Option(help="The clinic's id: the name of its file under config/clinics.")],
    treatment: Annotated[str, typer.Option(help="The treatment, such as microneedling.")],
    name: Annotated[str, typer.Option(help="The patient's name.")],
    at: Annotated[str, typer.Option(help="When it starts: ISO 8601; without an offset, the clinic's wall clock.")],
    phone: Annotated[str, typer.Option(help="The patient's phone.")] = "",
    email: Annotated[str, typer.Option(help="The patient's email.")] = "",
    language: Annotated[str, typer.Option(help="The patient's language, such as fr.")] = "",
    timezone: Annotated[str, typer.Option(help="The patient's IANA zone, if it is not the clinic's.")] = "",
    external_id: Annotated[str, typer.Option(help="The booking system's id of this appointment.")] = "",
    patient_id: Annotated[str, typer.Option(help="The clinic's own id of the patient.")] = "",
    ends_at: Annotated[str, typer.Option(help="When it ends, as --at; else the protocol's duration counts.")] = "",
    consent_sms: Annotated[str, typer.Option(help="yes, no or unknown")] = "unknown",
    consent_email: Annotated[str, typer.Option(help="yes, no or unknown")] = "unknown",
    consent_marketing: Annotated[str, typer.Option(help="yes, no or unknown")] = "unknown",
    as_json: Json = False,
) -> None:
    """Register one appointment and print its plan. The same again changes nothing; one called off is refused."""
    raw = {
        Field.NAME: name,
        Field.PHONE: phone,
        Field.EMAIL: email,
        Field.LANGUAGE: language,
        Field.TIMEZONE: timezone,
        Field.EXTERNAL_ID: external_id,
        Field.PATIENT_ID: patient_id,
        Field.STARTS_AT: at,
        Field.ENDS_AT: ends_at,
        Field.CONSENT_SMS: consent_sms,
        Field.CONSENT_EMAIL: consent_email,
        Field.CONSENT_MARKETING: consent_marketing,
    }
    with open_product() as product:
        place = product.configuration.clinic(clinic)
        if treatment not in product.configuration.protocols:
            raise RegistrationError(
                f"treatment: there is no protocol for “{shown(treatment)}” "
                f"({suggest(treatment, product.configuration.protocols)})"
            )
        registration = read_registration(raw, place, treatment)
        with product.store.write() as tx:
            done = Registrar(product.configuration, product.clock, by="cli").register(tx, registration)
        assert done.appointment is not None
        with product.store.read() as tx:
            now, approver = product.clock.now(), product.approver
            told = timeline(tx, product.configuration, done.appointment, now=now, approver=approver)
            print_timeline(told, as_json)
