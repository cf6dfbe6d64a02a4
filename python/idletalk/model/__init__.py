"""What an analysis says: one set of typed classes that gives JSON, JSON Schema and the Python API.

Missing is ``None`` and means "not known". Times are UTC, ISO 8601 with nanoseconds. Bytes are frame lengths on the
wire. ``as seen`` counts every captured frame; ``unique`` counts a frame once that several interfaces or files hold.
"""

from idletalk.model.captures import (
    BEHAVIOUR_FAILED,
    Blindness,
    CaptureFile,
    Captures,
    Coverage,
    Fault,
    Gap,
    Interface,
    LookupSource,
    Provenance,
)
from idletalk.model.devices import (
    Address,
    Cadence,
    Device,
    PayloadBytes,
    Peer,
    PeerProtocol,
    ProtocolVolume,
    Role,
    Scope,
    ToldFact,
    ToldName,
    Traffic,
    Volume,
)
from idletalk.model.findings import (
    SEVERITIES,
    Check,
    Evidence,
    Finding,
    FindingKind,
    FrameName,
    Judged,
    Question,
    Severity,
)
from idletalk.model.images import Image, ImageCertificate, ImageRegion
from idletalk.model.operating import ActionStep, OperatingRow, UnnamedAction
from idletalk.model.report import SCHEMA, CloudUse, Conclusions, HourVolume, IdleRow, Report
from idletalk.model.updates import UpdateRow, UpdateStep, VersionChange

__all__ = [
    "BEHAVIOUR_FAILED",
    "SCHEMA",
    "SEVERITIES",
    "ActionStep",
    "Address",
    "Blindness",
    "Cadence",
    "CaptureFile",
    "Captures",
    "Check",
    "CloudUse",
    "Conclusions",
    "Coverage",
    "Device",
    "Evidence",
    "Fault",
    "Finding",
    "FindingKind",
    "FrameName",
    "Gap",
    "HourVolume",
    "IdleRow",
    "Image",
    "ImageCertificate",
    "ImageRegion",
    "Interface",
    "Judged",
    "LookupSource",
    "OperatingRow",
    "PayloadBytes",
    "Peer",
    "PeerProtocol",
    "ProtocolVolume",
    "Provenance",
    "Question",
    "Report",
    "Role",
    "Scope",
    "Severity",
    "ToldFact",
    "ToldName",
    "Traffic",
    "UnnamedAction",
    "UpdateRow",
    "UpdateStep",
    "VersionChange",
    "Volume",
]
