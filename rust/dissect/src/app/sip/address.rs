//! Addresses in fields of SIP.

/// The address of a field, without the name before it and the parameters behind it (RFC 3261 20.10). A name in quotes may
/// hold any sign, quotes behind a backslash (25.1).
pub fn address(value: &str) -> Option<String> {
    let mut is_escaped = false;
    let name = value.strip_prefix('"').and_then(|rest| {
        let is_end = |sign| {
            let was_escaped = is_escaped;
            is_escaped = sign == '\\' && !was_escaped;
            sign == '"' && !was_escaped
        };
        rest.find(is_end).and_then(|end| rest.get(end.saturating_add(1)..))
    });
    let value = name.unwrap_or(value);
    let uri = match value.split_once('<') {
        Some((_, rest)) => rest.split('>').next().unwrap_or(rest),
        None => value.split([';', ',']).next().unwrap_or(value).trim(),
    };
    (!uri.is_empty()).then(|| without_password(uri))
}

/// A SIP URI, its password masked (RFC 3261 19.1.1), as credentials of HTTP are: what is searched for secrets are the messages of the
/// devices under test alone.
pub fn without_password(uri: &str) -> String {
    let parts = uri.split_once('@').and_then(|(login, host)| {
        let (account, password) = login.rsplit_once(':')?;
        (account.contains(':') && !login.contains(['[', '?'])).then_some((account, password, host))
    });
    parts.map_or_else(
        || uri.to_owned(),
        |(account, password, host)| format!("{account}:(masked, {} bytes)@{host}", password.len()),
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_address_is_read_without_its_name_and_password() {
        for (field, uri) in [
            (r#""a <b> \"<c>\"" <sip:door@pbx.example>;tag=1"#, Some("sip:door@pbx.example")),
            ("Door <sip:door@pbx.example>", Some("sip:door@pbx.example")),
            ("sip:door@pbx.example;tag=1", Some("sip:door@pbx.example")),
            ("<sip:door:tulips77@pbx.example:5060>", Some("sip:door:(masked, 8 bytes)@pbx.example:5060")),
            ("<sip:[2001:db8::1]:5060?to=a@b>", Some("sip:[2001:db8::1]:5060?to=a@b")),
            ("<>", None),
        ] {
            assert_eq!(super::address(field).as_deref(), uri, "{field}");
        }
    }
}
