//! Which bodies become files: what could be an image. Pictures, films and text are not written.

/// What a body is, as far as it matters where it goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// goes into a file
    Binary,
    /// reads as text, and nothing says so: goes into a file and is searched
    Unlabelled,
    /// text for programs or people: is searched
    Text,
    /// pictures, sound, film, fonts, style sheets, scripts
    Media,
    /// too short for a file: is searched
    Short,
}

impl Kind {
    /// Whether it goes into a file.
    pub fn is_file(self) -> bool {
        matches!(self, Self::Binary | Self::Unlabelled)
    }

    /// Whether it is given to whoever searches content.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Unlabelled | Self::Short)
    }

    /// Why it is in no file.
    pub fn left_out(self) -> Option<&'static str> {
        match self {
            Self::Binary | Self::Unlabelled => None,
            Self::Text => Some("text"),
            Self::Media => Some("media"),
            Self::Short => Some("short"),
        }
    }
}

/// Types of media and of what pages are made of (IANA media types).
const MEDIA: &[&str] = &["image/", "video/", "audio/", "font/", "text/css", "text/javascript", "application/javascript", "application/x-javascript"];
/// Types whose content is text for programs or people. A form in parts is none: it begins as text and can bring a file.
const TEXT: &[&str] = &["text/", "application/json", "application/xml", "application/x-www-form-urlencoded"];
/// How contents of media begin: JPEG, PNG, GIF, RIFF, Ogg, ID3, web fonts.
const MAGICS: &[&[u8]] = &[b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"OggS", b"ID3", b"wOFF", b"wOF2"];

/// Judges by type and first bytes (none: unknown): a server may say of an image of firmware that it is text. A part of a
/// content (`is_part`) does not show how that begins, and is kept unless it is of a film or picture.
pub fn kind(content_type: Option<&str>, first: &[u8], is_part: bool) -> Kind {
    let told = content_type.unwrap_or_default().trim().to_ascii_lowercase();
    let is = |types: &[&str]| types.iter().any(|known| told.starts_with(known));
    let is_text_type = is(TEXT) || told.split(';').next().is_some_and(|kind| kind.ends_with("+json") || kind.ends_with("+xml"));
    let reads_as_text = std::str::from_utf8(first).map_or_else(|error| error.error_len().is_none(), |_| true)
        && first.iter().all(|byte| *byte >= 0x20 || byte.is_ascii_whitespace());
    let begins_as_media = MAGICS.iter().any(|magic| first.starts_with(magic)) || first.get(4..8) == Some(b"ftyp");
    if is_part {
        return if is(MEDIA) { Kind::Media } else { Kind::Binary };
    }
    match () {
        () if begins_as_media => Kind::Media,
        // whatever begins as no known picture or text is kept, whatever its type says
        () if is(MEDIA) && (reads_as_text || first.is_empty()) => Kind::Media,
        () if is_text_type && reads_as_text => Kind::Text,
        () if first.is_empty() || !reads_as_text => Kind::Binary,
        () => Kind::Unlabelled,
    }
}
