//! The heap that Node.js is told to keep to.

use super::lines::{Line, Lines, Origin};
use super::size::mebibytes;
use super::{Setting, mentions};
use crate::k8s::container::Container;
use crate::k8s::env::UNKNOWN;
use crate::k8s::images::Runtime;
use crate::k8s::quantity::Quantity;
use crate::k8s::tables::Tables;

/// What Node.js may use, as far as it is written.
#[derive(Clone, Debug)]
pub struct Node<'t> {
    /// The largest old space (`--max-old-space-size`, in mebibytes).
    pub heap: Setting<'t>,
    /// The young generation: three semi-spaces (V8 `src/heap/heap.cc`, Heap::YoungGenerationSizeFromSemiSpaceSize).
    pub young: Option<Setting<'t>>,
}

impl Node<'_> {
    /// Both generations.
    #[must_use]
    pub fn sum(&self) -> Quantity {
        self.young.as_ref().map_or(self.heap.amount, |young| self.heap.amount.plus(young.amount))
    }
}

/// What Node.js is told in `NODE_OPTIONS` and on the command line, which wins; the greediest where several are
/// started. `None` where it is told nothing.
#[must_use]
pub fn node<'t>(container: Container<'t>, tables: &'t Tables) -> Option<Node<'t>> {
    if !mentions(container, &["old-space", "old_space"]) {
        return None;
    }
    let foreign = tables.known(container).runtime().is_some_and(|runtime| runtime != Runtime::Node);
    let lines = Lines::of(container, tables);
    let of = |line: Option<&Line<'t>>| {
        let heap = last(&lines, line, &["--max-old-space-size=", "--max_old_space_size="])?;
        let semi = last(&lines, line, &["--max-semi-space-size=", "--max_semi_space_size="]);
        let young = semi.map(|(amount, origin)| Setting {
            option: "--max-semi-space-size",
            amount: amount.times(3, 1),
            origin,
        });
        Some(Node { heap: Setting { option: "--max-old-space-size", amount: heap.0, origin: heap.1 }, young })
    };
    if lines.all.is_empty() {
        return of(None).filter(|_| !foreign);
    }
    let run = lines.all.iter().filter(|line| match super::runtime::of_program(line.program()) {
        Some(runtime) => runtime == Some(Runtime::Node),
        None => !foreign,
    });
    run.filter_map(|line| of(Some(line))).reduce(|most, next| if next.sum() > most.sum() { next } else { most })
}

/// The last amount that is given under these names.
fn last<'t>(lines: &Lines<'t>, line: Option<&Line<'t>>, prefixes: &[&str]) -> Option<(Quantity, Origin<'t>)> {
    let value = lines.value(line, "NODE_OPTIONS").unwrap_or_default();
    let place = lines.place(line, "NODE_OPTIONS");
    let of_variable = value.split_whitespace().map(|word| (word.trim_matches(['"', '\'']), place));
    let own = line.into_iter().flat_map(options);
    let mut found = None;
    for (text, origin) in of_variable.chain(own) {
        if text.starts_with(UNKNOWN) {
            found = None;
        }
        if let Some(size) = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)) {
            // Zero is no limit.
            found = mebibytes(size).filter(|size| !size.is_zero()).map(|size| (size, origin));
        }
    }
    found
}

/// The words of a command that reach Node.js: those before its script, and for a wrapper such as `npm` or `pm2` those
/// that it may pass on.
fn options<'l, 't>(line: &'l Line<'t>) -> Vec<(&'l str, Origin<'t>)> {
    let mut found = Vec::new();
    let is_node = matches!(line.program(), "node" | "nodejs");
    let mut words = line.words.iter().skip(usize::from(is_node));
    while let Some(word) = words.next() {
        let text = word.text.as_str();
        if !is_node {
            let inner = ["--node-options=", "--node-args=", "--node-flags="];
            let text = inner.iter().find_map(|option| text.strip_prefix(option)).unwrap_or(text);
            found.extend(text.split_whitespace().map(|part| (part.trim_matches(['"', '\'']), word.origin)));
            continue;
        }
        match text {
            "-r" | "--require" | "--import" | "--loader" | "-e" | "--eval" | "-p" | "-C" => {
                words.next();
            }
            _ if text.starts_with(['-', UNKNOWN]) => found.push((text, word.origin)),
            _ => break,
        }
    }
    found
}
