//! Which policy a run goes by: the one named, the nearest one upwards, or a built-in profile.

use super::args;
use crate::engine::outcome::InputError;
use crate::policy::Policy;
use crate::source::Source;
use anyhow::Context as _;
use std::path::Path;
use std::sync::Arc;

/// Finds and reads the policy; the inner error says what is wrong in the file, and where.
pub(super) fn read(
    file: Option<&Path>,
    profile: Option<args::Profile>,
) -> anyhow::Result<Result<Policy, Vec<InputError>>> {
    let profile = profile.map(Into::into);
    let here = std::env::current_dir().context("the current folder")?;
    let Some(file) = file.map(Path::to_owned).or_else(|| Policy::find_upwards(&here)) else {
        return Ok(Ok(Policy::of(profile.unwrap_or_default())));
    };
    // One found upwards is named from here, where it lies here.
    let name = file.strip_prefix(&here).unwrap_or(&file);
    let source = Arc::new(Source::new(name.to_string_lossy(), text(&file)?));
    Ok(Policy::load(&source, profile).map_err(|wrong| {
        let place = |error: crate::policy::PolicyError| InputError {
            file: error.file,
            line: Some(error.position.line),
            column: Some(error.position.column),
            message: error.message,
        };
        wrong.into_iter().map(place).collect()
    }))
}

/// The text of a policy file, which may be a pipe (`--policy <(…)`), as it is always named.
fn text(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("policy {}", file.display()))
}
