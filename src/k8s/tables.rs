//! Plain data about images and programs, built in or given by a policy.

use super::container::Container;
use super::image::glob;
use super::images::{Images, Known, Tag};
use super::kinds::Kind;
use crate::node::Node;
use schemars::JsonSchema;
use serde::Deserialize;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::rc::Rc;
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

/// All tables, as a policy holds them.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// Built-in rows and those of the policy.
    pub slow_starters: Vec<SlowStarter>,
    /// Facts by image.
    pub images: Images,
    /// Kinds beyond the built-in ones.
    pub kinds: Vec<Kind>,
}

/// The tables as rules ask them about one object. Many rules ask the same of a container: what was found is kept.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    rows: Arc<Rows>,
    known: RefCell<BTreeMap<Key, Rc<[usize]>>>,
    recognised: RefCell<BTreeMap<Key, Rc<[Recognised]>>>,
}

/// A container's place in its tree.
type Key = (usize, u32);

/// A slow starter's row, and by what it was recognised.
type Recognised = (usize, String);

impl From<Rows> for Tables {
    fn from(rows: Rows) -> Self {
        Self::of(&Arc::new(rows))
    }
}

impl Deref for Tables {
    type Target = Rows;

    fn deref(&self) -> &Rows {
        &self.rows
    }
}

impl Tables {
    /// For one object; trees that are asked about must live as long.
    #[must_use]
    pub fn of(rows: &Arc<Rows>) -> Self {
        Self { rows: Arc::clone(rows), ..Self::default() }
    }

    /// The slowest row that matches a container, and by what it was recognised.
    #[must_use]
    pub fn slow_starter(&self, container: Container<'_>) -> Option<(&SlowStarter, String)> {
        let all = self.recognised(container);
        let rows = all.iter().map(|(at, by)| (&self.rows.slow_starters[*at], by));
        let slowest = rows.reduce(|best, next| if next.0.seconds > best.0.seconds { next } else { best });
        slowest.map(|(row, by)| (row, by.clone()))
    }

    /// By what a container is recognised as a JVM: a row of those that know the program `java`.
    #[must_use]
    pub fn jvm(&self, container: Container<'_>) -> Option<String> {
        let all = self.recognised(container);
        let java = |at: usize| self.rows.slow_starters[at].programs.iter().any(|program| program == "java");
        all.iter().find(|(at, _)| java(*at)).map(|(_, by)| by.clone())
    }

    /// The rows that match a container, and by what it was recognised.
    fn recognised(&self, container: Container<'_>) -> Rc<[Recognised]> {
        kept(&self.recognised, container.node, || self.recognise(container))
    }

    fn recognise(&self, container: Container<'_>) -> Rc<[Recognised]> {
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
        self.slow_starters.iter().enumerate().filter_map(|(at, row)| Some((at, by(row)?))).collect()
    }

    /// What is known of a container's image.
    #[must_use]
    pub fn known(&self, container: Container<'_>) -> Known<'_> {
        let find = || container.image().map(|image| self.images.find(&image, Tag::AsWritten)).unwrap_or_default();
        self.images.at(&kept(&self.known, container.node, find))
    }

    /// What is known of a container's image if its tag is at the newest version that it may name: `latest` at the newest of
    /// all, `8` at the newest of them.
    #[must_use]
    pub fn newest(&self, container: Container<'_>) -> Known<'_> {
        let image = container.image().filter(|image| image.digest.is_none());
        self.images.at(&image.map(|image| self.images.find(&image, Tag::Newest)).unwrap_or_default())
    }
}

/// What was found for a container, else finds it; the finding may ask for other containers.
fn kept<T: ?Sized>(all: &RefCell<BTreeMap<Key, Rc<T>>>, node: Node<'_>, find: impl FnOnce() -> Rc<T>) -> Rc<T> {
    if let Some(found) = all.borrow().get(&node.key()) {
        return Rc::clone(found);
    }
    let found = find();
    all.borrow_mut().insert(node.key(), Rc::clone(&found));
    found
}
