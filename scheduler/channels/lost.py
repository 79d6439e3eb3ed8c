"""Why an HTTP call got no answer, in a word: a library's own text holds the address, which may hold a secret."""

import aiohttp


def why_lost(error: Exception) -> str:
    """Return a word for what aiohttp or the network raised."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "dns"
    if isinstance(error, (aiohttp.ClientSSLError, aiohttp.ServerFingerprintMismatch)):
        return "tls"
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, (aiohttp.InvalidURL, ValueError)) and not isinstance(error, aiohttp.ClientPayloadError):
        return "address"
    return "unreachable" if isinstance(error, aiohttp.ClientConnectorError) else "connection-lost"
