"""Protocols that few devices speak, many of them their vendor's own, read from the content that the core keeps: of flows which
nobody claims, and of carriers in clear.

To add one: a module with a ``PROTOCOL`` and a line in :data:`PROTOCOLS`; or, outside this package, an entry point of the
group ``idletalk.protocols`` that names a :class:`VendorProtocol`.
"""

from importlib.metadata import entry_points

from idletalk.protocols import (
    amqp,
    bacnet,
    cs2,
    ewelink,
    ftp,
    lifx,
    matter,
    miio,
    modbus,
    sadp,
    smtp,
    telnet,
    tplink,
    tuya,
    upnp,
    xmpp,
    yeelight,
)
from idletalk.protocols.protocol import Message, VendorProtocol

PROTOCOLS: tuple[VendorProtocol, ...] = (
    amqp.PROTOCOL,
    bacnet.PROTOCOL,
    cs2.PROTOCOL,
    ewelink.PROTOCOL,
    ftp.PROTOCOL,
    lifx.PROTOCOL,
    matter.PROTOCOL,
    miio.PROTOCOL,
    modbus.PROTOCOL,
    sadp.PROTOCOL,
    smtp.PROTOCOL,
    telnet.PROTOCOL,
    tplink.PROTOCOL,
    tuya.PROTOCOL,
    upnp.PROTOCOL,
    xmpp.PROTOCOL,
    yeelight.PROTOCOL,
)
"""Every protocol of this package."""


def installed() -> tuple[VendorProtocol, ...]:
    """These, and those of other packages that are installed."""
    others = (point.load() for point in entry_points(group="idletalk.protocols"))
    return (*PROTOCOLS, *(other for other in others if isinstance(other, VendorProtocol)))


__all__ = ["PROTOCOLS", "Message", "VendorProtocol", "installed"]
