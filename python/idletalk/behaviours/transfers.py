"""What does each device fetch in clear?"""

from idletalk.behaviours.behaviour import Behaviour

BEHAVIOUR = Behaviour(
    name="transfers",
    question="What does each device fetch in clear, in how many pieces?",
    method=(
        "Responses with status 200, 203 or 206 to GET, put together by device, host, target, version mark (ETag, else "
        "Last-Modified) and whole length (Content-Range, else Content-Length), over all connections. What is neither text nor media becomes a file, byte by byte; "
        "Files that TFTP, FTP and CoAP (block by block) carried, likewise: whoever is sent one fetches it. What is kept "
        "is taken for firmware where the recogniser finds a format that only images have, or the target says so."
    ),
    limits=(
        "Ranges of a target that has no version mark belong together if their whole length is the same. A response whose "
        "request was not captured stands alone. "
        "Content codings other than gzip and deflate are not undone, nor of what is not whole. Bodies of requests are not put together. Of an FTP data connection its control connection "
        "must have been captured, of a TFTP transfer its request."
    ),
    tables=("transfers", "images"),
)
