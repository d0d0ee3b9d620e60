//! Image references, split and judged by the grammar that the kubelet uses
//! (`github.com/distribution/reference`, called from kubernetes `pkg/util/parsers`).

/// An image reference, taken apart. Registry and `library/` are filled in as the kubelet does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image<'t> {
    /// The reference as written.
    pub written: &'t str,
    /// `docker.io`, `localhost:5000` …
    pub registry: &'t str,
    /// `library` for the official images of Docker Hub, where it is left out.
    pub official: bool,
    /// The repository below the registry as written, `library/` left out for official images.
    pub repository: &'t str,
    /// The tag, where one is written.
    pub tag: Option<&'t str>,
    /// `sha256:…`, where one is written.
    pub digest: Option<&'t str>,
}

impl<'t> Image<'t> {
    /// Takes a reference apart.
    ///
    /// # Errors
    /// With the reason for which the kubelet would report `InvalidImageName`.
    pub fn parse(written: &'t str) -> Result<Self, String> {
        if written.len() == 64 && written.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err("64 hexadecimal digits are an image id, and no name".into());
        }
        if let Some((scheme, _)) = written.split_once("://") {
            return Err(format!("an image reference has no scheme; `{scheme}://` has to go"));
        }
        let (registry, rest) = match written.split_once('/') {
            Some((first, rest)) if is_registry(first) => (Some(first), rest),
            _ => (None, written),
        };
        let (rest, digest) = rest.split_once('@').map_or((rest, None), |(rest, digest)| (rest, Some(digest)));
        let (repository, tag) = rest.split_once(':').map_or((rest, None), |(name, tag)| (name, Some(tag)));
        if let Some(registry) = registry.filter(|registry| !valid_registry(registry)) {
            return Err(format!("`{registry}` is no registry host"));
        }
        valid_repository(repository)?;
        if repository.len() > 255 {
            return Err("the repository name is longer than 255 characters".into());
        }
        if let Some(tag) = tag.filter(|tag| !valid_tag(tag)) {
            return Err(match tag {
                "" => "there is no tag after the `:`".into(),
                _ if tag.contains('/') => format!("`{tag}` is no tag: a tag has no `/`"),
                _ => format!(
                    "`{tag}` is no tag: at most 128 letters, digits, `_`, `.` and `-`, not beginning with `.` or `-`"
                ),
            });
        }
        if let Some(digest) = digest.filter(|digest| !valid_digest(digest)) {
            return Err(format!("`{digest}` is no digest: `sha256:` and 64 hexadecimal digits are"));
        }
        let (official, repository) = match registry {
            None | Some("docker.io" | "index.docker.io" | "registry-1.docker.io") => {
                let short = repository.strip_prefix("library/").unwrap_or(repository);
                (!short.contains('/'), short)
            }
            Some(_) => (false, repository),
        };
        Ok(Self { written, registry: registry.unwrap_or("docker.io"), official, repository, tag, digest })
    }

    /// Last segment of the repository: `nginx` of `registry.example.com/team/nginx`.
    #[must_use]
    pub fn short_name(&self) -> &'t str {
        self.repository.rsplit('/').next().unwrap_or(self.repository)
    }

    /// Whether a pattern names this image. A pattern without `/` is compared with the last segment
    /// of the repository, one with `/` with its end, at a segment's border; `*` stands for
    /// anything but `/`.
    #[must_use]
    pub fn matches(&self, pattern: &str) -> bool {
        // Both end alike, or in `*`: nearly all of a table's patterns are told apart by this.
        let end = |text: &str| text.as_bytes().last().copied();
        if end(pattern).is_some_and(|last| last != b'*' && end(self.repository) != Some(last)) {
            return false;
        }
        let mut segments = from_the_end(self.repository).chain(std::iter::once(self.registry));
        from_the_end(pattern).all(|want| segments.next().is_some_and(|have| glob(want, have)))
    }
}

/// What stands between slashes, the last first; quicker than `rsplit`, and asked for each pattern of a table.
fn from_the_end(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let at = memchr::memrchr(b'/', text.as_bytes());
        rest = at.map(|at| &text[..at]);
        Some(&text[at.map_or(0, |at| at + 1)..])
    })
}

/// `*` matches any run of characters.
#[must_use]
pub fn glob(pattern: &str, text: &str) -> bool {
    let first = pattern.as_bytes().first();
    if first.is_some_and(|first| *first != b'*' && text.as_bytes().first() != Some(first)) {
        return false;
    }
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(middle) = last.replace(part) {
            let Some(at) = rest.find(middle) else { return false };
            rest = &rest[at + str::len(middle)..];
        }
    }
    last.map_or(rest.is_empty(), |end| rest.ends_with(end))
}

/// Words in capitals that stand for what a person has to fill in.
const PLACEHOLDERS: &[&str] = &[
    "IMAGE",
    "IMG",
    "TAG",
    "VERSION",
    "REPO",
    "REPOSITORY",
    "REGISTRY",
    "HUB",
    "NAME",
    "ORG",
    "USER",
    "USERNAME",
    "PROJECT",
    "ACCOUNT",
    "REGION",
    "DOCKERHUB",
    "CHANGEME",
    "REPLACEME",
    "REPLACE",
    "TODO",
    "PLACEHOLDER",
    "XXX",
];

