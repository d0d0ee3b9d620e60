//! What is known of images: plain data, row by row from their own Dockerfiles.

use super::image::{Image, glob};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::rc::Rc;

/// A row about an image. What it does not say is unknown. Of several rows that match an image, the first one
/// that says a thing is right, so that a row about a variant stands before the one about all tags.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageFacts {
    /// Patterns. One without `/` means the official image of Docker Hub; one with `/` the end of
    /// registry and repository; `*` matches anything but `/`.
    pub images: Vec<String>,
    /// Patterns for the tags that the row is about (`*alpine*`); all tags where there are none. An image without a
    /// tag has `latest`; one with only a digest has none.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Parts of tags that make it another image: `fpm`.
    #[serde(default)]
    pub except_tags: Vec<String>,
    /// The versions that the row is about, by the number that the tag begins with: `<11`, `>=18`, `>=9 <12`.
    /// `latest` has none.
    #[serde(default)]
    pub versions: Option<Versions>,
    /// Another row's image, of which this one has all that is said of it: `nginx`, for an image built upon that.
    #[serde(default)]
    pub like: Option<String>,
    /// An operating system without a program of its own.
    #[serde(default)]
    pub os: bool,
    /// What the image runs without command and args, and why that ends: "`bash` reads its standard input,
    /// which is empty".
    #[serde(default)]
    pub idles: Option<String>,
    /// ENTRYPOINT, in exec form; an empty list where there is none.
    #[serde(default)]
    pub entrypoint: Option<Vec<String>>,
    /// CMD, in exec form; an empty list where there is none.
    #[serde(default)]
    pub command: Option<Vec<String>>,
    /// Whether `args` alone become the program: no entrypoint, or one that runs its arguments (`exec "$@"`) where the
    /// first one is a program.
    #[serde(default)]
    pub runs_args: Option<bool>,
    /// Patterns for a first one of `args` that such an entrypoint gives to its own program, besides options: `*.conf`.
    #[serde(default)]
    pub takes: Option<Vec<String>>,
    /// All the shells that it has, of sh, ash, bash, dash, ksh and zsh; an empty list where it has none.
    #[serde(default)]
    pub shells: Option<Vec<String>>,
    /// What the application is written in.
    #[serde(default)]
    pub runtime: Option<Runtime>,
    /// USER as it stands in the Dockerfile: a number, or a name; 0 or `root` where there is none.
    #[serde(default)]
    pub user: Option<String>,
    /// The number of `user`, where that is a name.
    #[serde(default)]
    pub uid: Option<u32>,
    /// Capabilities without which its entrypoint fails when it runs as root: `CHOWN`, `SETUID`, `SETGID` where it
    /// changes owners, then steps down to another user.
    #[serde(default)]
    pub capabilities: Option<Vec<String>>,
    /// Capabilities that the program's file has (`setcap`), an empty list where it has none: any user gets them by
    /// running it, and where the container may not have them, nobody can run it.
    #[serde(default)]
    pub file_capabilities: Option<Vec<String>>,
    /// All the ports that it listens on when nothing is configured.
    #[serde(default)]
    pub ports: Option<Vec<Listen>>,
    /// What its entrypoint or server has to write at start, outside of `/dev` and `/proc`.
    #[serde(default)]
    pub writes: Option<Vec<Write>>,
    /// VOLUME of the Dockerfile: containerd and Docker mount something there that can be written, even where the
    /// root file system can't.
    #[serde(default)]
    pub volumes: Option<Vec<String>>,
    /// Variables without which it ends at once.
    #[serde(default)]
    pub requires: Option<Vec<Requires>>,
    /// Variables with which it ends at once.
    #[serde(default)]
    pub refuses: Option<Vec<Refuses>>,
    /// Options that its program no longer knows.
    #[serde(default)]
    pub refuses_options: Option<Vec<RefusedOptions>>,
    /// The data directory of a database.
    #[serde(default)]
    pub data: Option<DataDirectory>,
    /// Variables that it reads, by name pattern, and that a Service could overwrite to its harm: `REDIS_PORT`, where it asks for a
    /// number and a Service named `redis` makes `tcp://…` of it; `NEO4J_*`, where each is a setting and an unknown one ends it.
    #[serde(default)]
    pub reads: Option<Vec<String>>,
    /// HTTP paths by which it says how it is.
    #[serde(default)]
    pub health: Option<Vec<Health>>,
    /// The heap or cache that it takes where nothing is configured.
    #[serde(default)]
    pub heap: Option<DefaultHeap>,
    /// The image's Dockerfile or documentation: repository and path.
    pub source: String,
}

