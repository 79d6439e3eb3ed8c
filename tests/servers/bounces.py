"""Mails that came back, as Postfix, Exim, Exchange and others write them."""

from dataclasses import dataclass

from tests.servers.mail import Delivered


@dataclass(frozen=True)
class Report:
    """A report of RFC 3464 about a mail that a server took; `diagnostic` is what the next server said."""

    returned: Delivered
    action: str = "failed"
    status: str = "5.1.1"
    diagnostic: str = "smtp; 550 5.1.1 <zoe@patients.example>: Recipient address rejected: User unknown"
    headers_only: bool = False

    def to(self, address: str | None = None) -> bytes:
        """Return it as it comes to the envelope sender of the mail, or to another address."""
        return (
            _REPORT.format(
                to=address or self.returned.sender,
                recipient=self.returned.recipients[0],
                action=self.action,
                status=self.status,
                diagnostic=self.diagnostic,
                kind="text/rfc822-headers" if self.headers_only else "message/rfc822",
                returned=self._returned(),
            )
            .replace("\n", "\r\n")
            .encode()
        )

    def _returned(self) -> str:
        content = self.returned.content.decode("latin-1").replace("\r\n", "\n")
        return content.partition("\n\n")[0] + "\n" if self.headers_only else content


_REPORT = """\
Return-Path: <>
Delivered-To: {to}
From: MAILER-DAEMON@mx.clinic.example (Mail Delivery System)
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=_report"

--=_report
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.clinic.example.

--=_report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.clinic.example
Arrival-Date: Mon, 16 Mar 2026 14:00:05 +0000 (UTC)

Final-Recipient: rfc822; {recipient}
Original-Recipient: rfc822;{recipient}
Action: {action}
Status: {status}
Remote-MTA: dns; mx.patients.example
Diagnostic-Code: {diagnostic}

--=_report
Content-Type: {kind}

{returned}
--=_report--
"""

QMAIL = """\
Return-Path: <>
Delivered-To: {to}
From: MAILER-DAEMON@mx.patients.example
To: {to}
Subject: failure notice

Hi. This is the mail program at mx.patients.example.
I was not able to deliver your message to the following address.

<{recipient}>:
192.0.2.9 does not like recipient.
Remote host said: {said}
Giving up on 192.0.2.9.
"""
"""A bounce that is no report: words only."""

AWAY = """\
Return-Path: <>
From: Zoe Lachance <zoe@patients.example>
To: {to}
Subject: Out of office
Auto-Submitted: auto-replied

I am away. My room is 5.1.1, call extension 550 for help.
"""
"""What a mailbox answers by itself: to the envelope sender, as RFC 3834 says."""
