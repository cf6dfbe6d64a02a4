//! LLDP (IEEE 802.1AB-2016): what a switch, an access point, a telephone or a camera says of itself to its neighbours.

use crate::app::text;
use crate::at::At;
use crate::packet::{Cursor, Mac};
use crate::record;
use crate::sink::Sink;
use crate::weird::Weird;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

record! {
    /// An LLDP announcement.
    pub struct Lldp in "lldp" at {
        /// What identifies the chassis: 4 MAC, 5 network address, 7 a name given by hand (802.1AB table 8-2)
        chassis_kind: Option<u8>,
        /// Chassis: MAC, address or text; else hexadecimal digits
        chassis: Option<String>,
        /// What identifies the port: 3 MAC, 4 network address, 5 name of the interface (802.1AB table 8-3)
        port_kind: Option<u8>,
        /// Port: MAC, address or text; else hexadecimal digits
        port: Option<String>,
        /// Time that the announcement holds, seconds; 0: it no longer does
        ttl_s: Option<u16>,
        /// Description of the port
        port_description: Option<String>,
        /// Name of the system
        system_name: Option<String>,
        /// What the system is: hardware, operating system, software
        system_description: Option<String>,
        /// What it can be, bits: 2 repeater, 4 bridge, 8 access point, 16 router, 32 telephone, 128 station only
        capabilities: Option<u16>,
        /// Which of these it is now
        enabled: Option<u16>,
        /// First IP address at which it is managed
        management_address: Option<IpAddr>,
        /// LLDP-MED: revision of the hardware (ANSI/TIA-1057 10.2.6)
        hardware: Option<String>,
        /// LLDP-MED: firmware
        firmware: Option<String>,
        /// LLDP-MED: software
        software: Option<String>,
        /// LLDP-MED: serial number
        serial_number: Option<String>,
        /// LLDP-MED: manufacturer
        manufacturer: Option<String>,
        /// LLDP-MED: model
        model: Option<String>,
        /// Where its Manufacturer Usage Description is (RFC 8520 12)
        mud_url: Option<String>,
        /// Types of all elements, in order, the end included; 127 is an organisation's own
        types: Vec<u16>,
    }
}

/// Elements of one announcement: it must fit into a frame of 1,500 bytes, at two bytes each; real ones have a dozen.
const MAX_ELEMENTS: usize = 256;
/// Identifiers that are text, by table 8-2 and 8-3; interface alias, component and names given by hand.
const CHASSIS_TEXT: [u8; 5] = [1, 2, 3, 6, 7];
const PORT_TEXT: [u8; 4] = [1, 2, 5, 7];
const CHASSIS_MAC: u8 = 4;
const CHASSIS_ADDRESS: u8 = 5;
const PORT_MAC: u8 = 3;
const PORT_ADDRESS: u8 = 4;
const ORGANISATION: u8 = 127;
/// Organisations: TIA (LLDP-MED), IANA.
const MED: [u8; 3] = [0x00, 0x12, 0xbb];
const IANA: [u8; 3] = [0x00, 0x00, 0x5e];
/// RFC 8520 12: subtype of IANA's.
const MUD: u8 = 1;

impl Lldp {
    /// Reads an announcement from its first element on.
    pub fn read(sink: &mut Sink, at: At, bytes: &[u8]) {
        let row = Self::parse(at, bytes);
        if row.types.is_empty() {
            return sink.weird(&at, Weird::BadMessage, "lldp", None);
        }
        sink.emit(&row);
    }

    fn parse(at: At, bytes: &[u8]) -> Self {
        let mut row = Self {
            at,
            chassis_kind: None,
            chassis: None,
            port_kind: None,
            port: None,
            ttl_s: None,
            port_description: None,
            system_name: None,
            system_description: None,
            capabilities: None,
            enabled: None,
            management_address: None,
            hardware: None,
            firmware: None,
            software: None,
            serial_number: None,
            manufacturer: None,
            model: None,
            mud_url: None,
            types: Vec::new(),
        };
        let mut cursor = Cursor::new(bytes);
        while let Some(head) = cursor.u16().filter(|_| row.types.len() < MAX_ELEMENTS) {
            // seven bits of type, nine of length
            let kind = u8::try_from(head >> 9).unwrap_or(0);
            let Some(value) = cursor.take(usize::from(head & 0x1ff)) else { break };
            row.types.push(u16::from(kind));
            if kind == 0 {
                break;
            }
            row.element(kind, value);
        }
        row
    }

