"""The tables say how far an error reaches: an error that is wrongly of all would stop all."""

import pytest

from scheduler.channels.smtp.errors import BASIC, BY_SUBJECT, ENHANCED, OTHERWISE, Stage, refused
from scheduler.channels.twilio.errors import CODES, not_active, refusal
from scheduler.errors import ErrorKind, Scope
from tests.channels.messages import NOW

OF_SENDERS = {21212, 21606, 21659, 21660, 21703, 21705, 30024, 30032, 30034}
SLOWED = {20429, 21611, 30001, 30022}


def test_each_fault_of_twilio_is_of_the_account_or_of_a_sender() -> None:
    scopes = {code: it.scope for code, it in CODES.items() if it.kind is ErrorKind.CONFIGURATION}
    assert {code for code, scope in scopes.items() if scope is Scope.SENDER} == OF_SENDERS
    assert set(scopes.values()) == {Scope.SENDER, Scope.CHANNEL}


def test_what_concerns_one_message_reaches_no_further() -> None:
    others = {code for code, it in CODES.items() if it.kind is not ErrorKind.CONFIGURATION}
    assert {code for code in others if CODES[code].scope is not Scope.MESSAGE} == SLOWED


@pytest.mark.parametrize(("status", "body"), [(401, ""), (403, "{}"), (404, "<html>"), (400, ""), (302, "")])
def test_an_answer_that_is_not_twilios_stops_the_channel(status: int, body: str) -> None:
    assert refusal(status, body, {}, NOW).scope is Scope.CHANNEL


def test_a_suspended_account_stops_the_channel() -> None:
    assert (not_active("suspended").scope, not_active("closed").kind) == (Scope.CHANNEL, ErrorKind.CONFIGURATION)


@pytest.mark.parametrize(
    ("code", "text", "stage", "scope"),
    [
        (535, "5.7.8 no", Stage.CONNECT, Scope.CHANNEL),
        (530, "", Stage.SENDER, Scope.CHANNEL),
        (554, "", Stage.CONNECT, Scope.CHANNEL),
        (550, "5.7.1 no relay", Stage.RECIPIENT, Scope.CHANNEL),
        (550, "5.7.60 not yours", Stage.SENDER, Scope.SENDER),
        (553, "", Stage.SENDER, Scope.SENDER),
        (550, "5.7.26 unauthenticated", Stage.CONTENT, Scope.SENDER),
        (550, "5.1.1 unknown", Stage.RECIPIENT, Scope.MESSAGE),
        (451, "4.3.0 later", Stage.RECIPIENT, Scope.MESSAGE),
    ],
)
def test_a_mail_servers_refusal_reaches_as_far_as_it_must(code: int, text: str, stage: Stage, scope: Scope) -> None:
    assert refused(code, text, stage).scope is scope


def test_every_fault_of_a_mail_server_reaches_further_than_one_message() -> None:
    tables = [ENHANCED.values(), OTHERWISE.values(), *(it.values() for it in (*BY_SUBJECT.values(), *BASIC.values()))]
    faults = [it for table in tables for it in table if it.kind is ErrorKind.CONFIGURATION]
    assert faults
    assert all(it.scope is not Scope.MESSAGE for it in faults)
