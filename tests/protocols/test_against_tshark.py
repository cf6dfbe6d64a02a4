"""Fields of Modbus, BACnet, AMQP, telnet, XMPP, FTP and SMTP equal tshark's, on captures that others made, where those are."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import idletalk
from idletalk import Options
from idletalk.protocols import amqp, bacnet, telnet
from tests.conftest import ROOT

CAPTURES = Path(os.environ.get("IDLETALK_CAPTURES", ROOT.parent / "shared" / "captures"))

Row = dict[str, Any]
Values = dict[str, list[str]]


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is compared: tshark's fields, and the same out of one of our messages."""

    protocol: str
    captures: tuple[str, ...]
    fields: tuple[str, ...]
    ours: Callable[[str, Row], Values]
    theirs: Callable[[Values], Values] = lambda values: values
    may_lack: frozenset[str] = frozenset()
    """Fields that are compared only where ours are told: what is no fault is said beside it."""
    is_apart: bool = False
    """Each capture is analysed alone: some hold one connection, which has its name from the first."""
    is_whole: bool = False
    """Compared over a capture: messages of several segments stand at the first here, at the last there."""
    frames: int
    """At least so many frames are compared: with none the test would say nothing."""


def told(names: dict[str, str]) -> Callable[[str, Row], Values]:
    """Values of a summary under tshark's names."""

    def ours(kind: str, summary: Row) -> Values:
        del kind
        return {theirs: [str(summary[name])] for name, theirs in names.items() if name in summary}

    return ours


def amqp_method(kind: str, summary: Row) -> Values:
    values = told({"channel": "amqp.channel"})(kind, summary)
    of, _, name = kind.partition(".")
    if name:
        number = next(number for number, known in amqp.CLASSES.items() if known == of)
        methods = {known: number for number, known in amqp.METHODS[number].items()}
        values |= {"amqp.method.class": [str(number)], "amqp.method.method": [str(methods[name])]}
        names = ("exchange", "routing_key", "consumer_tag")
        values |= told({name: f"amqp.method.arguments.{name}" for name in names})(kind, summary)
    return values


def bacnet_service(kind: str, summary: Row) -> Values:
    is_confirmed = "invoke" in summary
    values = told(
        {
            "invoke": "bacapp.invoke_id",
            "to_network": "bacnet.dnet",
            "from_network": "bacnet.snet",
            "service": f"bacapp.{'confirmed' if is_confirmed else 'unconfirmed'}_service",
            "object_type": "bacapp.objectType",
            "instance": "bacapp.instance_number",
            "property": "bacapp.property_identifier",
            "vendor_id": "bacapp.vendor_identifier",
        }
    )(kind, summary)
    if is_confirmed or kind in bacnet.UNCONFIRMED.values():
        return values
    # of messages of the network only the addresses are compared
    return {name: value for name, value in values.items() if not name.startswith("bacapp.")}


def first(values: Values) -> Values:
    """What a value holds may have objects and properties of its own: the first are the service's."""
    return {name: value[:1] for name, value in values.items()}


def telnet_commands(kind: str, summary: Row) -> Values:
    del kind
    codes = {name: str(code) for code, name in telnet.VERBS.items()} | {"sub": str(telnet.SB)}
    commands = [codes[command.partition(" ")[0]] for command in summary.get("commands", [])]
    window = told({"columns": "telnet.naws_subopt.width", "rows": "telnet.naws_subopt.height"})("", summary)
    return {**({"telnet.cmd": commands} if commands else {}), **window}


def stanza(kind: str, summary: Row) -> Values:
    # a stream has an id of its own
    return {} if kind == "stream" else told({"id": "xmpp.id", "type": "xmpp.type"})(kind, summary)


def dialogue(command: str, argument: str, code: str) -> Callable[[str, Row], Values]:
    """Commands and replies of FTP or SMTP. Of secrets tshark shows the argument, idletalk does not."""

    def ours(kind: str, summary: Row) -> Values:
        if kind == "reply":
            return {code: [str(summary["code"])]}
        return {command: [kind], **({argument: [summary["argument"]]} if "argument" in summary else {})}

    return ours