/// Whether a text is a template that a tool or a person has yet to fill in: `${TAG}`, `{{ }}`,
/// `<tag>`, `$(IMAGE)`, `ko://…`, `...`, or a part in capitals such as `PROJECT_ID`.
#[must_use]
pub fn unrendered(text: &str) -> bool {
    let bracketed =
        text.contains(['{', '}', '<', '>', '$', '%', '#', '*']) || (text.contains('[') && !text.contains("]:"));
    let capitals = |part: &str| {
        part.len() > 2
            && part.chars().any(|c| c.is_ascii_uppercase())
            && part.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '_' | '-'))
            && (part.contains(['_', '-']) || PLACEHOLDERS.contains(&part))
    };
    let name = text.split('@').next().unwrap_or_default();
    let (name, tag) = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (name, None),
    };
    bracketed
        || text.starts_with("ko://")
        || text.contains("...")
        || name.split(['/', '.']).any(capitals)
        || tag.is_some_and(|tag| tag.starts_with("__") && tag.ends_with("__"))
}

/// distribution's `splitDockerDomain`: the first part is a registry when it holds `.` or `:`, is
/// `localhost`, or has an upper-case letter.
fn is_registry(first: &str) -> bool {
    first == "localhost" || first.contains(['.', ':']) || first.chars().any(|c| c.is_ascii_uppercase())
}

fn valid_registry(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => {
            let hex = !address.is_empty() && address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':');
            return hex && (port.is_empty() || port.strip_prefix(':').is_some_and(digits));
        }
        None => host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port))),
    };
    port.is_none_or(digits)
        && name.split('.').all(|part| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !part.starts_with('-')
                && !part.ends_with('-')
        })
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn valid_repository(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("there is no repository name".into());
    }
    if name.chars().any(|c| c.is_ascii_uppercase()) {
        return Err(format!("the repository name `{name}` must be lower-case"));
    }
    for part in name.split('/') {
        if part.is_empty() {
            return Err(format!("`{name}` has an empty part between slashes"));
        }
        let bad = part.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '.' | '_' | '-'));
        if let Some(bad) = bad {
            return Err(match bad {
                ' ' | '\t' | '\n' => "an image reference has no white space".into(),
                _ => format!("`{bad}` can't stand in a repository name"),
            });
        }
        if !valid_component(part) {
            return Err(format!(
                "`{part}` is no part of a repository name: `.`, `_`, `__` or dashes stand singly between letters or digits"
            ));
        }
    }
    Ok(())
}

/// `alphanumeric (separator alphanumeric)*`, where a separator is `.`, `_`, `__` or dashes.
fn valid_component(part: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if !part.starts_with(alphanumeric) || !part.ends_with(alphanumeric) {
        return false;
    }
    part.split(alphanumeric)
        .all(|separator| matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|b| b == b'-'))
}

fn valid_tag(tag: &str) -> bool {
    tag.len() <= 128
        && tag.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && tag.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

fn valid_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else { return false };
    let lengths = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return false,
    };
    hex.len() == lengths && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taken_apart() {
        let image = Image::parse("localhost:5000/team/app").unwrap();
        assert_eq!((image.registry, image.repository, image.tag), ("localhost:5000", "team/app", None));
        let image =
            Image::parse("nginx:1.27@sha256:0000000000000000000000000000000000000000000000000000000000000000").unwrap();
        assert!(image.official && image.tag == Some("1.27") && image.digest.is_some());
        assert!(Image::parse("docker.io/library/nginx").unwrap().official);
        assert!(!Image::parse("bitnami/nginx").unwrap().official);
        assert!(!Image::parse("quay.io/nginx").unwrap().official);
    }

    #[test]
    fn judged_as_the_kubelet_judges() {
        for good in [
            "a",
            "registry.k8s.io/pause:3.9",
            "foo.bar/a__b/c-d--e/f.g_h:_tag.1-2",
            "Registry.example.com/app",
            "[::1]:5000/app",
            "localhost/app",
            "k8s.gcr.io/e2e-test-images/agnhost:2.32",
        ] {
            assert!(Image::parse(good).is_ok(), "{good}: {:?}", Image::parse(good));
        }
        for bad in [
            "localhost/BusyBox:1",
            "BusyBox",
            "http://example.com/app",
            "docker://nginx",
            "nginx:",
            "nginx:a b",
            "nginx :1",
            "nginx:1:2",
            "a//b",
            "-a",
            "a-/b",
            "a_-b",
            "a..b",
            "nginx@sha256:1234",
            "nginx:.1",
            "",
            "/nginx",
            "registry.example.com:port/app",
        ] {
            assert!(Image::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn patterns() {
        let image = Image::parse("quay.io/keycloak/keycloak:26").unwrap();
        assert!(image.matches("keycloak") && image.matches("keycloak/keycloak") && image.matches("quay.io/*/key*"));
        assert!(!image.matches("cloak") && !image.matches("x/keycloak"));
        assert!(
            glob("a*c*e", "abcde") && !glob("a*c*e", "abcd") && glob("*", "") && glob("a", "a") && !glob("a", "ab")
        );
    }

    #[test]
    fn templates_are_known() {
        for text in [
            "app:${TAG}",
            "{{ .Values.image }}",
            "app:<tag>",
            "ko://example.com/cmd",
            "$IMAGE",
            "app:__TAG__",
            "$(IMAGE)",
            "gcr.io/PROJECT_ID/app:1",
            "[IMAGE]",
            "...",
        ] {
            assert!(unrendered(text), "{text}");
        }
        for text in ["nginx:1.2", "foo/a__b", "localhost/BusyBox:1", "app:RC1", "[::1]:5000/app", "app:2.0-SNAPSHOT"] {
            assert!(!unrendered(text), "{text}");
        }
    }
}
