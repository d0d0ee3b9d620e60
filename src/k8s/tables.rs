//! Plain data about images and programs, built in or given by a policy.

use super::container::Container;
use super::image::glob;
use super::images::{Images, Known};
use super::kinds::Kind;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// Programs that need long to start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SlowStarter {
    /// What it is, with its article, for sentences: "a JVM".
    pub name: String,
    /// How long a start takes on an ordinary day, in seconds.
    pub seconds: u64,
    /// Image patterns: without `/` compared with the last part of the repository, with `/` with
    /// its end; `*` matches anything but `/`.
    #[serde(default)]
    pub images: Vec<String>,
    /// Patterns for the last part of the program's path, such as `java`.
    #[serde(default)]
    pub programs: Vec<String>,
    /// Environment variables that only such a program reads.
    #[serde(default)]
    pub env: Vec<String>,
    /// Where the number comes from.
    #[serde(default)]
    pub source: String,
}

/// All tables.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// Built-in rows and those of the policy.
    pub slow_starters: Vec<SlowStarter>,
    /// Facts by image.
    pub images: Arc<Images>,
    /// Kinds beyond the built-in ones.
    pub kinds: Vec<Kind>,
}

impl Tables {
    /// The slowest row that matches a container, and by what it was recognised.
    #[must_use]
    pub fn slow_starter(&self, container: Container<'_>) -> Option<(&SlowStarter, String)> {
        let rows = self.recognised(container, |_| true);
        rows.into_iter().reduce(|best, next| if next.0.seconds > best.0.seconds { next } else { best })
    }

    /// By what a container is recognised as a JVM: a row of those that know the program `java`.
    #[must_use]
    pub fn jvm(&self, container: Container<'_>) -> Option<String> {
        let rows = self.recognised(container, |row| row.programs.iter().any(|program| program == "java"));
        rows.into_iter().next().map(|(_, by)| by)
    }

    /// The rows that match a container, and by what it was recognised.
    fn recognised(
        &self,
        container: Container<'_>,
        wanted: impl Fn(&SlowStarter) -> bool,
    ) -> Vec<(&SlowStarter, String)> {
        let image = container.image();
        let program = super::command::program_name(container, self);
        let env: Vec<&str> = container.env().map(|(name, _)| name).collect();
        let by = |row: &SlowStarter| {
            let by_image = || {
                let pattern = row.images.iter().find(|pattern| image.is_some_and(|image| image.matches(pattern)))?;
                Some(format!("the image `{pattern}`"))
            };
            let by_program = || {
                let name = program.as_deref()?;
                row.programs.iter().find(|pattern| glob(pattern, name)).map(|_| format!("the program `{name}`"))
            };
            let by_env = || {
                row.env.iter().find(|name| env.contains(&name.as_str())).map(|name| format!("the variable `{name}`"))
            };
            by_image().or_else(by_program).or_else(by_env)
        };
        self.slow_starters.iter().filter(|row| wanted(row)).filter_map(|row| Some((row, by(row)?))).collect()
    }

    /// What is known of a container's image.
    #[must_use]
    pub fn known<'a>(&'a self, container: Container<'_>) -> Known<'a> {
        container.image().map(|image| self.images.known(&image)).unwrap_or_default()
    }
}
