//! HPACK (RFC 7541): header fields of HTTP/2, by their place in a table or spelt out.

use super::huffman;
use crate::app::text;
use std::collections::VecDeque;

/// Fields that both sides know (Appendix A), from 1 on.
const STATIC: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];
/// Bytes of the table at most: the default (RFC 9113 6.5.2), which a side may raise; more is not kept of one flow.
const DEFAULT_TABLE_BYTES: usize = 4096;
const MAX_TABLE_BYTES: usize = 16 << 10;
/// What an entry counts beside its name and value (4.1).
const ENTRY_BYTES: usize = 32;
/// Longest name or value: that of a whole head of HTTP/1.
const MAX_STRING_BYTES: usize = super::super::head::MAX_HEAD_BYTES;
/// Name and value of one field.
pub type Field = (String, String);

/// What one side has told so far.
pub struct Table {
    entries: VecDeque<Field>,
    bytes: usize,
    limit: usize,
}

impl Default for Table {
    fn default() -> Self {
        Self { entries: VecDeque::new(), bytes: 0, limit: DEFAULT_TABLE_BYTES }
    }
}

impl Table {
    /// The fields of a block, at most `limit` and together at most as long as a head of HTTP/1; none where the block is no
    /// such block: then the table is of no use any more.
    pub fn fields(&mut self, block: &[u8], limit: usize) -> Option<Vec<Field>> {
        let (mut rest, mut fields, mut bytes) = (block, Vec::new(), 0usize);
        while let Some(first) = rest.first().copied() {
            let field = match first {
                // 6.1: a field of the tables
                0x80.. => self.at(number(&mut rest, 7)?)?,
                // 6.3: a side changes the size of its table
                0x20..0x40 => {
                    self.limit = number(&mut rest, 5)?;
                    if self.limit > MAX_TABLE_BYTES {
                        return None;
                    }
                    self.shrink();
                    continue;
                }
                // 6.2: a value spelt out, which enters the table or not
                _ => {
                    let enters = first & 0x40 != 0;
                    let name = match number(&mut rest, if enters { 6 } else { 4 })? {
                        0 => string(&mut rest)?,
                        index => self.at(index)?.0,
                    };
                    let field = (name, string(&mut rest)?);
                    if enters {
                        self.add(field.clone());
                    }
                    field
                }
            };
            bytes = bytes.saturating_add(field.0.len()).saturating_add(field.1.len());
            if bytes > MAX_STRING_BYTES {
                return None;
            }
            if fields.len() < limit {
                fields.push(field);
            }
        }
        Some(fields)
    }

    fn at(&self, index: usize) -> Option<Field> {
        let place = index.checked_sub(1)?;
        match STATIC.get(place) {
            Some((name, value)) => Some(((*name).to_owned(), (*value).to_owned())),
            None => self.entries.get(place.checked_sub(STATIC.len())?).cloned(),
        }
    }

    fn add(&mut self, field: Field) {
        self.bytes = self.bytes.saturating_add(size(&field));
        self.entries.push_front(field);
        self.shrink();
    }

    fn shrink(&mut self) {
        while self.bytes > self.limit {
            let Some(oldest) = self.entries.pop_back() else { break };
            self.bytes = self.bytes.saturating_sub(size(&oldest));
        }
    }
}

fn size(field: &Field) -> usize {
    field.0.len().saturating_add(field.1.len()).saturating_add(ENTRY_BYTES)
}

/// A number that begins in the low bits of a byte (5.1); the low 28 bits behind them are enough for all that is allowed.
fn number(rest: &mut &[u8], bits: u32) -> Option<usize> {
    let (first, behind) = rest.split_first()?;
    *rest = behind;
    let most = 1usize.checked_shl(bits)?.checked_sub(1)?;
    let mut value = usize::from(*first) & most;
    if value < most {
        return Some(value);
    }
    for shift in [0u32, 7, 14, 21] {
        let (byte, behind) = rest.split_first()?;
        *rest = behind;
        value = value.checked_add(usize::from(byte & 0x7f).checked_shl(shift)?)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// A string, coded or not (5.2).
fn string(rest: &mut &[u8]) -> Option<String> {
    let is_coded = rest.first()? & 0x80 != 0;
    let length = number(rest, 7)?;
    let (content, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    if is_coded {
        huffman::decode(content, MAX_STRING_BYTES).map(|bytes| text::lossy(&bytes))
    } else {
        Some(text::lossy(content))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::Table;
    use crate::app::testing::hex;
    use proptest::prelude::*;

    fn said(table: &mut Table, block: &str) -> Vec<String> {
        let fields = table.fields(&hex(block), 100).unwrap();
        fields.into_iter().map(|(name, value)| format!("{name}: {value}")).collect()
    }

    #[test]
    fn the_requests_of_the_standard_are_read() {
        // RFC 7541 C.4: three requests, of which each knows what the one before said
        let mut table = Table::default();
        let first = said(&mut table, "828684418cf1e3c2e5f23a6ba0ab90f4ff");
        assert_eq!(first, [":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"]);
        assert_eq!(said(&mut table, "828684be5886a8eb10649cbf")[4], "cache-control: no-cache");
        let third = said(&mut table, "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf");
        assert_eq!((third[3].as_str(), third[4].as_str()), (":authority: www.example.com", "custom-key: custom-value"));
        assert_eq!(table.bytes, 164);
    }

    #[test]
    fn an_entry_leaves_when_the_table_is_full() {
        // RFC 7541 C.5: the table holds 256 bytes
        let mut table = Table::default();
        said(&mut table, "3fe101 4803333032 580770726976617465 611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54 6e1768747470733a2f2f7777772e6578616d706c652e636f6d");
        assert_eq!(table.bytes, 222);
        assert_eq!(said(&mut table, "4803333037c1c0bf")[0], ":status: 307");
        assert_eq!((table.bytes, table.entries.len()), (222, 4));
    }

    #[test]
    fn what_the_tables_do_not_hold_is_an_error() {
        for block in ["80", "be", "ff ff ff ff ff 7f", "40 01", "3f ff ff 7f", "00 81 ff"] {
            assert!(Table::default().fields(&hex(block), 9).is_none(), "{block}");
        }
    }

    proptest! {
        #[test]
        fn no_block_makes_it_panic_or_grow(blocks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..5)) {
            let mut table = Table::default();
            for block in blocks {
                let _ = table.fields(&block, 20);
                prop_assert!(table.bytes <= super::MAX_TABLE_BYTES);
            }
        }
    }
}