/// Leaves out of a part of a row what it does not say.
fn tidy(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Object(fields) => fields.retain(|_, value| !value.is_null() && *value != false && *value != json!([])),
        _ => {}
    }
}

/// What an image's application is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Runtime {
    /// The Java virtual machine.
    Jvm,
    /// Node.js.
    Node,
    /// Python.
    Python,
    /// Go.
    Go,
    /// .NET.
    Dotnet,
    /// Ruby.
    Ruby,
    /// PHP.
    Php,
    /// Erlang and Elixir.
    Erlang,
    /// C, C++, Rust.
    Native,
}

/// A port that an image listens on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Listen {
    /// 1 to 65535.
    pub port: u16,
    /// Whether it is UDP rather than TCP.
    #[serde(default)]
    pub udp: bool,
    /// Variables that change it, by name pattern.
    #[serde(default)]
    pub env: Vec<String>,
    /// Options that change it, as they begin (`--port`); also a program's name, where any command of its own does.
    #[serde(default)]
    pub args: Vec<String>,
    /// Files or folders whose content changes it: a mount over, in or above one makes the port unknown.
    #[serde(default)]
    pub files: Vec<String>,
}

impl Listen {
    /// `TCP` or `UDP`.
    #[must_use]
    pub fn protocol(&self) -> &'static str {
        if self.udp { "UDP" } else { "TCP" }
    }
}

/// What is done to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// Files are made in it.
    Write,
    /// Its owner is changed, and a failure ends the start.
    Chown,
    /// The file itself is edited or replaced, and a failure ends the start.
    Edit,
}

/// A path that an image has to write at start.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Write {
    /// Absolute.
    pub path: String,
    /// What is done to it.
    pub how: How,
    /// Variables whose presence keeps it from being written.
    #[serde(default)]
    pub unless_env: Vec<String>,
    /// Files that may name another place: a mount over, in or above one makes it unknown.
    #[serde(default)]
    pub unless_files: Vec<String>,
    /// Only where the container starts as root.
    #[serde(default)]
    pub as_root: bool,
    /// Whether a failure only makes it complain, and go on.
    #[serde(default)]
    pub harmless: bool,
}

/// Variables of which one has to be set.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Requires {
    /// Any of these will do, where it is not empty; `NAME=value` only with that value.
    pub any_of: Vec<String>,
    /// Where this folder holds data already, none is asked for.
    #[serde(default)]
    pub unless_data: Option<String>,
    /// Folders in which a file may take their place, such as a backup to begin with.
    #[serde(default)]
    pub unless_files: Vec<String>,
    /// What it says when it ends.
    #[serde(default)]
    pub says: Option<String>,
}

/// Variables that its entrypoint does not take.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Refuses {
    /// Any of these, where it is not empty; `NAME=value` only with that value.
    pub any_of: Vec<String>,
    /// Only where one of these is set as well.
    #[serde(default)]
    pub with: Option<Vec<String>>,
    /// Only where none of these is set.
    #[serde(default)]
    pub without: Vec<String>,
    /// Where this folder holds data already, it does not mind.
    #[serde(default)]
    pub unless_data: Option<String>,
    /// What it says when it ends.
    pub says: String,
}

