//! Oddities of protocols: a closed list. They are facts (rows of `weirds`), never errors.

use crate::record;

macro_rules! weirds {
    ($($(#[doc = $meaning:literal])* $variant:ident = $name:literal,)*) => {
        /// An oddity on the wire.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
        pub enum Weird { $($(#[doc = $meaning])* $variant,)* }

        impl Weird {
            /// All kinds, with their meaning.
            pub const ALL: &'static [(Weird, &'static str)] = &[$((Weird::$variant, concat!($($meaning),*)),)*];

            /// Stable name in the table.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

weirds! {
    /// The frame is too short for its link header.
    TruncatedLink = "truncated_link",
    /// More VLAN, PPPoE or MPLS tags than any network stacks.
    TooManyTags = "too_many_tags",
    /// The IP header is cut short.
    TruncatedNetwork = "truncated_network",
    /// The version nibble is neither 4 nor 6.
    BadIpVersion = "bad_ip_version",
    /// The IPv4 header length is below 20 bytes.
    BadIpHeaderLength = "bad_ip_header_length",
    /// The IPv4 total length is shorter than its header.
    BadIpLength = "bad_ip_length",
    /// An IPv6 extension header is cut short, or there are too many.
    BadIpExtension = "bad_ip_extension",
    /// Fragments overlap with different bytes, or one lies beyond 65,535 bytes.
    BadFragment = "bad_fragment",
    /// A datagram whose fragments did not all arrive.
    IncompleteFragments = "incomplete_fragments",
    /// The transport header is cut short.
    TruncatedTransport = "truncated_transport",
    /// The TCP data offset is below 5.
    BadTcpHeaderLength = "bad_tcp_header_length",
    /// The UDP length is below 8.
    BadUdpLength = "bad_udp_length",
    /// Segments of a TCP stream never appeared in the capture, though what follows them did.
    TcpGap = "tcp_gap",
    /// Two copies of the same TCP bytes differ; the first one stands.
    TcpConflict = "tcp_conflict",
    /// A hole in a TCP stream was given up because too much waited beyond it.
    TcpReorderLimit = "tcp_reorder_limit",
    /// A message of a known protocol does not parse.
    BadMessage = "bad_message",
    /// A message is longer than a parser keeps.
    MessageTooLong = "message_too_long",
    /// A certificate chain is longer than those kept of one message.
    LongCertificateChain = "long_certificate_chain",
    /// A parser gave up on a flow because of a mistake of its own.
    ParserFault = "parser_fault",
}

record! {
    /// An oddity of a protocol at a frame. Of each kind, at most 1,000 rows are kept per shard; `weird_counts` has all.
    pub struct WeirdRow in "weirds" at {
        /// What is odd (closed list, see the manual)
        kind: &'static str,
        /// Protocol or layer that found it
        protocol: &'static str,
        /// What was found, where it helps
        detail: Option<String>,
    }
}

record! {
    /// How often an oddity occurred in all.
    pub struct WeirdCount in "weird_counts" {
        /// What is odd (closed list, see the manual)
        kind: &'static str,
        /// Times it was seen (rows of one kind add up)
        count: u64,
    }
}
