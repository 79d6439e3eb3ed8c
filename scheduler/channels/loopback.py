"""Which hosts are this machine: there plain text is allowed, and there no provider can call back."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Whether `host` (a name or an address, without brackets) never leaves this machine.

    A name is not looked up: only `localhost` itself counts.
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"
