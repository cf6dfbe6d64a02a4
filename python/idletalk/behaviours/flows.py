"""Which conversations were there?"""

from idletalk.behaviours.behaviour import Behaviour

BEHAVIOUR = Behaviour(
    name="flows",
    question="Which conversations were there, between whom, and how much was said?",
    method=(
        "Frames with the same ends and protocol are one flow; a TCP connection begins anew with another SYN, as in "
        "Wireshark. Flows without TCP never end. The originator is the side that sent the SYN; where the start is "
        "not in the capture, ports and scopes tell it, and which of these did is said."
    ),
    limits="The originator of a conversation whose start was not captured is an inference.",
    tables=("flows",),
    held=("sides",),
)
