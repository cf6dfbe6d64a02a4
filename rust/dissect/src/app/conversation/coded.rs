//! Compressed and coded content that no signature of a file tells: video, packets of transport streams, and what inflates.

use super::video::Video;
use flate2::{Decompress, FlushDecompress, Status};
use memchr::memchr_iter;

/// Packets of a transport stream that must follow one another in a piece; chance has five sync bytes at their places once in 10^9 pieces.
const MIN_PACKETS: usize = 5;
/// Lengths of these packets: alone, with a time before them (Blu-ray), with error correction behind them (ISO/IEC 13818-1, ETSI EN 300 429).
const PACKET_BYTES: [usize; 3] = [188, 192, 204];
/// First byte of each, and the bits of its fourth that tell that it is scrambled (ISO/IEC 13818-1 2.4.3.2).
const SYNC: u8 = 0x47;
const SCRAMBLED: u8 = 0xc0;
/// Length of a head before what is compressed, and fewest bytes that must inflate.
const MAX_HEAD_BYTES: usize = 64;
const MIN_DEFLATED_BYTES: usize = 64;
/// Method and window of zlib, and its levels with their check (RFC 1950 2.2).
const ZLIB: u8 = 0x78;
const ZLIB_LEVELS: [u8; 4] = [0x01, 0x5e, 0x9c, 0xda];
/// Bytes of content after which no more is inflated: chance makes none of so many, and a piece may be made to hold a thousand times its own.
const ENOUGH_BYTES: u64 = 64 << 10;
/// Bytes inflated at a time.
const STEP_BYTES: usize = 4 << 10;
/// End of what deflate flushes after a message (RFC 1979 2.1, RFC 7692 7.2.1), and pieces that must end so: one may be a number.
const FLUSHED: &[u8] = &[0x00, 0x00, 0xff, 0xff];
const MIN_FLUSHED: u32 = 2;

/// What a direction's bytes show.
#[derive(Default)]
pub struct Coded {
    format: Option<&'static str>,
    video: Video,
    flushed: u32,
}

impl Coded {
    /// Looks at a datagram, or what came of a stream at a time.
    pub fn piece(&mut self, bytes: &[u8]) {
        self.video.piece(bytes);
        if self.format.is_none() {
            self.format = if is_transport(bytes) { Some("mpeg-ts") } else { is_zlib(bytes).then_some("zlib") };
        }
        self.flushed = self.flushed.saturating_add(u32::from(bytes.len() > FLUSHED.len() && bytes.ends_with(FLUSHED)));
    }

    /// The format, where it is shown.
    pub fn format(&self) -> Option<&'static str> {
        self.format.or_else(|| self.video.format()).or_else(|| (self.flushed >= MIN_FLUSHED).then_some("deflate"))
    }

    /// Units of video that fit, where most do.
    pub fn units(&self) -> u32 {
        self.video.units()
    }
}

/// Whether packets of a transport stream in clear follow one another to the end of a piece.
fn is_transport(bytes: &[u8]) -> bool {
    PACKET_BYTES.into_iter().any(|length| {
        let head = bytes.get(..length).unwrap_or(bytes);
        memchr_iter(SYNC, head).any(|place| {
            let mut packets = bytes.get(place..).unwrap_or_default().chunks(length);
            let is_clear = |packet: &[u8]| {
                packet.first() == Some(&SYNC) && packet.get(3).is_none_or(|flags| flags & SCRAMBLED == 0)
            };
            packets.len() >= MIN_PACKETS && packets.all(is_clear)
        })
    })
}

/// Whether a piece is, from near its beginning to its end, what zlib makes.
fn is_zlib(bytes: &[u8]) -> bool {
    let head = bytes.get(..MAX_HEAD_BYTES).unwrap_or(bytes);
    memchr_iter(ZLIB, head).any(|place| {
        let rest = bytes.get(place..).unwrap_or_default();
        rest.len() >= MIN_DEFLATED_BYTES
            && rest.get(1).is_some_and(|level| ZLIB_LEVELS.contains(level))
            && inflates(rest)
    })
}

