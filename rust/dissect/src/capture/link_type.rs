//! What the first byte of a frame belongs to.

use super::{MAX_FRAME_BYTES, MAX_LARGE_FRAME_BYTES, MAX_WIRE_BYTES};

/// Link-layer type as written in capture files (LINKTYPE_*, <https://www.tcpdump.org/linktypes.html>).
/// A newtype, so that a number which nobody knows survives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct LinkType(pub u16);

/// Declares the constants and both tables of names from one list.
macro_rules! link_types {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $short:literal, $long:literal;)*) => {
        impl LinkType {
            $($(#[$doc])* pub const $name: LinkType = LinkType($number);)*

            /// Short name as `capinfos` prints it (`ether`, `linux-sll`); `unknown` where there is none.
            pub fn name(self) -> &'static str {
                match self { $(LinkType::$name => $short,)* _ => "unknown" }
            }

            /// Long name as Wireshark shows it (`Ethernet`); `Unknown` where there is none.
            pub fn long_name(self) -> &'static str {
                match self { $(LinkType::$name => $long,)* _ => "Unknown" }
            }
        }
    };
}

link_types! {
    /// BSD loopback: address family in the byte order of the capturing machine.
    NULL = 0, "null", "NULL/Loopback";
    /// Ethernet, without preamble, usually without frame check sequence.
    ETHERNET = 1, "ether", "Ethernet";
    /// Xerox experimental Ethernet of 3 Mb/s.
    XEROX_ETHERNET = 2, "xeth", "Xerox 3MB Ethernet";
    /// IEEE 802.5 token ring.
    TOKEN_RING = 6, "tr", "Token Ring";
    /// ARCNET as BSD captures it.
    ARCNET = 7, "arcnet", "ARCNET";
    /// Serial line IP.
    SLIP = 8, "slip", "SLIP";
    /// Point-to-point protocol, with or without HDLC address and control bytes.
    PPP = 9, "ppp", "PPP";
    /// Fibre distributed data interface.
    FDDI = 10, "fddi-swapped", "FDDI with bit-swapped MAC addresses";
    /// LLC/SNAP in AAL5 (RFC 1483).
    ATM_RFC1483 = 11, "atm-rfc1483", "RFC 1483 ATM";
    /// Raw IP: what DLT_RAW is on most systems, in files that wrote the DLT_ value.
    RAW_DLT_12 = 12, "rawip", "Raw IP";
    /// Raw IP: what DLT_RAW is on OpenBSD, in files that wrote the DLT_ value.
    RAW_DLT_14 = 14, "rawip", "Raw IP";
    /// PPP in HDLC-like framing (RFC 1662).
    PPP_HDLC = 50, "ppp", "PPP";
    /// PPPoE session packets, starting with the PPPoE header (RFC 2516).
    PPP_ETHER = 51, "pppoes", "PPP-over-Ethernet session";
    /// Raw IPv4 or IPv6, told apart by the version.
    RAW = 101, "rawip", "Raw IP";
    /// Cisco HDLC.
    C_HDLC = 104, "chdlc", "Cisco HDLC";
    /// IEEE 802.11, no radio information.
    IEEE802_11 = 105, "ieee-802-11", "IEEE 802.11 Wireless LAN";
    /// Frame relay.
    FRELAY = 107, "frelay", "Frame Relay";
    /// OpenBSD loopback: address family in network byte order.
    LOOP = 108, "loop", "OpenBSD loopback";
    /// Linux cooked capture, version 1.
    LINUX_SLL = 113, "linux-sll", "Linux cooked-mode capture v1";
    /// IEEE 802.11 after a Prism monitor header.
    PRISM = 119, "ieee-802-11-prism", "IEEE 802.11 plus Prism II monitor mode radio header";
    /// IEEE 802.11 after a radiotap header.
    IEEE802_11_RADIOTAP = 127, "ieee-802-11-radiotap", "IEEE 802.11 plus radiotap radio header";
    /// ARCNET as Linux captures it.
    ARCNET_LINUX = 129, "arcnet_linux", "Linux ARCNET";
    /// Bluetooth HCI UART transport.
    BLUETOOTH_HCI_H4 = 187, "bluetooth-h4", "Bluetooth H4";
    /// USB with a Linux header of 48 bytes.
    USB_LINUX = 189, "usb-linux", "USB packets with Linux header";
    /// Per-packet information header.
    PPI = 192, "ppi", "Per-Packet Information header";
    /// IEEE 802.15.4 with frame check sequence.
    IEEE802_15_4 = 195, "wpan", "IEEE 802.15.4 Wireless PAN";
    /// Bluetooth HCI UART transport with direction.
    BLUETOOTH_HCI_H4_WITH_PHDR = 201, "bluetooth-h4-linux", "Bluetooth H4 with linux header";
    /// USB with a Linux header of 64 bytes.
    USB_LINUX_MMAPPED = 220, "usb-linux-mmap", "USB packets with Linux header and padding";
    /// Controller area network as Linux captures it.
    CAN_SOCKETCAN = 227, "socketcan", "SocketCAN";
    /// Raw IPv4 only.
    IPV4 = 228, "rawip4", "Raw IPv4";
    /// Raw IPv6 only.
    IPV6 = 229, "rawip6", "Raw IPv6";
    /// IEEE 802.15.4 without frame check sequence.
    IEEE802_15_4_NOFCS = 230, "wpan-nofcs", "IEEE 802.15.4 Wireless PAN with FCS not present";
    /// D-Bus messages.
    DBUS = 231, "dbus", "D-Bus";
    /// Linux netlink NFLOG.
    NFLOG = 239, "nflog", "NFLOG";
    /// USB with a USBPcap header.
    USBPCAP = 249, "usb-usbpcap", "USB packets with USBPcap header";
    /// Bluetooth Low Energy link layer.
    BLUETOOTH_LE_LL = 251, "bluetooth-le-ll", "Bluetooth Low Energy Link Layer";
    /// PDUs exported by Wireshark.
    WIRESHARK_UPPER_PDU = 252, "wireshark-upper-pdu", "Wireshark Upper PDU export";
    /// Linux netlink.
    NETLINK = 253, "netlink", "Linux Netlink";
    /// Bluetooth Low Energy link layer with radio information.
    BLUETOOTH_LE_LL_WITH_PHDR = 256, "bluetooth-le-ll-rf", "Bluetooth Low Energy Link Layer RF";
    /// Apple PKTAP.
    PKTAP = 258, "pktap", "Apple PKTAP";
    /// Linux virtual sockets.
    VSOCK = 271, "vsock", "Linux vsock";
    /// Linux cooked capture, version 2.
    LINUX_SLL2 = 276, "linux-sll2", "Linux cooked-mode capture v2";
    /// IEEE 802.15.4 with TAP pseudo-header.
    IEEE802_15_4_TAP = 283, "wpan-tap", "IEEE 802.15.4 Wireless with TAP pseudo-header";
}

impl LinkType {
    /// Largest captured length believed for this link type, in bytes (wtap_max_snaplen_for_encap
    /// of Wireshark).
    pub fn max_frame_bytes(self) -> u32 {
        match self {
            LinkType::DBUS | LinkType::USBPCAP => MAX_LARGE_FRAME_BYTES,
            _ => MAX_FRAME_BYTES,
        }
    }

    /// Largest length on the wire believed: a snap length may cut what is longer than a captured frame can be, as segments
    /// that the network card cuts later.
    pub fn max_original_bytes(self) -> u32 {
        self.max_frame_bytes().max(MAX_WIRE_BYTES)
    }
}
