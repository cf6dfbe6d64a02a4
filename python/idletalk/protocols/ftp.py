"""FTP's control connection, in clear: who logs in, and what is asked for. Files themselves are in `file_contents`.

Source: RFC 959, RFC 2228 (AUTH), RFC 2389 (FEAT, OPTS), RFC 2428 (EPRT, EPSV), RFC 3659 (SIZE, MDTM, MLSD), RFC 7151 (HOST).
Who speaks FTP is known before. A password is not told, its being there is.
"""

from collections.abc import Iterator

from idletalk.protocols.dialogue import read_dialogue
from idletalk.protocols.protocol import Message, VendorProtocol

VERBS = frozenset(
    [
        "ABOR",
        "ACCT",
        "ALLO",
        "APPE",
        "AUTH",
        "CCC",
        "CDUP",
        "CLNT",
        "CWD",
        "DELE",
        "EPRT",
        "EPSV",
        "FEAT",
        "HELP",
        "HOST",
        "LANG",
        "LIST",
        "LPRT",
        "LPSV",
        "MDTM",
        "MFMT",
        "MKD",
        "MLSD",
        "MLST",
        "MODE",
        "NLST",
        "NOOP",
        "OPTS",
        "PASS",
        "PASV",
        "PBSZ",
        "PORT",
        "PROT",
        "PWD",
        "QUIT",
        "REIN",
        "REST",
        "RETR",
        "RMD",
        "RNFR",
        "RNTO",
        "SITE",
        "SIZE",
        "SMNT",
        "STAT",
        "STOR",
        "STOU",
        "STRU",
        "SYST",
        "TYPE",
        "USER",
        "XCUP",
        "XCWD",
        "XMKD",
        "XPWD",
        "XRMD",
    ]
)
SECRET = frozenset({"PASS", "ACCT"})


def read(content: bytes) -> Iterator[Message]:
    """Commands or replies, where all lines are."""
    return read_dialogue(content, VERBS, SECRET)


PROTOCOL = VendorProtocol(name="ftp", carriers=("ftp",), read=read)