def capitals(command: str, argument: str) -> Callable[[Values], Values]:
    """Commands in any case are the same; what follows PASS is not told, of what follows AUTH the mechanism."""

    def theirs(values: Values) -> Values:
        commands = [value.upper() for value in values[command]]
        told = [] if "PASS" in commands else values[argument]
        return values | {
            command: commands,
            argument: [value.split()[0] for value in told] if "AUTH" in commands else told,
        }

    return theirs


def without_ends(values: Values) -> Values:
    return values | {"telnet.cmd": [code for code in values["telnet.cmd"] if code != str(telnet.SE)]}


MODBUS = {
    "transaction": "mbtcp.trans_id",
    "unit": "mbtcp.unit_id",
    "function": "modbus.func_code",
    "code": "modbus.exception_code",
    "address": "modbus.reference_num",
}
CASES = (
    Case(
        protocol="modbus",
        captures=(
            "ndpi/umas.pcap",
            "protocols/ITI+ICS-Security-Tools/modbus_test_data_part1.pcap",
            "protocols/ITI+ICS-Security-Tools/modbus_test_data_part2.pcap",
            "protocols/OISF+suricata-verify/modbus.pcap",
            "protocols/zeek+zeek/modbus-eit.pcap",
        ),
        fields=tuple(MODBUS.values()),
        ours=told(MODBUS),
        is_apart=True,
        # an answer of three bytes of coils looks like a request for some addresses
        may_lack=frozenset({"modbus.reference_num"}),
        frames=250,
    ),
    Case(
        protocol="bacnet",
        captures=(
            "ndpi/bacnet.pcap",
            "protocols/arkime+arkime/bacnet-stack-services.pcap",
            "protocols/cisagov+icsnpp-bacnet/bacnet_example.pcap",
            "protocols/cisagov+icsnpp-bacnet/bacnet_error_reject_abort.pcap",
        ),
        fields=(
            *("bacapp.invoke_id", "bacnet.dnet", "bacnet.snet", "bacapp.confirmed_service"),
            *("bacapp.unconfirmed_service", "bacapp.objectType", "bacapp.instance_number"),
            *("bacapp.property_identifier", "bacapp.vendor_identifier"),
        ),
        ours=bacnet_service,
        theirs=first,
        # told of services that read and write a property, and of I-Am
        may_lack=frozenset(
            {"bacapp.objectType", "bacapp.instance_number", "bacapp.property_identifier", "bacapp.vendor_identifier"}
        ),
        frames=1000,
    ),
    Case(
        protocol="amqp",
        captures=("ndpi/amqp.pcap",),
        fields=(
            *("amqp.channel", "amqp.method.class", "amqp.method.method", "amqp.method.arguments.exchange"),
            *("amqp.method.arguments.routing_key", "amqp.method.arguments.consumer_tag"),
        ),
        ours=amqp_method,
        frames=50,
    ),
    Case(
        protocol="telnet",
        captures=(
            "ndpi/telnet.pcap",
            "protocols/odedshimon+BruteShark/Telnet.pcap",
            "protocols/odedshimon+BruteShark/Telnet_-_Char_Mode2.pcap",
        ),
        fields=("telnet.cmd", "telnet.naws_subopt.width", "telnet.naws_subopt.height"),
        ours=telnet_commands,
        theirs=without_ends,
        frames=20,
    ),
    Case(
        protocol="xmpp",
        captures=("ndpi/jabber.pcap",),
        fields=("xmpp.id", "xmpp.type"),
        ours=stanza,
        is_whole=True,
        frames=50,
    ),
    Case(
        protocol="ftp",
        captures=(
            # not ftp-start-tls.pcap: what was said before TLS is told at the frame that asked for TLS
            "protocols/OISF+suricata-verify/111_input.pcap",
            "protocols/OISF+suricata-verify/131_input.pcap",
            "protocols/OISF+suricata-verify/133_input.pcap",
        ),
        fields=("ftp.request.command", "ftp.request.arg", "ftp.response.code"),
        ours=dialogue("ftp.request.command", "ftp.request.arg", "ftp.response.code"),
        theirs=capitals("ftp.request.command", "ftp.request.arg"),
        may_lack=frozenset({"ftp.request.arg"}),
        frames=30,
    ),
    Case(
        protocol="smtp",
        captures=(
            # not smtp-starttls.pcap: Wireshark takes the first four letters of STARTTLS for the command
            "formats/chrissanders+packets/mail_sender_client_1.pcapng",
            "protocols/OISF+suricata-verify/212_input.pcap",
        ),
        fields=("smtp.req.command", "smtp.req.parameter", "smtp.response.code"),
        ours=dialogue("smtp.req.command", "smtp.req.parameter", "smtp.response.code"),
        theirs=capitals("smtp.req.command", "smtp.req.parameter"),
        may_lack=frozenset({"smtp.req.parameter"}),
        frames=25,
    ),
)


