//! What a row about an image may say.

use super::versions::Versions;
use crate::k8s::image::{Image, glob};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

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
    /// Whether its entrypoint runs whatever `args` begin with, be that an option, which no program is called like.
    #[serde(default)]
    pub runs_options: Option<bool>,
    /// Patterns for a first one of `args` that such an entrypoint gives to its own program, besides options: `*.conf`.
    #[serde(default)]
    pub takes: Option<Vec<String>>,
    /// All the shells that it has, of sh, ash, bash, dash, ksh and zsh; an empty list where it has none.
    #[serde(default)]
    pub shells: Option<Vec<String>>,
    /// Programs that it lacks, of those that commands and probes often call.
    #[serde(default)]
    pub lacks: Option<Vec<Lacks>>,
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

/// How a tag is read that names more than one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// Nothing is assumed of its version.
    AsWritten,
    /// As the newest that it may name.
    Newest,
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

/// Programs that an image does not have.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Lacks {
    /// Their names, as they are looked up in the `PATH`.
    pub any_of: Vec<String>,
    /// What the image has in their place.
    #[serde(default)]
    pub instead: Option<String>,
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
    /// Its configuration: what is mounted over, in or above it mostly takes their place.
    #[serde(default)]
    pub unless_mounted: Vec<String>,
    /// Only where one of these words is given.
    #[serde(default)]
    pub with_args: Vec<String>,
    /// Options that take their place, as they begin.
    #[serde(default)]
    pub unless_args: Vec<String>,
    /// With which exit code it ends; 1 where none is named.
    #[serde(default)]
    pub exits: Option<u8>,
    /// What it says when it ends.
    #[serde(default)]
    pub says: Option<String>,
    /// What to do, where there is more to say than a name: "set `A` to `b`".
    #[serde(default)]
    pub advice: Option<String>,
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
    /// Only where its value has fewer bytes.
    #[serde(default)]
    pub shorter_than: Option<usize>,
    /// Only where its value does not hold this text.
    #[serde(default)]
    pub lacking: Option<String>,
    /// What it says when it ends.
    pub says: String,
}

/// Options that end a program.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefusedOptions {
    /// Any of these, as they begin.
    pub any_of: Vec<String>,
    /// Whether they are whole words, which no version takes.
    #[serde(default)]
    pub whole: bool,
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
    pub(super) fn holds_for(&self, image: &Image<'_>, read: Tag) -> bool {
        let tag = image.tag.or_else(|| image.digest.is_none().then_some("latest"));
        let Some(tag) = tag else {
            return self.tags.is_empty() && self.except_tags.is_empty() && self.versions.is_none();
        };
        (self.tags.is_empty() || self.tags.iter().any(|pattern| glob(pattern, tag)))
            && !self.except_tags.iter().any(|part| tag.contains(part.as_str()))
            && self
                .versions
                .as_ref()
                .is_none_or(|versions| versions.hold(tag) || (read == Tag::Newest && versions.hold_newest(tag)))
    }
}
