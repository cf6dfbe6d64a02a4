//! The text of elements in a small XML document, by local name: enough for messages of known shape, no parser.

use super::text;

/// Longest text told of one element.
const MAX_ELEMENT_BYTES: usize = 4096;

/// Text of the first element with this local name, whatever its prefix; entities and inner tags stay as they are.
pub fn element(document: &[u8], name: &str) -> Option<String> {
    let inside = inside(document, name)?;
    let told = text::lossy(inside.get(..MAX_ELEMENT_BYTES).unwrap_or(inside).trim_ascii());
    (!told.is_empty()).then_some(told)
}

/// What stands between the first start tag with this local name and the next end tag of that name.
pub fn inside<'a>(document: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut rest = document;
    loop {
        let open = rest.iter().position(|byte| *byte == b'<')?;
        rest = rest.get(open.checked_add(1)?..)?;
        if is_tag(rest, name) {
            break;
        }
    }
    let body = rest.get(rest.iter().position(|byte| *byte == b'>')?.checked_add(1)?..)?;
    let mut place = 0usize;
    while let Some(open) = body.get(place..)?.windows(2).position(|pair| pair == b"</") {
        let at = place.checked_add(open)?;
        if is_tag(body.get(at.checked_add(2)?..)?, name) {
            return body.get(..at);
        }
        place = at.checked_add(2)?;
    }
    None
}

/// Whether bytes begin with a name of this local part, with or without prefix.
fn is_tag(bytes: &[u8], name: &str) -> bool {
    let end = bytes.iter().position(|byte| matches!(byte, b'>' | b'/' | b' ' | b'\t' | b'\r' | b'\n'));
    let Some(tag) = end.and_then(|end| bytes.get(..end)) else { return false };
    let local = tag.iter().position(|byte| *byte == b':').and_then(|colon| tag.get(colon.checked_add(1)?..));
    local.unwrap_or(tag) == name.as_bytes()
}

#[cfg(test)]
mod tests {
    use super::element;

    #[test]
    fn an_element_is_found_by_its_local_name() {
        let document = b"<a:Body><d:Types x='1'> dn:NVT </d:Types><Typesetting>x</Typesetting></a:Body>";
        assert_eq!(element(document, "Types").as_deref(), Some("dn:NVT"));
        assert_eq!(element(document, "XAddrs"), None);
        assert_eq!(element(b"<Types>never ended", "Types"), None);
        assert_eq!(element(b"<Types", "Types"), None);
    }
}
