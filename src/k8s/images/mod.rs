//! What is known of images: plain data, row by row from their own Dockerfiles.

mod index;
mod rows;
mod versions;

pub use index::index;
pub use rows::*;
pub use versions::Versions;

use super::image::{Image, glob};
use index::Index;
use serde_json::{Map, Value};
use std::rc::Rc;
use std::sync::OnceLock;

/// Rows, found by the last segment of an image's repository.
#[derive(Clone, Debug, Default)]
pub struct Images {
    rows: Vec<Row>,
    /// Of those that are compiled in, and of those of each policy.
    parts: Vec<Index>,
}

/// A row; one that is compiled in is decoded when it is first asked, as most never are.
#[derive(Clone, Debug)]
struct Row {
    /// The row as JSON, `images` first.
    text: &'static str,
    facts: OnceLock<Box<ImageFacts>>,
}

impl Row {
    fn facts(&self) -> &ImageFacts {
        self.facts.get_or_init(|| {
            serde_json::from_str(self.text).map(Box::new).expect("a test decodes each row that is compiled in")
        })
    }

    /// Its patterns, read off the text where it is not decoded.
    fn patterns(&self) -> impl Iterator<Item = &str> {
        let decoded = self.facts.get();
        let list = self
            .text
            .strip_prefix("{\"images\":[")
            .filter(|_| decoded.is_none())
            .and_then(|rest| rest.split(']').next());
        // Quotes around each, and a comma between two.
        let written = list.unwrap_or_default().split('"').skip(1).step_by(2);
        decoded.into_iter().flat_map(|facts| &facts.images).map(String::as_str).chain(written)
    }
}

impl From<ImageFacts> for Row {
    fn from(facts: ImageFacts) -> Self {
        Self { text: "", facts: Box::new(facts).into() }
    }
}

impl Images {
    /// Rows in the order in which they are asked.
    #[must_use]
    pub fn new(rows: Vec<ImageFacts>) -> Self {
        let text = index(rows.iter().map(|row| row.images.iter().map(String::as_str)));
        Self { rows: rows.into_iter().map(Row::from).collect(), parts: vec![Index::of(text)] }
    }

    /// Rows that are compiled in, one a line, each as JSON with `images` first; and their [`index()`].
    #[must_use]
    pub fn compiled_in(lines: &'static str, index: &'static str) -> Self {
        let mut start = 0;
        let ends = memchr::memchr_iter(b'\n', lines.as_bytes());
        let rows =
            ends.map(|end| Row { text: &lines[std::mem::replace(&mut start, end + 1)..end], facts: OnceLock::new() });
        Self { rows: rows.collect(), parts: vec![Index::of(index)] }
    }

    /// These rows behind others.
    #[must_use]
    pub fn behind(mut self, rows: Vec<ImageFacts>) -> Self {
        let mut before = Self::new(rows);
        self.parts.iter_mut().for_each(|part| part.first += before.rows.len());
        before.rows.append(&mut self.rows);
        before.parts.append(&mut self.parts);
        before
    }

    /// All rows, in their order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &ImageFacts> {
        self.rows.iter().map(Row::facts)
    }

    /// The rows that may be about a repository of this last segment, in their order.
    fn candidates(&self, name: &str) -> Vec<usize> {
        let mut all = Vec::new();
        self.parts.iter().for_each(|part| part.find(name, &mut all));
        all.sort_unstable();
        all.dedup();
        all
    }

    /// What is known of an image.
    #[must_use]
    pub fn known(&self, image: &Image<'_>) -> Known<'_> {
        self.at(&self.find(image, Tag::AsWritten))
    }

    /// Numbers of the rows about an image, in the order in which they are asked.
    pub(super) fn find(&self, image: &Image<'_>, read: Tag) -> Rc<[usize]> {
        let mut found = Vec::new();
        self.gather(image, read, &mut found, MAX_LIKE);
        found.into()
    }

    /// What rows say that were found before.
    pub(super) fn at(&self, found: &Rc<[usize]>) -> Known<'_> {
        Known { all: &self.rows, at: Rc::clone(found) }
    }

    /// The rows about an image, each followed by those about the image that it is like.
    fn gather(&self, image: &Image<'_>, read: Tag, found: &mut Vec<usize>, depth: usize) {
        let exact = |pattern: &str| {
            if pattern.contains('/') {
                image.matches(pattern)
            } else {
                image.official && glob(pattern, image.repository)
            }
        };
        for at in self.candidates(image.short_name()) {
            if !self.rows[at].patterns().any(exact) {
                continue;
            }
            let row = self.rows[at].facts();
            if !row.holds_for(image, read) || found.contains(&at) {
                continue;
            }
            found.push(at);
            let like = row.like.as_deref().filter(|_| depth > 0).and_then(|like| Image::parse(like).ok());
            if let Some(like) = like {
                // The tag is the image's own where none is named.
                let like = Image { tag: like.tag.or(image.tag), digest: image.digest, ..like };
                self.gather(&like, read, found, depth - 1);
            }
        }
    }

    /// The row about an operating system whose official image has the same name, for a copy elsewhere.
    #[must_use]
    pub fn same_name(&self, image: &Image<'_>) -> Option<&ImageFacts> {
        self.candidates(image.short_name()).into_iter().map(|at| self.rows[at].facts()).find(|row| {
            let same = |pattern: &String| !pattern.contains('/') && glob(pattern, image.short_name());
            row.os && row.images.iter().any(same) && row.holds_for(image, Tag::AsWritten)
        })
    }
}

/// How many rows may follow each other by `like`.
const MAX_LIKE: usize = 4;

/// The rows about one image. Each question is answered by the first of them that says something.
#[derive(Clone, Debug)]
pub struct Known<'a> {
    all: &'a [Row],
    at: Rc<[usize]>,
}

impl<'a> Known<'a> {
    /// The rows themselves, in the order in which they are asked.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &'a ImageFacts> {
        let all = self.all;
        self.at.iter().map(move |at| all[*at].facts())
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

    /// Whether `args` that begin with an option become the program, which can't be.
    #[must_use]
    pub fn runs_options(&self) -> bool {
        self.rows().find_map(|row| row.runs_options).unwrap_or(false)
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

    /// Programs that it lacks, each with what takes its place.
    #[must_use]
    pub fn lacks(&self) -> &'a [Lacks] {
        self.first(|row| row.lacks.as_deref()).unwrap_or_default()
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
