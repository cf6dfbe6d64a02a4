"""Which addresses and ports does each device try?"""

from idletalk.behaviours.behaviour import Behaviour

BEHAVIOUR = Behaviour(
    name="sweeps",
    question="Which ranges of addresses, or of ports of one host, does each device try?",
    method=(
        "At least 25 hosts by ARP, neighbour discovery, ping or one TCP port, or 15 TCP or UDP ports of one host, within any five minutes (thresholds of "
        "Zeek's scan detection); one TCP port of 25 Internet hosts that have no name here and do not accept the connection likewise. TCP ports are tried by "
        "SYN, by segments with neither SYN, ACK nor RST (FIN, NULL and Xmas scans), and by acknowledgements of no connection (from one port to 15 hosts or ports), to which nothing or a reset comes back. "
        "UDP ports from 1024 on count where nothing was captured from that port, no answer came but errors, the content tells no protocol, and at most 11 datagrams went there."
    ),
    limits=(
        "Slow sweeps stay below the thresholds; sweeps of hosts by UDP are not judged, nor datagrams to the ports of traceroute (33434 to 33523), nor acknowledgements to ports "
        "from 32768 on: those may be of a connection that one side has forgotten. A question that was not captured makes its answer look unasked for."
    ),
    tables=("sweeps",),
)