/// Options that end a program.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefusedOptions {
    /// Any of these, as they begin.
    pub any_of: Vec<String>,
    /// What it says when it ends.
    pub says: String,
    /// What takes their place.
    #[serde(default)]
    pub instead: Option<String>,
}

/// The data directory of a database.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DataDirectory {
    /// Absolute.
    pub path: String,
    /// The variable that moves it.
    #[serde(default)]
    pub env: Option<String>,
    /// Whether it refuses to begin in a folder that is not empty, such as the root of a file system with
    /// `lost+found`.
    #[serde(default)]
    pub must_be_empty: bool,
    /// Options with which it may be other than empty, as they begin.
    #[serde(default)]
    pub unless_args: Vec<String>,
    /// Where older versions had it: something mounted there ends the start, unless the variable names a place.
    #[serde(default)]
    pub formerly: Option<String>,
}

/// An HTTP path by which an image says how it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Health {
    /// Begins with `/`.
    pub path: String,
    /// 1 to 65535.
    pub port: u16,
    /// What it answers for.
    #[serde(default)]
    pub about: Option<String>,
}

/// A heap or cache that an image takes by itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DefaultHeap {
    /// As a quantity of Kubernetes: `1Gi`.
    pub size: String,
    /// Variables that change it.
    #[serde(default)]
    pub env: Vec<String>,
    /// Options that change it, as they begin.
    #[serde(default)]
    pub args: Vec<String>,
    /// Files that change it.
    #[serde(default)]
    pub files: Vec<String>,
}

/// Bounds on the number that a tag begins with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Versions(Vec<(bool, bool, Vec<u32>)>);

impl TryFrom<String> for Versions {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let bound = |word: &str| {
            let (below, rest) =
                word.strip_prefix('<').map(|rest| (true, rest)).or_else(|| Some((false, word.strip_prefix('>')?)))?;
            let (equal, rest) = rest.strip_prefix('=').map_or((false, rest), |rest| (true, rest));
            Some((below, equal, numbers(rest).filter(|(_, rest)| rest.is_empty())?.0))
        };
        let bounds: Option<Vec<_>> = text.split_whitespace().map(bound).collect();
        let wrong = || format!("`versions` must be bounds such as `>=9 <12`, not `{text}`");
        bounds.filter(|bounds| !bounds.is_empty()).map(Self).ok_or_else(wrong)
    }
}

impl From<Versions> for String {
    fn from(versions: Versions) -> Self {
        let bound = |(below, equal, numbers): (bool, bool, Vec<u32>)| {
            let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
            format!("{}{}{}", if below { '<' } else { '>' }, if equal { "=" } else { "" }, numbers.join("."))
        };
        versions.0.into_iter().map(bound).collect::<Vec<_>>().join(" ")
    }
}

impl Versions {
    /// Whether a tag's version lies within the bounds; one that says less than a bound does not.
    fn hold(&self, tag: &str) -> bool {
        let Some((version, _)) = numbers(tag.strip_prefix('v').unwrap_or(tag)) else { return false };
        self.0.iter().all(|(below, equal, bound)| {
            let has = &version[..version.len().min(bound.len())];
            let enough = version.len() >= bound.len() || has != &bound[..has.len()];
            enough
                && match has.cmp(bound) {
                    std::cmp::Ordering::Less => *below,
                    std::cmp::Ordering::Equal => *equal,
                    std::cmp::Ordering::Greater => !*below,
                }
        })
    }
}

/// The numbers that a text begins with, dots between them, and what follows.
fn numbers(text: &str) -> Option<(Vec<u32>, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let digits = text[..end].trim_end_matches('.');
    let parts: Option<Vec<u32>> = digits.split('.').map(|part| part.parse().ok()).collect();
    Some((parts?, &text[digits.len()..]))
}

/// Fields of a row that say what it is about, and not what is known.
const ABOUT: &[&str] = &["images", "tags", "exceptTags", "versions", "like", "source"];

