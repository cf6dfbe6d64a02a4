//! stub until merge
#![allow(missing_docs)]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)] pub struct LinkType(pub u16);
impl LinkType { pub const NULL:Self=Self(0); pub const ETHERNET:Self=Self(1); pub const PPP:Self=Self(9); pub const RAW_12:Self=Self(12); pub const RAW_14:Self=Self(14); pub const PPP_HDLC:Self=Self(50); pub const PPP_ETHER:Self=Self(51); pub const RAW:Self=Self(101); pub const IEEE802_11:Self=Self(105); pub const LOOP:Self=Self(108); pub const LINUX_SLL:Self=Self(113); pub const IEEE802_11_RADIOTAP:Self=Self(127); pub const PPI:Self=Self(192); pub const IPV4:Self=Self(228); pub const IPV6:Self=Self(229); pub const LINUX_SLL2:Self=Self(276);}
