//! What messages tell: values by the name that a message gives them, by their format, and values that are known, in every
//! spelling and behind every encoding that devices use.
//!
//! A *content* is what one message carried. Its *views* are the content itself and what it holds in encoded form
//! ([`decode`]). A *leak* is a value in a content ([`search`]). Work on a content is bounded, so time grows with the bytes.

mod bare;
mod cbor;
pub mod decode;
mod escapes;
mod hints;
mod keyed;
pub mod known;
mod leak;
mod logins;
mod mask;
pub mod meaning;
mod nmea;
mod numbers;
mod places;
mod plausible;
mod public;
mod runs;
pub mod search;
mod sought;
mod spelling;
pub mod tables;
mod websocket;
mod wide;
pub mod words;

pub use bare::Teller;
pub use leak::{KnownBy, Leak};
pub use search::{Content, Contents};

/// The bytes of a range, or none where it does not lie inside.
fn within(content: &[u8], start: usize, end: usize) -> &[u8] {
    content.get(start..end).unwrap_or_default()
}