/// Whether bytes inflate: all of them, so many to an end, or to enough.
fn inflates(mut bytes: &[u8]) -> bool {
    let mut decoder = Decompress::new(true);
    let mut step = [0; STEP_BYTES];
    loop {
        let (taken, made) = (decoder.total_in(), decoder.total_out());
        let Ok(status) = decoder.decompress(bytes, &mut step, FlushDecompress::None) else { return false };
        let taken = usize::try_from(decoder.total_in().saturating_sub(taken)).unwrap_or(usize::MAX);
        bytes = bytes.get(taken..).unwrap_or_default();
        if status == Status::StreamEnd {
            return decoder.total_in() >= MIN_DEFLATED_BYTES as u64;
        }
        if bytes.is_empty() || decoder.total_out() >= ENOUGH_BYTES {
            return true;
        }
        if taken == 0 && decoder.total_out() == made {
            return false;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::Coded;
    use flate2::{Compression, read::ZlibEncoder};
    use proptest::prelude::*;
    use std::io::Read;
    use std::time::{Duration, Instant};

    /// Bytes of a linear congruential generator (Knuth's MMIX), the high ones.
    fn random(count: usize, mut state: u64) -> Vec<u8> {
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        (0..count).map(|_| next()).collect()
    }

    fn read(bytes: &[u8]) -> (Option<&'static str>, u32) {
        let mut coded = Coded::default();
        bytes.chunks(1400).for_each(|piece| coded.piece(piece));
        (coded.format(), coded.units())
    }

    fn units(heads: &[&[u8]]) -> Vec<u8> {
        heads.iter().flat_map(|head| [&[0, 0, 0, 1], *head, &random(900, 7)].concat()).collect()
    }

    #[test]
    fn video_without_its_beginning_is_told() {
        // parts of pictures: not of references, references, alone
        let h264: [&[u8]; 4] = [&[0x41, 0x9a, 0x24], &[0x01, 0x9e, 0x41], &[0x09, 0x10, 0x80], &[0x65, 0x88, 0x84]];
        assert_eq!(read(&[random(500, 3), units(&h264)].concat()), (Some("h26x"), 4));
        let h265: [&[u8]; 3] = [&[0x02, 0x01, 0xd0], &[0x02, 0x01, 0xd0], &[0x26, 0x01, 0xaf]];
        assert_eq!(read(&units(&h265)).0, Some("h26x"));
        assert_eq!(read(&units(&[&[0x67, 0x42, 0xc0]])).0, Some("h26x"));
        assert_eq!(read(&units(&[&[0x40, 0x01, 0x0c]])).0, Some("h26x"));
        let pack = [&[0, 0, 1, 0xba, 0x44][..], &[4; 8], &[0xf8, 0, 0, 1, 0xe0], &random(600, 9)].concat();
        assert_eq!(read(&pack.repeat(3)).0, Some("mpeg-ps"));
    }

    #[test]
    fn too_few_units_and_numbers_before_other_bytes_are_none() {
        assert_eq!(read(&units(&[&[0x41, 0x9a, 0x24], &[0x41, 0x9a, 0x24]])), (None, 2));
        let counted: [&[u8]; 4] = [&[0x01, 0x01], &[0x01, 0x02], &[0x01, 0x03], &[0x01, 0x04]];
        assert_eq!(read(&units(&counted)).0, None);
        assert_eq!(read(&[&[0; 7], &[1, 0x67, 0x42, 0xc0][..], &random(900, 7)].concat()), (None, 0));
        // a constant before encrypted bytes
        let records: [&[u8]; 5] = [&[0x17], &[0xa7], &[0x80], &[0x67, 0x42, 0xc0], &[0x33]];
        assert_eq!(read(&units(&records)).0, None);
    }

    #[test]
    fn a_transport_stream_is_told_unless_it_is_scrambled() {
        let packets = |flags: u8| -> Vec<u8> {
            (0..14).flat_map(|number| [&[0x47, 1, 0, 0x10 | flags][..], &random(184, number)].concat()).collect()
        };
        let cut = packets(0);
        assert_eq!(read(&cut[100..]).0, Some("mpeg-ts"));
        assert_eq!(read(&packets(0x80)).0, None);
    }

    #[test]
    fn what_inflates_is_told_and_what_only_begins_so_is_not() {
        let text: String =
            (0..900).map(|number| format!("{{\"reading\":{},\"of\":{number}}}", number * number)).collect();
        let mut packed = Vec::new();
        ZlibEncoder::new(text.as_bytes(), Compression::best()).read_to_end(&mut packed).unwrap();
        assert!(packed.len() > 2000);
        assert_eq!(read(&[&[1, 2, 0x78, 0], &packed[..]].concat()).0, Some("zlib"));
        assert_eq!(read(&[&[0x78, 0x9c], &random(4000, 5)[..]].concat()).0, None);
        let message = [&random(300, 11)[..], &[0, 0, 0xff, 0xff]].concat();
        let mut coded = Coded::default();
        coded.piece(&message);
        assert_eq!(coded.format(), None);
        coded.piece(&message);
        assert_eq!(coded.format(), Some("deflate"));
    }

    #[test]
    fn what_would_inflate_to_a_thousand_times_its_bytes_is_told_at_once() {
        let mut packed = Vec::new();
        ZlibEncoder::new(&vec![0; 60 << 20][..], Compression::best()).read_to_end(&mut packed).unwrap();
        let begun = Instant::now();
        for _ in 0..200 {
            let mut coded = Coded::default();
            coded.piece(&packed[..packed.len() - 20]);
            assert_eq!(coded.format(), Some("zlib"));
        }
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    }

    #[test]
    fn random_bytes_are_nothing() {
        let shown = (0..400).filter(|seed| read(&random(16 << 10, *seed)).0.is_some()).count();
        assert_eq!(shown, 0);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(0u8..4, 0..400)) {
            read(&bytes);
        }
    }
}
