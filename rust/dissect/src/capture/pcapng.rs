//! The pcapng format (draft-ietf-opsawg-pcapng): sections of blocks.

use super::block::{BadHeader, Found, NO_READER, Stop, block_bytes, broken, rounded};
use super::input::Input;
use super::options::padded;
use super::{ByteOrder, Fault, FaultKind, LinkType, Summary, TimeUnit};

/// Block types (section 11.1 of the draft). A section header reads the same in both byte orders.
pub(crate) const SECTION_HEADER: u32 = 0x0a0d_0d0a;
/// Farthest from 1970 that a time may be, nanoseconds (1823 to 2116; the format of pcap ends in 2106): the span between two times, and a
/// time with hours added, then fit 64 bits too.
const MAX_TIME_NS: u64 = 1 << 62;
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
pub(crate) const ENHANCED_PACKET: u32 = 6;

/// Type and length.
pub(super) const BLOCK_HEADER_BYTES: usize = 8;
/// Fixed part of a section header with type and length.
pub(super) const SECTION_FIXED_BYTES: usize = 24;
/// What of an interface is needed for each frame.
#[derive(Clone, Copy)]
pub(super) struct FrameInterface {
    pub(super) link_type: LinkType,
    pub(super) snaplen: u32,
    pub(super) time_unit: TimeUnit,
    pub(super) time_offset_s: i64,
}

/// The section at hand.
pub(crate) struct Pcapng {
    pub(super) order: ByteOrder,
    pub(super) version: (u16, u16),
    pub(super) interfaces: Vec<FrameInterface>,
    /// Interfaces of all sections before.
    pub(super) first_interface: u32,
    /// End of the last section header or interface description: what a mark needs.
    pub(crate) described_to: u64,
}

/// The fields that the three blocks of frames share.
struct PacketFields {
    interface: usize,
    units: Option<u64>,
    captured: u32,
    original: u32,
    data_at: usize,
}

impl Pcapng {
    /// Reads the first section's header; None where this is no pcapng file.
    pub(crate) fn open(input: &mut Input, summary: &mut Summary) -> Option<Result<Pcapng, BadHeader>> {
        input.ensure(SECTION_FIXED_BYTES);
        if ByteOrder::Little.u32_at(input.available(), 0) != Some(SECTION_HEADER) {
            return None;
        }
        let mut pcapng = Pcapng {
            order: ByteOrder::Little,
            version: (0, 0),
            interfaces: Vec::new(),
            first_interface: 0,
            described_to: 0,
        };
        summary.sections = 0;
        let opened = pcapng.section_header(input, summary).map_err(|stop| match *stop {
            Stop::Broken(FaultKind::BadBlock, what) => BadHeader::Unsupported(what, NO_READER),
            Stop::Broken(_, what) => BadHeader::NotACapture(format!("a broken pcapng file: {what}")),
            Stop::End => BadHeader::NotACapture("empty".into()),
        });
        Some(opened.map(|()| pcapng))
    }

    pub(crate) fn order(&self) -> ByteOrder {
        self.order
    }

    pub(crate) fn version(&self) -> (u16, u16) {
        self.version
    }

    /// Finds the next frame and passes over it, and over all blocks before it. `number` is the
    /// number that the next frame will have.
    #[inline]
    pub(crate) fn advance(
        &mut self,
        input: &mut Input,
        summary: &mut Summary,
        number: &mut u64,
        found: &mut Found,
    ) -> Result<(), Box<Stop>> {
        while !self.step(input, summary, number, found)? {}
        Ok(())
    }

    /// Passes over one block; true where it holds a frame, which `found` then is.
    #[inline]
    pub(crate) fn step(
        &mut self,
        input: &mut Input,
        summary: &mut Summary,
        number: &mut u64,
        found: &mut Found,
    ) -> Result<bool, Box<Stop>> {
        if !input.ensure(BLOCK_HEADER_BYTES) {
            return Err(Stop::no_more(input, "a block's header", BLOCK_HEADER_BYTES as u64));
        }
        let header = input.available();
        let block_type = self.order.u32_at(header, 0).unwrap_or_default();
        let total = self.order.u32_at(header, 4).unwrap_or_default();
        match block_type {
            ENHANCED_PACKET | SIMPLE_PACKET | PACKET => {
                self.packet(input, summary, block_type, total, found)?;
                return Ok(true);
            }
            SECTION_HEADER => self.section_header(input, summary)?,
            _ => self.other_block(input, summary, block_type, total, number)?,
        }
        Ok(false)
    }