    fn element(&mut self, kind: u8, value: &[u8]) -> Option<()> {
        let mut cursor = Cursor::new(value);
        match kind {
            1 => {
                let of = cursor.u8()?;
                self.chassis_kind = Some(of);
                self.chassis =
                    identifier(cursor.rest(), of == CHASSIS_MAC, of == CHASSIS_ADDRESS, CHASSIS_TEXT.contains(&of));
            }
            2 => {
                let of = cursor.u8()?;
                self.port_kind = Some(of);
                self.port = identifier(cursor.rest(), of == PORT_MAC, of == PORT_ADDRESS, PORT_TEXT.contains(&of));
            }
            3 => self.ttl_s = cursor.u16(),
            4 => self.port_description = text::padded(value),
            5 => self.system_name = text::padded(value),
            6 => self.system_description = text::padded(value),
            7 => (self.capabilities, self.enabled) = (cursor.u16(), cursor.u16()),
            8 => {
                let length = usize::from(cursor.u8()?);
                self.management_address = self.management_address.or(address(cursor.take(length)?));
            }
            ORGANISATION => self.organisation(cursor.array()?, cursor.u8()?, cursor.rest()),
            _ => {}
        }
        Some(())
    }

    fn organisation(&mut self, organisation: [u8; 3], subtype: u8, value: &[u8]) {
        let told = match (organisation, subtype) {
            (IANA, MUD) => &mut self.mud_url,
            (MED, 5) => &mut self.hardware,
            (MED, 6) => &mut self.firmware,
            (MED, 7) => &mut self.software,
            (MED, 8) => &mut self.serial_number,
            (MED, 9) => &mut self.manufacturer,
            (MED, 10) => &mut self.model,
            _ => return,
        };
        *told = text::padded(value);
    }
}

fn identifier(value: &[u8], is_mac: bool, is_address: bool, is_text: bool) -> Option<String> {
    if is_mac && let Some(octets) = value.first_chunk::<6>() {
        return Some(Mac(*octets).to_string());
    }
    if is_address && let Some(address) = address(value) {
        return Some(address.to_string());
    }
    if is_text { text::padded(value) } else { Some(text::hex(value)) }
}

/// Family (IANA address family numbers), then the address.
fn address(bytes: &[u8]) -> Option<IpAddr> {
    let mut cursor = Cursor::new(bytes);
    match cursor.u8()? {
        1 => cursor.array::<4>().map(|octets| IpAddr::V4(Ipv4Addr::from(octets))),
        2 => cursor.array::<16>().map(|octets| IpAddr::V6(Ipv6Addr::from(octets))),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::Lldp;
    use crate::app::testing::{at, hex};
    use proptest::prelude::*;

    const CAMERA: &str = "0207 04 020000000009          # chassis: a MAC
        0405 05 65746830                                # port: eth0
        0602 0078                                       # for 120 s
        0a03 63616d                                     # system: cam
        0e04 0080 0080                                  # a station
        100c 05 01 c0a80109 02 00000001 00              # managed at 192.168.1.9
        fe07 0012bb 06 312e32                           # LLDP-MED: firmware 1.2
        fe0d 00005e 01 68747470733a2f2f78               # MUD: https://x
        0000 ffff                                       # the end, padding";

    #[test]
    fn a_camera_says_what_it_is() {
        let row = Lldp::parse(at(0, 0), &hex(CAMERA));
        assert_eq!([row.chassis.as_deref(), row.port.as_deref()], [Some("02:00:00:00:00:09"), Some("eth0")]);
        assert_eq!([row.system_name.as_deref(), row.firmware.as_deref()], [Some("cam"), Some("1.2")]);
        assert_eq!((row.ttl_s, row.capabilities, row.mud_url.as_deref()), (Some(120), Some(128), Some("https://x")));
        assert_eq!(row.management_address.unwrap().to_string(), "192.168.1.9");
        assert_eq!(row.types, [1, 2, 3, 5, 7, 8, 127, 127, 0]);
    }

    #[test]
    fn an_element_that_is_cut_ends_the_reading() {
        let row = Lldp::parse(at(0, 0), &hex("0207 04 020000000009 0405 05"));
        assert_eq!((row.types.as_slice(), row.port), ([1].as_slice(), None));
        assert!(Lldp::parse(at(0, 0), &hex("02")).types.is_empty());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..90), place in 0usize..70, byte in any::<u8>()) {
            Lldp::parse(at(0, 0), &bytes);
            let mut changed = hex(CAMERA);
            if let Some(old) = changed.get_mut(place) { *old = byte; }
            Lldp::parse(at(0, 0), &changed);
        }
    }
}
