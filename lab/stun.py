"""STUN binding (RFC 8489), as far as a camera needs it to learn its public address and port."""

import socket
import struct

MAGIC_COOKIE = 0x2112A442
BINDING_REQUEST, BINDING_SUCCESS = 0x0001, 0x0101
XOR_MAPPED_ADDRESS = 0x0020
IPV4 = 1
HEAD = struct.Struct("!HHI12s")
MAPPED = struct.Struct("!HHBBHI")  # attribute, length, reserved, family, port, address
PORT = 3478


def request(transaction: bytes) -> bytes:
    """A binding request; `transaction` is 12 bytes."""
    return HEAD.pack(BINDING_REQUEST, 0, MAGIC_COOKIE, transaction)


def response(asked: bytes, peer: tuple[str, int]) -> bytes:
    """The answer that tells `peer` its own address and port, XORed with the magic cookie."""
    transaction = HEAD.unpack_from(asked)[3]
    (address,) = struct.unpack("!I", socket.inet_aton(peer[0]))
    attribute = MAPPED.pack(XOR_MAPPED_ADDRESS, 8, 0, IPV4, peer[1] ^ (MAGIC_COOKIE >> 16), address ^ MAGIC_COOKIE)
    return HEAD.pack(BINDING_SUCCESS, len(attribute), MAGIC_COOKIE, transaction) + attribute


def mapped(answer: bytes) -> tuple[str, int]:
    """Address and port that an answer of `response` tells."""
    *_, port, address = MAPPED.unpack_from(answer, HEAD.size)
    return (
        socket.inet_ntoa(struct.pack("!I", address ^ MAGIC_COOKIE)),
        port ^ (MAGIC_COOKIE >> 16),
    )
