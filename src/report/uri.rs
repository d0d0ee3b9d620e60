//! File names as URI references.

use std::fmt::Write as _;

/// A path as a relative reference of RFC 3986; an absolute path becomes a `file:` URI.
pub(super) fn of(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
    let mut uri = match path {
        _ if drive => "file:///".to_owned(),
        _ if path.starts_with('/') => "file://".to_owned(),
        _ => String::new(),
    };
    for (at, byte) in path.bytes().enumerate() {
        let kept = byte.is_ascii_alphanumeric()
            || b"-._~/!$&'()*+,;=@".contains(&byte)
            // A colon in a relative reference could be read as a scheme's end.
            || (byte == b':' && drive && at == 1);
        if kept {
            uri.push(byte as char);
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    #[test]
    fn encodes_what_a_uri_may_not_hold() {
        for (path, uri) in [
            ("./a b/ä#1.yaml", "a%20b/%C3%A4%231.yaml"),
            ("c:d/100%.yaml", "file:///c:d/100%25.yaml"),
            ("tag:x.yaml", "tag%3Ax.yaml"),
            ("/srv/m.yaml", "file:///srv/m.yaml"),
            ("../up.yaml", "../up.yaml"),
            ("-", "-"),
        ] {
            assert_eq!(super::of(path), uri);
        }
    }
}
