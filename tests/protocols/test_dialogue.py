"""FTP and SMTP: commands and replies are read, mails and listings are not, credentials are not told."""

from hypothesis import given
from hypothesis import strategies as st

from idletalk.protocols import ftp, smtp
from idletalk.protocols.dialogue import MAX_CHARS


def ftp_said(content: bytes) -> list[tuple[str, dict[str, object]]]:
    return [(message.kind, dict(message.fields)) for message in ftp.read(content)]


def test_a_login_tells_its_user_but_not_its_password() -> None:
    assert ftp_said(b"USER cam\r\nPASS secret\r\n") == [("USER", {"argument": "cam"}), ("PASS", {"has_argument": True})]
    assert ftp_said(b"retr /fw.bin\r\n") == [("RETR", {"argument": "/fw.bin"})]


def test_a_reply_of_several_lines_is_one() -> None:
    said = ftp_said(b"220-Welcome\r\n 226 not yet\r\n220 ready\r\n331 password\r\n")
    assert said == [
        ("reply", {"code": 220, "text": "Welcome"}),
        ("reply", {"code": 331, "text": "password"}),
    ]
    # the rest comes later
    assert ftp_said(b"220-Welcome\r\n") == []


def test_a_mail_or_a_listing_is_no_dialogue() -> None:
    assert ftp_said(b"-rw-r--r-- 1 a b 12 fw.bin\r\n") == []
    assert list(smtp.read(b"Subject: hello\r\nQUIT\r\n")) == []
    assert list(smtp.read(b"QUIT")) == []


def test_what_follows_auth_is_a_credential() -> None:
    [auth] = smtp.read(b"AUTH PLAIN AGNhbQBzZWNyZXQ=\r\n")
    assert (auth.kind, dict(auth.fields)) == ("AUTH", {"argument": "PLAIN"})
    [mail] = smtp.read(b"MAIL FROM:<cam@example.net>\r\n")
    assert dict(mail.fields) == {"argument": "FROM:<cam@example.net>"}


@given(st.lists(st.sampled_from([b"220-a", b"220 b", b"USER x", b"\xff\xfe", b"", b"250"]), max_size=6))
def test_any_lines_are_read_or_left(lines: list[bytes]) -> None:
    for message in (*ftp.read(b"\r\n".join(lines) + b"\r\n"), *smtp.read(b"\n".join(lines))):
        assert len(str(message.fields.get("text", ""))) <= MAX_CHARS
