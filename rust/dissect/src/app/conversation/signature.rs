//! Signatures of compressed and media formats, which look like random bytes and are not encrypted.

/// The format whose signature ends the last four bytes. Signatures of four bytes and more: among 16 KiB of random bytes
/// one of them is found once in some thousand samples.
#[inline]
pub fn signature(last: u32) -> Option<&'static str> {
    let [first, ..] = last.to_be_bytes();
    if MAY_BEGIN.get(usize::from(first)) == Some(&true) { told(last) } else { None }
}

/// First bytes of the last four with which there is any signature: asked for each byte, few of which are any of these.
#[allow(clippy::indexing_slicing)] // evaluated at compile time
const MAY_BEGIN: [bool; 256] = {
    let begins = [
        0x04u8, 0x1a, 0x1f, 0x28, 0x37, 0x42, 0x46, 0x47, 0x49, 0x4f, 0x50, 0x52, 0x5d, 0x66, 0x6d, 0x73, 0x77, 0x89,
        0xfd, 0xff,
    ];
    let mut table = [false; 256];
    let mut index = 0;
    while index < begins.len() {
        table[begins[index] as usize] = true;
        index += 1;
    }
    table
};

fn told(last: u32) -> Option<&'static str> {
    let name = match last {
        // RFC 1952 2.3: deflate, and no reserved flag
        0x1f8b_0800..=0x1f8b_081f => "gzip",
        0x28b5_2ffd => "zstd",
        0x0422_4d18 => "lz4",
        0xfd37_7a58 => "xz",
        // LZMA alone (xz, lzma-file-format.txt): lc 3, lp 0, pb 2, as all programs have it, and a dictionary of 64 KiB to 8 MiB
        0x5d00_0001 | 0x5d00_0002 | 0x5d00_0004 | 0x5d00_0008 | 0x5d00_0010 | 0x5d00_0020 | 0x5d00_0040
        | 0x5d00_0080 => "lzma",
        0x425a_6831..=0x425a_6839 => "bzip2",
        0x504b_0304 => "zip",
        0x5261_7221 => "rar",
        0x377a_bcaf => "7z",
        0xffd8_ffdb | 0xffd8_ffe0..=0xffd8_ffef | 0xffd8_fffe => "jpeg",
        0x8950_4e47 => "png",
        0x4749_4638 => "gif",
        // RIFF: WebP, AVI, WAV
        0x5249_4646 => "riff",
        0x774f_4646 | 0x774f_4632 => "woff",
        // ISO base media (MP4, HEIF, fragments of DASH)
        0x6674_7970 | 0x7374_7970 | 0x6d6f_6f66 => "mp4",
        0x4f67_6753 => "ogg",
        0x664c_6143 => "flac",
        0x4944_3302..=0x4944_3304 => "mp3",
        0x1a45_dfa3 => "matroska",
        0x464c_5601 => "flv",
        _ => return None,
    };
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::signature;

    fn found(bytes: &[u8]) -> Option<&'static str> {
        let mut window = 0u32;
        bytes.iter().find_map(|byte| {
            window = window << 8 | u32::from(*byte);
            signature(window)
        })
    }

    #[test]
    fn formats_are_found_behind_other_bytes() {
        assert_eq!(found(b"....\x1f\x8b\x08\x00abc"), Some("gzip"));
        assert_eq!(found(b"Content-Type: image/jpeg\r\n\r\n\xff\xd8\xff\xe0\x00\x10JFIF"), Some("jpeg"));
        assert_eq!(found(b"\x00\x00\x00\x18ftypmp42"), Some("mp4"));
        assert_eq!(found(b"..\x5d\x00\x00\x80\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00"), Some("lzma"));
    }

    #[test]
    fn the_first_look_passes_over_no_format() {
        for last in [
            0x1f8b_0800u32,
            0x28b5_2ffd,
            0x0422_4d18,
            0xfd37_7a58,
            0x5d00_0080,
            0x425a_6839,
            0x504b_0304,
            0x5261_7221,
            0x377a_bcaf,
            0xffd8_ffdb,
            0xffd8_ffe1,
            0xffd8_fffe,
            0x8950_4e47,
            0x4749_4638,
            0x5249_4646,
            0x774f_4646,
            0x774f_4632,
            0x6674_7970,
            0x7374_7970,
            0x6d6f_6f66,
            0x4f67_6753,
            0x664c_6143,
            0x4944_3303,
            0x1a45_dfa3,
            0x464c_5601,
        ] {
            assert!(signature(last).is_some(), "{last:08x}");
        }
    }
}
