"""How an email is shown: in a frame of its own."""

from scheduler.web.pages import SAFE

FRAME = {
    **SAFE,
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
        "frame-ancestors 'self'; sandbox"
    ),
    "X-Frame-Options": "SAMEORIGIN",
}
"""The headers of an email that is shown in a frame: its own styles, and nothing that runs, loads or leads anywhere.

The frame's `sandbox` says the same; here it holds for whoever opens the address by itself, too.
"""