    /// One of the three blocks that hold a frame.
    #[inline]
    fn packet(
        &self,
        input: &mut Input,
        summary: &mut Summary,
        block_type: u32,
        declared: u32,
        found: &mut Found,
    ) -> Result<(), Box<Stop>> {
        let offset = input.offset();
        let total = block_bytes(declared)?;
        let len = total as usize;
        if !input.ensure(len) {
            return Err(Stop::no_more(input, "a block", u64::from(total)));
        }
        let block = input.available().get(..len).unwrap_or_default();
        self.check_trailer(block, total)?;
        let Some(fields) = self.packet_fields(block, block_type) else {
            return broken(
                FaultKind::BadBlockLength,
                format!("a packet block of {total} bytes has no room for its fields"),
            );
        };
        let Some(interface) = self.interfaces.get(fields.interface) else {
            let (index, known) = (fields.interface, self.interfaces.len());
            return broken(FaultKind::BadBlock, format!("a packet of interface {index}, where {known} are described"));
        };
        let captured = fields.captured as usize;
        if fields.data_at.saturating_add(padded(captured)).saturating_add(4) > len {
            return broken(FaultKind::BadBlock, format!("a block of {total} bytes claims {captured} captured bytes"));
        }
        if fields.captured > interface.link_type.max_frame_bytes() {
            let max = interface.link_type.max_frame_bytes();
            return broken(
                FaultKind::Oversized,
                format!("{captured} captured bytes, more than the {max} that a frame can have"),
            );
        }
        let time_ns = fields.units.map(|units| {
            let told = interface.time_unit.to_ns(units, interface.time_offset_s);
            told.filter(|ns| ns.unsigned_abs() <= MAX_TIME_NS)
        });
        if time_ns == Some(None) {
            let message = "a time outside the years 1823 to 2116: the frame counts as without time".into();
            summary.add_fault(Fault { offset, kind: FaultKind::BadTime, message });
        }
        let time_ns = time_ns.flatten();
        found.position = input.position().saturating_add(fields.data_at);
        found.len = captured;
        found.original_len = fields.original;
        found.time_ns = time_ns.unwrap_or_default();
        found.has_time = time_ns.is_some();
        found.interface = self.first_interface.saturating_add(fields.interface as u32);
        found.link_type = interface.link_type;
        found.offset = offset;
        input.consume(len);
        Ok(())
    }

    /// The fields of a packet block, None where it is too short for them.
    #[inline]
    fn packet_fields(&self, block: &[u8], block_type: u32) -> Option<PacketFields> {
        let word = |at| self.order.u32_at(block, at);
        let units = |at: usize| Some(Some(u64::from(word(at)?) << 32 | u64::from(word(at.saturating_add(4))?)));
        match block_type {
            ENHANCED_PACKET => Some(PacketFields {
                interface: word(8)? as usize,
                units: units(12)?,
                captured: word(20)?,
                original: word(24)?,
                data_at: 28,
            }),
            // Obsolete: interface and drop count have 16 bits each.
            PACKET => Some(PacketFields {
                interface: usize::from(self.order.u16_at(block, 8)?),
                units: units(12)?,
                captured: word(20)?,
                original: word(24)?,
                data_at: 28,
            }),
            // No time, the first interface, and no captured length: the snapshot length cuts it.
            _ => {
                let original = word(8)?;
                let limit = self.interfaces.first().map(|first| first.snaplen).filter(|snaplen| *snaplen > 0);
                let captured = original.min(limit.unwrap_or(u32::MAX));
                Some(PacketFields { interface: 0, units: None, captured, original, data_at: 12 })
            }
        }
    }

    /// Passes over a block of any size, and checks that its length is repeated at its end.
    pub(super) fn pass(&self, input: &mut Input, total: u32) -> Result<(), Box<Stop>> {
        if !input.skip(u64::from(total).saturating_sub(4)) || !input.ensure(4) {
            if input.error.is_some() {
                return Err(Stop::no_more(input, "a block", u64::from(total)));
            }
            let message = format!("the file ends in the middle of a block of {total} bytes");
            return broken(FaultKind::CutShort, message);
        }
        let trailer = input.available().get(..4).unwrap_or_default();
        self.check_trailer(trailer, total)?;
        input.consume(4);
        Ok(())
    }

    /// The last four bytes of a block repeat its length.
    #[inline]
    fn check_trailer(&self, block: &[u8], total: u32) -> Result<(), Box<Stop>> {
        let trailer = self.order.u32_at(block, block.len().saturating_sub(4));
        if trailer.map(rounded) == Some(total) {
            return Ok(());
        }
        let repeated = trailer.unwrap_or_default();
        broken(FaultKind::BadBlockLength, format!("a block's length is {total} at its start and {repeated} at its end"))
    }
}
