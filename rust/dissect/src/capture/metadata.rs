//! The pcapng blocks that hold no frame: sections, interfaces, statistics, names, and the rest.

use super::block::{Stop, block_bytes, broken};
use super::input::Input;
use super::options::{self, Options};
use super::pcapng::{BLOCK_HEADER_BYTES, FrameInterface, Pcapng, SECTION_FIXED_BYTES};
use super::{ByteOrder, Fault, FaultKind, Interface, LinkType, MAX_INTERFACES, Summary, TimeUnit};

/// Block types (section 11.1 of the draft).
pub(super) const INTERFACE_DESCRIPTION: u32 = 1;
const NAME_RESOLUTION: u32 = 4;
const INTERFACE_STATISTICS: u32 = 5;
const DECRYPTION_SECRETS: u32 = 10;
/// Blocks without a frame that Wireshark lists with a number of their own: custom blocks, systemd
/// journal entries, sysdig events in six forms (seen with tshark 4.0).
const NUMBERED_OTHERS: [u32; 9] = [0xbad, 0x4000_0bad, 9, 0x204, 0x208, 0x216, 0x217, 0x221, 0x222];

/// What tells a section's byte order.
pub(super) const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
/// Bytes looked at of a block that holds no frame: beyond any real header or table of names. Of a
/// larger one the beginning counts.
const MAX_METADATA_BYTES: usize = 1024 * 1024;

impl Pcapng {
    /// A block that holds no frame.
    #[cold]
    pub(super) fn other_block(
        &mut self,
        input: &mut Input,
        summary: &mut Summary,
        block_type: u32,
        declared: u32,
        number: &mut u64,
    ) -> Result<(), Box<Stop>> {
        let total = block_bytes(declared)?;
        match block_type {
            INTERFACE_DESCRIPTION | NAME_RESOLUTION | INTERFACE_STATISTICS => {
                return self.metadata(input, summary, block_type, total);
            }
            DECRYPTION_SECRETS => {
                summary.decryption_secrets_blocks = summary.decryption_secrets_blocks.saturating_add(1);
            }
            _ => summary.count_skipped(block_type),
        }
        self.pass(input, total)?;
        if NUMBERED_OTHERS.contains(&block_type) {
            *number = number.saturating_add(1);
            summary.numbered_other_blocks = summary.numbered_other_blocks.saturating_add(1);
        }
        Ok(())
    }

    /// A block of descriptions: its beginning is looked at, then it is passed over.
    fn metadata(
        &mut self,
        input: &mut Input,
        summary: &mut Summary,
        block_type: u32,
        total: u32,
    ) -> Result<(), Box<Stop>> {
        let offset = input.offset();
        let body_end = (total as usize).saturating_sub(4).min(MAX_METADATA_BYTES);
        if !input.ensure(body_end) {
            return Err(Stop::no_more(input, "a block", u64::from(total)));
        }
        let body = input.available().get(BLOCK_HEADER_BYTES..body_end).unwrap_or_default();
        let sound = match block_type {
            INTERFACE_DESCRIPTION => self.interface_description(body, summary)?,
            NAME_RESOLUTION => options::names(body, self.order, summary),
            _ => self.statistics(body, summary),
        };
        if !sound {
            let message = format!("an option or record in a block of type {block_type} is longer than the block");
            summary.add_fault(Fault { offset, kind: FaultKind::BadOption, message });
        }
        self.pass(input, total)?;
        if block_type == INTERFACE_DESCRIPTION {
            self.described_to = input.offset();
        }
        Ok(())
    }

    fn interface_description(&mut self, body: &[u8], summary: &mut Summary) -> Result<bool, Box<Stop>> {
        let (Some(link_type), Some(snaplen)) = (self.order.u16_at(body, 0), self.order.u32_at(body, 4)) else {
            return broken(FaultKind::BadBlockLength, "an interface description too short for its fields".into());
        };
        if summary.interfaces.len() >= MAX_INTERFACES {
            return broken(FaultKind::TooManyInterfaces, format!("more than {MAX_INTERFACES} interfaces"));
        }
        let mut interface = Interface::new(LinkType(link_type), snaplen, TimeUnit::MICROSECOND);
        let mut options = Options::new(body.get(8..).unwrap_or_default(), self.order);
        options::interface(&mut options, &mut interface, summary);
        self.interfaces.push(FrameInterface {
            link_type: interface.link_type,
            snaplen,
            time_unit: interface.time_unit,
            time_offset_s: interface.time_offset_s,
        });
        summary.interfaces.push(interface);
        Ok(!options.broken)
    }

    fn statistics(&self, body: &[u8], summary: &mut Summary) -> bool {
        let index = self.order.u32_at(body, 0).and_then(|local| self.first_interface.checked_add(local));
        let interface = index.and_then(|index| summary.interfaces.get_mut(index as usize));
        let mut options = Options::new(body.get(12..).unwrap_or_default(), self.order);
        if let Some(interface) = interface {
            options::statistics(&mut options, interface);
        }
        !options.broken
    }

    /// A section begins: byte order and interfaces anew.
    #[cold]
    pub(super) fn section_header(&mut self, input: &mut Input, summary: &mut Summary) -> Result<(), Box<Stop>> {
        let offset = input.offset();
        if !input.ensure(SECTION_FIXED_BYTES) {
            return Err(Stop::no_more(input, "a section's header", SECTION_FIXED_BYTES as u64));
        }
        let head = input.available();
        let order = [ByteOrder::Little, ByteOrder::Big]
            .into_iter()
            .find(|order| order.u32_at(head, 8) == Some(BYTE_ORDER_MAGIC));
        let Some(order) = order else {
            return broken(FaultKind::BadBlockLength, "a section's header without byte order".into());
        };
        let declared = order.u32_at(head, 4).unwrap_or_default();
        let version = (order.u16_at(head, 12).unwrap_or_default(), order.u16_at(head, 14).unwrap_or_default());
        let total = block_bytes(declared)?;
        if (total as usize) < SECTION_FIXED_BYTES.saturating_add(4) {
            return broken(FaultKind::BadBlockLength, format!("a section's header of {total} bytes"));
        }
        // Version 1.2 was written for a while and differs in nothing (draft, section 4.1).
        if !matches!(version, (1, 0 | 2)) {
            return broken(FaultKind::BadBlock, format!("a pcapng section of version {}.{}", version.0, version.1));
        }
        let body_end = (total as usize).saturating_sub(4).min(MAX_METADATA_BYTES);
        if !input.ensure(body_end) {
            return Err(Stop::no_more(input, "a section's header", u64::from(total)));
        }
        let body = input.available().get(SECTION_FIXED_BYTES..body_end).unwrap_or_default();
        let mut options = Options::new(body, order);
        options::section(&mut options, summary);
        if options.broken {
            let message = "an option in a section's header is longer than the block".into();
            summary.add_fault(Fault { offset, kind: FaultKind::BadOption, message });
        }
        self.order = order;
        self.version = version;
        self.first_interface = u32::try_from(summary.interfaces.len()).unwrap_or(u32::MAX);
        self.interfaces.clear();
        self.pass(input, total)?;
        summary.sections = summary.sections.saturating_add(1);
        self.described_to = input.offset();
        Ok(())
    }
}
