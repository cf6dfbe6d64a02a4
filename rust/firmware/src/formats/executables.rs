//! Programs: ELF and PE.
//!
//! Sources: System V ABI (ELF header, e_machine); Microsoft, "PE Format".

use super::{Format, Place};
use crate::bytes::{be16, be32, be64, le16, le32, le64, le_size, u8_at};
use crate::part::{Category, Encryption, Part};

/// Formats of this file.
pub const FORMATS: &[Format] = &[
    Format { name: "elf", category: Category::Executable, places: &[Place::Pattern(b"\x7fELF", 0)], parse: elf },
    Format { name: "pe", category: Category::Executable, places: &[Place::Pattern(b"MZ", 0)], parse: pe },
];

const MACHINES: &[(u16, &str)] = &[
    (2, "SPARC"),
    (3, "x86"),
    (4, "m68k"),
    (8, "MIPS"),
    (20, "PowerPC"),
    (21, "PowerPC64"),
    (40, "ARM"),
    (42, "SuperH"),
    (62, "x86-64"),
    (83, "AVR"),
    (93, "ARCompact"),
    (94, "Xtensa"),
    (183, "AArch64"),
    (195, "ARCv2"),
    (243, "RISC-V"),
    (258, "LoongArch"),
];

fn elf(image: &[u8], at: usize) -> Option<Part> {
    let (class, order, version) = (u8_at(image, at + 4)?, u8_at(image, at + 5)?, u8_at(image, at + 6)?);
    if !matches!(class, 1 | 2) || !matches!(order, 1 | 2) || version != 1 {
        return None;
    }
    let big = order == 2;
    let half = |offset| if big { be16(image, at + offset) } else { le16(image, at + offset) };
    let word = |offset| if big { be32(image, at + offset) } else { le32(image, at + offset) };
    let long = |offset| if big { be64(image, at + offset) } else { le64(image, at + offset) };
    let (kind, machine) = (half(16)?, half(18)?);
    if !matches!(kind, 1..=4) || machine == 0 || word(20)? != 1 {
        return None;
    }
    let (sections, entry_size, count) = if class == 1 {
        (u64::from(word(32)?), half(46)?, half(48)?)
    } else {
        (long(40)?, half(58)?, half(60)?)
    };
    let name = MACHINES.iter().find(|(number, _)| *number == machine);
    let part = Part::new("elf", Category::Executable, at)
        .field("architecture", name.map_or_else(|| machine.to_string(), |(_, name)| (*name).to_owned()))
        .field("bits", if class == 1 { 32 } else { 64 })
        .field("byte_order", if big { "big" } else { "little" })
        .field("kind", ["", "object", "program", "shared object or program", "core dump"].get(usize::from(kind)).copied())
        .encryption(Encryption::No, "its header is readable");
    // The table of sections comes last; stripped of it, the length is not known.
    let end = sections.checked_add(u64::from(entry_size) * u64::from(count))?;
    Some(if sections > 0 && end < 1 << 32 { part.length(end, image.len() - at) } else { part })
}

fn pe(image: &[u8], at: usize) -> Option<Part> {
    let header = at.checked_add(le_size(image, at + 60).filter(|offset| (64..4096).contains(offset))?)?;
    if le32(image, header)? != 0x4550 {
        return None;
    }
    let (machine, sections, optional) = (le16(image, header + 4)?, le16(image, header + 6)?, le16(image, header + 20)?);
    let name = match machine {
        0x14c => "x86",
        0x8664 => "x86-64",
        0x1c0 | 0x1c4 => "ARM",
        0xaa64 => "AArch64",
        0x5032 | 0x5064 => "RISC-V",
        0x200 => "Itanium",
        _ => return None,
    };
    if sections == 0 || sections > 96 {
        return None;
    }
    let table = header + 24 + usize::from(optional);
    let end = (0..usize::from(sections))
        .filter_map(|index| {
            let entry = table + index * 40;
            Some(u64::from(le32(image, entry + 16)?) + u64::from(le32(image, entry + 20)?))
        })
        .max()?;
    Some(
        Part::new("pe", Category::Executable, at)
            .length(end.max((table + usize::from(sections) * 40 - at) as u64), image.len() - at)
            .field("architecture", name)
            .encryption(Encryption::No, "its header is readable"),
    )
}
