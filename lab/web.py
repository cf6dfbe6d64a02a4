"""A page fetched over HTTPS, as phones, PCs and the capture box do now and then."""

import errno
import ssl
from pathlib import Path

from lab.device import Device
from lab.tls import TlsSession, client_context

SITE = "www.office.example"
NO_WAY = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL})
"""What the network says where the way is missing: an IPv6 route that has run out, before the router advertises it anew."""


def context(run_folder: Path, alpn: list[str]) -> ssl.SSLContext:
    """What such clients offer; they trust the web site's root."""
    return client_context(run_folder / "ca" / "office.pem", ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3, alpn)


def fetch(device: Device, offer: ssl.SSLContext, path: str, kind: int) -> None:
    """Resolve the site (A or AAAA), get one page, close; where no way leads there now, leave it for another time."""
    address = device.resolve(SITE, kind)
    if address is None:
        return
    try:
        session = TlsSession(offer, SITE, address)
    except OSError as error:
        if error.errno not in NO_WAY and not isinstance(error, TimeoutError):
            raise
        device.journal.note("unreached", host=SITE, peer=address, why=str(error))
        return
    session.write(f"GET {path} HTTP/1.1\r\nHost: {SITE}\r\nConnection: close\r\n\r\n".encode())
    session.read()
    session.close()
    device.journal.note("tls", host=SITE, peer=address, port=443)
