//! Rows of the table of images, found by name without reading the rows.

use crate::k8s::image::glob;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Which rows may be about a repository, by its last segment. Text, so that it can be compiled in and costs a start nothing:
/// a line for each name with the rows' numbers, names with a `*` before the others, each sorted by bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// The number of the first row.
    pub(super) first: usize,
    text: Cow<'static, str>,
    /// Where names without `*` begin in the text.
    plain: usize,
}

/// The text of an index of rows, each given by its patterns.
pub fn index<'p, P: IntoIterator<Item = &'p str>>(rows: impl IntoIterator<Item = P>) -> String {
    let mut names: BTreeMap<(bool, &str), Vec<usize>> = BTreeMap::new();
    for (at, patterns) in rows.into_iter().enumerate() {
        for pattern in patterns {
            let name = pattern.rsplit('/').next().unwrap_or(pattern);
            if name.contains(char::is_whitespace) {
                continue; // No image is called so.
            }
            let rows = names.entry((!name.contains('*'), name)).or_default();
            if rows.last() != Some(&at) {
                rows.push(at);
            }
        }
    }
    let mut text = String::new();
    for ((_, name), rows) in names {
        text += name;
        for row in rows {
            let _ = write!(text, " {row}");
        }
        text.push('\n');
    }
    text
}

impl Index {
    /// Of text that [`index()`] made.
    pub(super) fn of(text: impl Into<Cow<'static, str>>) -> Self {
        let text = text.into();
        let starred = text.split_inclusive('\n').take_while(|line| name_of(line).contains('*'));
        Self { first: 0, plain: starred.map(str::len).sum(), text }
    }

    /// Adds the numbers of the rows that may be about a repository of this last segment.
    pub(super) fn find(&self, name: &str, found: &mut Vec<usize>) {
        let (starred, plain) = self.text.split_at(self.plain);
        let matching = starred.lines().filter(|line| glob(name_of(line), name));
        for line in matching.chain(line_of(plain, name)) {
            let numbers = line.split(' ').skip(1).filter_map(|number| number.parse::<usize>().ok());
            found.extend(numbers.map(|number| self.first + number));
        }
    }
}

fn name_of(line: &str) -> &str {
    line.split(' ').next().unwrap_or(line)
}

/// The line of a name, of lines that are sorted.
fn line_of<'t>(lines: &'t str, name: &str) -> Option<&'t str> {
    let mut rest = lines;
    while !rest.is_empty() {
        let bytes = rest.as_bytes();
        let middle = rest.len() / 2;
        let start = memchr::memrchr(b'\n', &bytes[..middle]).map_or(0, |at| at + 1);
        let end = memchr::memchr(b'\n', &bytes[middle..]).map_or(rest.len(), |at| middle + at);
        let line = &rest[start..end];
        rest = match name_of(line).cmp(name) {
            std::cmp::Ordering::Equal => return Some(line),
            std::cmp::Ordering::Less => rest.get(end + 1..).unwrap_or_default(),
            std::cmp::Ordering::Greater => &rest[..start],
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_found_and_no_other() {
        let rows = [vec!["b", "team/a", "é"], vec!["c*"], vec!["a", "other/a"], vec!["*", "cd"], vec!["x y", "x\ny"]];
        let text = index(rows);
        assert_eq!(text, "* 3\nc* 1\na 0 2\nb 0\ncd 3\né 0\n");
        let mut index = Index::of(text);
        index.first = 10;
        let find = |name: &str| {
            let mut found = Vec::new();
            index.find(name, &mut found);
            found
        };
        assert_eq!(find("a"), [13, 10, 12]);
        assert_eq!(find("b"), [13, 10]);
        assert_eq!(find("cd"), [13, 11, 13]);
        assert_eq!(find("é"), [13, 10]);
        for other in ["", "A", "aa", "z", "ü"] {
            assert_eq!(find(other), [13], "{other}");
        }
        assert!(Index::default().text.is_empty());
    }
}