impl ImageFacts {
    /// What the row says, field by field as in a policy.
    #[must_use]
    pub fn fields(&self) -> Map<String, Value> {
        let Ok(Value::Object(mut fields)) = serde_json::to_value(self) else { return Map::new() };
        fields.retain(|name, value| !ABOUT.contains(&name.as_str()) && !value.is_null() && *value != false);
        fields.values_mut().for_each(tidy);
        fields
    }

    /// What the row is about, field by field as in a policy.
    #[must_use]
    pub fn about(&self) -> Map<String, Value> {
        let Ok(Value::Object(mut fields)) = serde_json::to_value(self) else { return Map::new() };
        fields.retain(|name, value| ABOUT.contains(&name.as_str()) && !value.is_null() && *value != json!([]));
        fields
    }

    /// Whether the row is about images of this tag.
    fn holds_for(&self, image: &Image<'_>) -> bool {
        let tag = image.tag.or_else(|| image.digest.is_none().then_some("latest"));
        let Some(tag) = tag else {
            return self.tags.is_empty() && self.except_tags.is_empty() && self.versions.is_none();
        };
        (self.tags.is_empty() || self.tags.iter().any(|pattern| glob(pattern, tag)))
            && !self.except_tags.iter().any(|part| tag.contains(part.as_str()))
            && self.versions.as_ref().is_none_or(|versions| versions.hold(tag))
    }
}

/// Rows, found by the last segment of an image's repository.
#[derive(Clone, Debug, Default)]
pub struct Images {
    rows: Vec<ImageFacts>,
    /// Rows by the last segment of their patterns, where that holds no `*`.
    by_name: HashMap<String, Vec<usize>>,
    /// The others.
    by_pattern: Vec<usize>,
}

impl Images {
    /// Rows in the order in which they are asked.
    #[must_use]
    pub fn new(rows: Vec<ImageFacts>) -> Self {
        let (mut by_name, mut by_pattern): (HashMap<String, Vec<usize>>, Vec<usize>) = Default::default();
        for (at, row) in rows.iter().enumerate() {
            for pattern in &row.images {
                let name = pattern.rsplit('/').next().unwrap_or(pattern);
                let list =
                    if name.contains('*') { &mut by_pattern } else { by_name.entry(name.to_owned()).or_default() };
                if list.last() != Some(&at) {
                    list.push(at);
                }
            }
        }
        Self { rows, by_name, by_pattern }
    }

    /// All rows, in their order.
    #[must_use]
    pub fn rows(&self) -> &[ImageFacts] {
        &self.rows
    }

    /// The rows that may be about a repository of this last segment, in their order.
    fn candidates(&self, name: &str) -> Vec<usize> {
        let named = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        let mut all: Vec<usize> = named.iter().chain(&self.by_pattern).copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// What is known of an image.
    #[must_use]
    pub fn known(&self, image: &Image<'_>) -> Known<'_> {
        self.at(&self.find(image))
    }

    /// Numbers of the rows about an image, in the order in which they are asked.
    pub(super) fn find(&self, image: &Image<'_>) -> Rc<[usize]> {
        let mut found = Vec::new();
        self.gather(image, &mut found, MAX_LIKE);
        found.into()
    }

    /// What rows say that were found before.
    pub(super) fn at(&self, found: &Rc<[usize]>) -> Known<'_> {
        Known { all: &self.rows, at: Rc::clone(found) }
    }

    /// The rows about an image, each followed by those about the image that it is like.
    fn gather(&self, image: &Image<'_>, found: &mut Vec<usize>, depth: usize) {
        let exact = |pattern: &String| {
            if pattern.contains('/') {
                image.matches(pattern)
            } else {
                image.official && glob(pattern, image.repository)
            }
        };
        for at in self.candidates(image.short_name()) {
            let row = &self.rows[at];
            if !row.images.iter().any(exact) || !row.holds_for(image) || found.contains(&at) {
                continue;
            }
            found.push(at);
            let like = row.like.as_deref().filter(|_| depth > 0).and_then(|like| Image::parse(like).ok());
            if let Some(like) = like {
                // The tag is the image's own where none is named.
                self.gather(&Image { tag: like.tag.or(image.tag), digest: image.digest, ..like }, found, depth - 1);
            }
        }
    }

    /// The row about an operating system whose official image has the same name, for a copy elsewhere.
    #[must_use]
    pub fn same_name(&self, image: &Image<'_>) -> Option<&ImageFacts> {
        self.candidates(image.short_name()).into_iter().map(|at| &self.rows[at]).find(|row| {
            let same = |pattern: &String| !pattern.contains('/') && glob(pattern, image.short_name());
            row.os && row.images.iter().any(same) && row.holds_for(image)
        })
    }
}

/// How many rows may follow each other by `like`.
const MAX_LIKE: usize = 4;

/// The rows about one image. Each question is answered by the first of them that says something.
#[derive(Clone, Debug)]
pub struct Known<'a> {
    all: &'a [ImageFacts],
    at: Rc<[usize]>,
}

