//! Formats: the one registry, and what a format must provide.
//!
//! To add one: a file with a `FORMATS` list, and its name in the list below. A pattern only says where to look; what
//! is claimed was parsed.

use crate::part::{Category, Part};

mod esp_signature;
mod fit_signature;
mod sw_description;

macro_rules! formats {
    ($($module:ident),* $(,)?) => {
        $(mod $module;)*
        /// Every format, in the order in which they are asked.
        pub const FORMATS: &[&[Format]] = &[$($module::FORMATS),*];
    };
}

formats![
    esp8266,
    esp32,
    esp_tables,
    tuya,
    beken,
    ameba,
    mrvl,
    mediatek,
    hikvision,
    uboot,
    fit,
    mcuboot,
    swupdate,
    rauc,
    zigbee,
    telink,
    gbl,
    pem_tail,
    yaffs,
    android,
    patches,
    squashfs,
    filesystems,
    flash,
    compressed,
    archives,
    executables,
    media,
    der,
];

/// Where a format may begin.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// wherever this pattern is found, this many bytes into the format
    Pattern(&'static [u8], usize),
    /// the same, where only a checksum over all of it tells that it is one: so few are tried in vain
    Checked(&'static [u8], usize),
    /// its pattern is too short to search: at every multiple of 4096, which is a sector of flash, and where parts
    /// say that content begins
    Sector(&'static [u8]),
    /// it is recognised by the image's last bytes
    Tail,
}

/// A format.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// its name in results
    pub name: &'static str,
    /// sort of thing
    pub category: Category,
    /// where it may begin
    pub places: &'static [Place],
    /// reads it at an offset; none where it is not this format. Everything claimed is in the bytes.
    pub parse: fn(&[u8], usize) -> Option<Part>,
}
