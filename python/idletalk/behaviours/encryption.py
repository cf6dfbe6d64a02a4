"""Is it encrypted?"""

from dataclasses import fields

from idletalk.behaviours.behaviour import Ask, Behaviour
from idletalk.model import PayloadBytes

BEHAVIOUR = Behaviour(
    name="encryption",
    question="Is what devices say encrypted, and what tells it?",
    method=(
        "A protocol that is recognised by its content tells it: TLS, DTLS, QUIC, SSH, WireGuard and IPsec are encrypted, but for "
        "cipher suites that do not encrypt and for handshakes without application data; STARTTLS and encrypted fields in a clear "
        "protocol make it mixed; RTP is in clear where RTSP agreed on a transport without encryption. Of other flows the first 16 KiB of each direction "
        "are looked at, content sent again once: text "
        "(70 % of the bytes in runs of 8 printable ones), signatures of compressed and media formats, video without its beginning "
        "(three units of H.264, H.265 or MPEG behind start codes, five packets of a transport stream), what inflates, and whether the counts of "
        "the 240 rarer byte values spread as those of random bytes do (their dispersion is 0.8 for random bytes; at most 1.1: encrypted; from 1.3 on, or 60 % of the bytes of 16 values: "
        "structure; between, or where one or two units of video may stand: unknown). Fewer than 256 bytes tell nothing but text. Error rates are in docs/validation.md."
    ),
    limits=(
        "Bytes compressed without a signature, or seen from the middle, cannot be told from encrypted ones while they are few. What lies "
        "inside encryption, or is encrypted by the application in a clear protocol that is not read, is not seen. XOR is no encryption, "
        "and an XOR with a long key looks like one."
    ),
    tables=("flow_encryption", "peer_encryption"),
)


def payload_bytes(ask: Ask) -> dict[str, PayloadBytes]:
    """What each device that carried anything carried, by device."""
    kinds = [field.name for field in fields(PayloadBytes)]
    sums = ", ".join(f"sum({kind}_bytes)::BIGINT AS {kind}" for kind in kinds)
    rows = ask(f"SELECT device, {sums} FROM peer_encryption GROUP BY device")
    return {row["device"]: PayloadBytes(**{kind: row[kind] for kind in kinds}) for row in rows}