impl<'a> Known<'a> {
    /// The rows themselves, in the order in which they are asked.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &'a ImageFacts> {
        let all = self.all;
        self.at.iter().map(move |at| &all[*at])
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.at.is_empty()
    }

    /// All that is known, field by field as in a policy.
    #[must_use]
    pub fn fields(&self) -> Map<String, Value> {
        let mut all = Map::new();
        for (name, value) in self.rows().flat_map(ImageFacts::fields) {
            all.entry(name).or_insert(value);
        }
        all
    }

    fn first<T: ?Sized>(&self, of: impl Fn(&'a ImageFacts) -> Option<&'a T>) -> Option<&'a T> {
        self.rows().find_map(of)
    }

    /// Why it ends without command and args, where it does.
    #[must_use]
    pub fn idles(&self) -> Option<&'a str> {
        self.first(|row| row.idles.as_deref())
    }

    /// ENTRYPOINT; empty where there is none.
    #[must_use]
    pub fn entrypoint(&self) -> Option<&'a [String]> {
        self.first(|row| row.entrypoint.as_deref())
    }

    /// CMD; empty where there is none.
    #[must_use]
    pub fn command(&self) -> Option<&'a [String]> {
        self.first(|row| row.command.as_deref())
    }

    /// Whether `args` alone become the program.
    #[must_use]
    pub fn runs_args(&self) -> bool {
        self.rows().find_map(|row| row.runs_args).unwrap_or(false)
    }

    /// Whether `args` that begin with a word become the program by themselves, as that is neither an option nor
    /// anything else that the entrypoint gives to its own program.
    #[must_use]
    pub fn runs(&self, word: &str) -> bool {
        let takes = || self.first(|row| row.takes.as_deref()).unwrap_or_default();
        self.runs_args()
            && (self.entrypoint().is_none_or(<[_]>::is_empty)
                || !(word.starts_with('-') || takes().iter().any(|pattern| glob(pattern, word))))
    }

    /// All the shells that it has.
    #[must_use]
    pub fn shells(&self) -> Option<&'a [String]> {
        self.first(|row| row.shells.as_deref())
    }

    /// What the application is written in.
    #[must_use]
    pub fn runtime(&self) -> Option<Runtime> {
        self.rows().find_map(|row| row.runtime)
    }

    /// USER: a number or a name.
    #[must_use]
    pub fn user(&self) -> Option<&'a str> {
        self.first(|row| row.user.as_deref())
    }

    /// The number of a user that is a name.
    #[must_use]
    pub fn uid(&self) -> Option<u32> {
        self.rows().find_map(|row| row.uid)
    }

    /// Capabilities that the program's file has.
    #[must_use]
    pub fn file_capabilities(&self) -> Option<&'a [String]> {
        self.first(|row| row.file_capabilities.as_deref())
    }

    /// VOLUME of the Dockerfile.
    #[must_use]
    pub fn volumes(&self) -> &'a [String] {
        self.first(|row| row.volumes.as_deref()).unwrap_or_default()
    }

    /// Capabilities that its entrypoint needs as root.
    #[must_use]
    pub fn capabilities(&self) -> Option<&'a [String]> {
        self.first(|row| row.capabilities.as_deref())
    }

    /// All the ports that it listens on when nothing is configured.
    #[must_use]
    pub fn ports(&self) -> Option<&'a [Listen]> {
        self.first(|row| row.ports.as_deref())
    }

    /// What it has to write at start.
    #[must_use]
    pub fn writes(&self) -> Option<&'a [Write]> {
        self.first(|row| row.writes.as_deref())
    }

    /// Variables without which it ends at once.
    #[must_use]
    pub fn requires(&self) -> Option<&'a [Requires]> {
        self.first(|row| row.requires.as_deref())
    }

    /// Variables with which it ends at once.
    #[must_use]
    pub fn refuses(&self) -> Option<&'a [Refuses]> {
        self.first(|row| row.refuses.as_deref())
    }

    /// Options that its program no longer knows.
    #[must_use]
    pub fn refuses_options(&self) -> Option<&'a [RefusedOptions]> {
        self.first(|row| row.refuses_options.as_deref())
    }

    /// The data directory of a database.
    #[must_use]
    pub fn data(&self) -> Option<&'a DataDirectory> {
        self.first(|row| row.data.as_ref())
    }

    /// Variables that it reads, and a Service link could shadow.
    #[must_use]
    pub fn reads(&self) -> Option<&'a [String]> {
        self.first(|row| row.reads.as_deref())
    }

    /// The heap or cache that it takes where nothing is configured.
    #[must_use]
    pub fn heap(&self) -> Option<&'a DefaultHeap> {
        self.first(|row| row.heap.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_tags() {
        let versions = |text: &str| Versions::try_from(text.to_owned()).unwrap();
        for (bounds, tag, holds) in [
            ("<11", "8-jre", true),
            ("<11", "11.0.2", false),
            ("<11", "latest", false),
            (">=9 <12", "11", true),
            (">=9 <12", "v9.1", true),
            (">=9 <12", "12.0", false),
            ("<3.9", "3.9.1", false),
            ("<3.9", "3.8", true),
            ("<3.9", "3", false),
            ("<3.9", "2", true),
            (">18", "18.1", false),
            (">=18", "18-alpine", true),
        ] {
            assert_eq!(versions(bounds).hold(tag), holds, "{tag} {bounds}");
        }
        assert!(Versions::try_from("11".to_owned()).is_err() && Versions::try_from(String::new()).is_err());
    }

    #[test]
    fn the_first_row_that_says_a_thing_is_right() {
        let row = |images: &[&str], tags: &[&str], shells: Option<&[&str]>, user: Option<&str>, like: Option<&str>| {
            let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
            ImageFacts {
                images: texts(images),
                tags: texts(tags),
                shells: shells.map(texts),
                user: user.map(str::to_owned),
                like: like.map(str::to_owned),
                ..ImageFacts::default()
            }
        };
        let images = Images::new(vec![
            row(&["nginx"], &["*alpine*"], Some(&["sh"]), None, None),
            row(&["nginx"], &[], Some(&["sh", "bash"]), Some("0"), None),
            row(&["team/web-*"], &[], None, Some("101"), Some("nginx")),
        ]);
        let asked = |text: &str| {
            let known = images.known(&Image::parse(text).unwrap());
            (known.shells().map(|shells| shells.join(" ")), known.user())
        };
        assert_eq!(asked("nginx:1.27-alpine"), (Some("sh".into()), Some("0")));
        assert_eq!(asked("docker.io/library/nginx:1.27"), (Some("sh bash".into()), Some("0")));
        assert_eq!(asked("registry.example.com/team/web-front:3-alpine"), (Some("sh".into()), Some("101")));
        assert_eq!(asked("quay.io/nginx:1"), (None, None));
    }
}
