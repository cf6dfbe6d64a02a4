//! The pcap format (draft-ietf-opsawg-pcap): a header of 24 bytes, then records.

use super::block::{BadHeader, Found, NO_READER, Stop};
use super::input::Input;
use super::time::NS_PER_S;
use super::variant::{Hints, under_modified_magic, under_usual_magic};
use super::{ByteOrder, FaultKind, Format, Interface, LinkType, PcapVariant, TimeUnit};

/// Bytes of the file's header.
const FILE_HEADER_BYTES: usize = 24;
/// IXIA adds the size of all records, which is not needed.
const IXIA_EXTRA_BYTES: usize = 4;
/// Bytes looked at to tell the flavour: three records of a usual snapshot length.
const VARIANT_SAMPLE_BYTES: usize = 16 * 1024;

const MAGIC: u32 = 0xa1b2_c3d4;
const MAGIC_NANOSECONDS: u32 = 0xa1b2_3c4d;
/// Kuznetzov's patches of 1999.
const MAGIC_MODIFIED: u32 = 0xa1b2_cd34;
/// IXIA hardware captures, in nanoseconds.
const MAGIC_IXIA_HARDWARE: u32 = 0x1c00_01ac;
/// IXIA software captures, in microseconds.
const MAGIC_IXIA_SOFTWARE: u32 = 0x1c00_01ab;

/// The link type field: the FCS length of its top four bits is there.
const FCS_PRESENT_BIT: u32 = 0x0400_0000;
/// The link type field: the bits that are one. The ten above it are to be ignored by readers.
const LINK_TYPE_MASK: u32 = 0xffff;

/// Whether captured and original length are exchanged in the record headers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lengths {
    /// Captured length first: version 2.4, 2.3 as a rule.
    AsDocumented,
    /// Version 2.3 was written both ways; the captured length is the smaller.
    SmallerIsCaptured,
    /// Before version 2.3, and version 543.0 of DG/UX.
    Exchanged,
}

/// What of a pcap file's header is needed for its records.
pub(crate) struct Pcap {
    order: ByteOrder,
    /// Nanoseconds in a unit of the second time field: 1 or 1,000.
    fraction_ns: i64,
    record_header_bytes: usize,
    lengths: Lengths,
    link_type: LinkType,
    max_frame_bytes: u32,
}

/// Byte order and magic number, where these bytes begin a pcap file.
fn recognise(head: &[u8]) -> Option<(ByteOrder, u32)> {
    [ByteOrder::Little, ByteOrder::Big].into_iter().find_map(|order| {
        let magic = order.u32_at(head, 0)?;
        let known = [MAGIC, MAGIC_NANOSECONDS, MAGIC_MODIFIED, MAGIC_IXIA_HARDWARE, MAGIC_IXIA_SOFTWARE];
        known.contains(&magic).then_some((order, magic))
    })
}

impl Pcap {
    /// Reads the file's header, and passes over it; None where this is no pcap file.
    pub(crate) fn open(input: &mut Input) -> Option<Result<(Pcap, Format, Interface), BadHeader>> {
        let whole_file = !input.ensure(VARIANT_SAMPLE_BYTES);
        let (order, magic) = recognise(input.available())?;
        Some(Pcap::open_recognised(input, order, magic, whole_file))
    }

