//! Files and documents that no cluster ever sees as they are written.

use std::path::Path;

/// Why a file of this name is no manifest, if it is none.
pub(super) fn by_name(path: &Path) -> Option<&'static str> {
    if is_chart_template(path) {
        Some("Helm template")
    } else if is_kuttl_assertion(path) {
        Some("test assertion")
    } else {
        None
    }
}

/// Whether a file lies in the template folder of a Helm chart.
fn is_chart_template(path: &Path) -> bool {
    path.ancestors()
        .skip(1)
        .filter(|folder| folder.file_name().is_some_and(|name| name == "templates"))
        .filter_map(Path::parent)
        .any(|chart| chart.join("Chart.yaml").is_file())
}

/// Whether KUTTL compares the file with what is in the cluster: `01-assert.yaml`, `01-errors-more.yaml`. It names
/// parts of objects only. (kuttl.dev, "Test steps"; `pkg/test/utils/kubernetes.go`.)
fn is_kuttl_assertion(path: &Path) -> bool {
    let Some(name) = path.file_stem().and_then(|name| name.to_str()) else { return false };
    let Some((number, rest)) = name.split_once('-') else { return false };
    let word = rest.split('-').next().unwrap_or_default();
    !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) && matches!(word, "assert" | "errors")
}

/// Whether a text holds `#{NAME}` as a value, as Octopus Deploy, Azure Pipelines and others write what they replace.
pub(super) fn has_token(text: &[u8]) -> bool {
    memchr::memmem::find_iter(text, b"#{").any(|at| {
        let name = &text[at + 2..];
        let end = name
            .iter()
            .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')))
            .unwrap_or(name.len());
        let before = text[..at].trim_ascii_end();
        // In a comment of its own it says nothing.
        let line = &before[before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)..];
        let value =
            !line.contains(&b'#') && (before.ends_with(b":") || before.ends_with(b"-") || before.ends_with(b"\""));
        end > 0 && name.get(end) == Some(&b'}') && value
    })
}