def tshark(capture: Path, protocol: str, fields: Sequence[str]) -> dict[int, Values]:
    """Values by frame."""
    shown = {"modbus": "mbtcp"}.get(protocol, protocol)
    wanted = [part for field in ("frame.number", *fields) for part in ("-e", field)]
    command = ["tshark", "-n", "-r", str(capture), "-Y", shown, "-T", "json", *wanted]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    layers = [packet["_source"]["layers"] for packet in json.loads(done.stdout)]
    return {int(layer["frame.number"][0]): {field: layer.get(field, []) for field in fields} for layer in layers}


def agree(ours: Values, theirs: Values, case: Case) -> bool:
    """Whether the values of a frame are the same."""
    told = case.theirs(theirs)
    # pieces of less than four bytes stand with the next
    return all(
        ours[field][-len(told[field]) :] == told[field] if case.protocol == "telnet" else ours[field] == told[field]
        for field in case.fields
        if (told[field] and (ours[field] or field not in case.may_lack)) or (ours[field] and not told[field])
    )


def whole(values: dict[int, Values], case: Case) -> dict[str, list[str]]:
    return {field: sorted(value for one in values.values() for value in one[field]) for field in case.fields}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.protocol)
def test_fields_equal_tsharks(case: Case, tmp_path: Path) -> None:
    if shutil.which("tshark") is None:
        pytest.skip("no tshark")
    missing = [name for name in case.captures if not (CAPTURES / name).exists()]
    if missing:
        pytest.skip(f"no capture at {CAPTURES / missing[0]}")
    at_once = [(name,) for name in case.captures] if case.is_apart else [case.captures]
    analyses = [
        idletalk.analyze([CAPTURES / name for name in names], tmp_path / str(number), Options(show_secrets=True))
        for number, names in enumerate(at_once)
    ]
    read = {
        row["path"]: (one, row["capture"]) for one in analyses for row in one.sql("SELECT path, capture FROM captures")
    }
    compared = 0
    for name in case.captures:
        analysis, number = read[str(CAPTURES / name)]
        of = f"capture = {number}"
        rows = analysis.sql(
            f"SELECT frame, kind, summary FROM messages WHERE protocol = '{case.protocol}' AND {of} ORDER BY frame, position"
        )
        ours: dict[int, Values] = {}
        for row in rows:
            values = ours.setdefault(row["frame"], {field: [] for field in case.fields})
            for field, value in case.ours(row["kind"], json.loads(row["summary"])).items():
                values[field] += value
        theirs = tshark(CAPTURES / name, case.protocol, case.fields)
        compared += len(ours)
        if case.is_whole:
            assert whole(ours, case) == whole(theirs, case)
        else:
            differ = {frame: values for frame, values in ours.items() if not agree(values, theirs[frame], case)}
            assert differ == {}, (name, {frame: theirs[frame] for frame in differ})
        [flows] = analysis.sql(f"SELECT count(*) AS n FROM flows WHERE application = '{case.protocol}' AND {of}")
        assert flows["n"] > 0
    assert compared >= case.frames