    fn open_recognised(
        input: &mut Input,
        order: ByteOrder,
        magic: u32,
        whole_file: bool,
    ) -> Result<(Pcap, Format, Interface), BadHeader> {
        let ixia = matches!(magic, MAGIC_IXIA_HARDWARE | MAGIC_IXIA_SOFTWARE);
        let extra = if ixia { IXIA_EXTRA_BYTES } else { 0 };
        let header_bytes = FILE_HEADER_BYTES.saturating_add(extra);
        let Some((head, records)) = input.available().split_at_checked(header_bytes) else {
            let len = input.available().len();
            return Err(BadHeader::NotACapture(format!("the first {len} bytes of a pcap file's header")));
        };
        let short = |at| order.u16_at(head, at).unwrap_or_default();
        let word = |at| order.u32_at(head, at).unwrap_or_default();
        let version = (short(4), short(6));
        if version.0 < 2 {
            let found = format!("a pcap file of version {}.{}", version.0, version.1);
            return Err(BadHeader::Unsupported(found, NO_READER));
        }
        let snaplen = word(16);
        let network = word(20);
        let aix = (magic == MAGIC && version == (2, 2)).then(|| aix_link_type(network)).flatten();
        let link_type = aix.unwrap_or(LinkType((network & LINK_TYPE_MASK) as u16));
        let lengths = match version {
            (2, 3) => Lengths::SmallerIsCaptured,
            (2, 0..3) | (543, _) => Lengths::Exchanged,
            _ => Lengths::AsDocumented,
        };
        let max_frame_bytes = link_type.max_frame_bytes();
        let hints = Hints { order, snaplen, max_frame_bytes, whole_file };
        let variant = match magic {
            _ if ixia => PcapVariant::Ixia,
            _ if aix.is_some() => PcapVariant::Aix,
            MAGIC_MODIFIED => under_modified_magic(records, &hints),
            MAGIC if lengths == Lengths::AsDocumented => under_usual_magic(records, &hints),
            _ => PcapVariant::Standard,
        };
        let nanoseconds = matches!(magic, MAGIC_NANOSECONDS | MAGIC_IXIA_HARDWARE) || aix.is_some();
        let unit = if nanoseconds { TimeUnit::NANOSECOND } else { TimeUnit::MICROSECOND };
        let mut interface = Interface::new(link_type, snaplen, unit);
        if network & FCS_PRESENT_BIT != 0 {
            // In units of 16 bits: at most 30 bytes.
            interface.fcs_bytes = Some((network >> 28).saturating_mul(2) as u8);
        }
        input.consume(header_bytes);
        let pcap = Pcap {
            order,
            fraction_ns: if nanoseconds { 1 } else { 1_000 },
            record_header_bytes: variant.record_header_bytes(),
            lengths,
            link_type,
            max_frame_bytes,
        };
        Ok((pcap, Format::Pcap { variant, byte_order: order, nanoseconds, version }, interface))
    }

    /// Finds the next frame and passes over it.
    #[inline]
    pub(crate) fn advance(&self, input: &mut Input, found: &mut Found) -> Result<(), Box<Stop>> {
        let header_bytes = self.record_header_bytes;
        if !input.ensure(header_bytes) {
            return Err(Stop::no_more(input, "a record's header", header_bytes as u64));
        }
        let Some(header) = input.available().first_chunk::<16>() else {
            return Err(Box::new(Stop::End));
        };
        // One decision for all four: the compiler would else take it for each.
        let word = |at| ByteOrder::Little.u32_at(header, at).unwrap_or_default();
        let mut words = [word(0), word(4), word(8), word(12)];
        if self.order == ByteOrder::Big {
            words = words.map(u32::swap_bytes);
        }
        let [seconds, fraction, mut captured, mut original] = words;
        if self.lengths != Lengths::AsDocumented && (self.lengths == Lengths::Exchanged || captured > original) {
            (captured, original) = (original, captured);
        }
        if captured > self.max_frame_bytes {
            return Err(self.oversized(captured));
        }
        let record_bytes = header_bytes.wrapping_add(captured as usize); // below 2^28
        if !input.ensure(record_bytes) {
            return Err(Stop::no_more(input, "a record", record_bytes as u64));
        }
        found.offset = input.offset();
        found.position = input.position().wrapping_add(header_bytes);
        found.len = captured as usize;
        found.original_len = original;
        // Neither can overflow: 2^32 s and 2^32 us are below 2^63 ns together.
        found.time_ns =
            i64::from(seconds).wrapping_mul(NS_PER_S).wrapping_add(i64::from(fraction).wrapping_mul(self.fraction_ns));
        found.has_time = true;
        found.interface = 0;
        found.link_type = self.link_type;
        input.consume(record_bytes);
        Ok(())
    }

    #[cold]
    fn oversized(&self, captured: u32) -> Box<Stop> {
        let message = format!(
            "a record claims {captured} captured bytes, more than the {} that a frame can have",
            self.max_frame_bytes
        );
        Box::new(Stop::Broken(FaultKind::Oversized, message))
    }
}

/// AIX writes the interface types of RFC 1573 (ifType) into the field of the link type; the four of
/// local networks are told from old link types by the version, which is 2.2, as Wireshark does.
fn aix_link_type(network: u32) -> Option<LinkType> {
    match network {
        6 => Some(LinkType::ETHERNET),
        9 => Some(LinkType::TOKEN_RING),
        15 => Some(LinkType::FDDI),
        24 => Some(LinkType::NULL),
        _ => None,
    }
}
