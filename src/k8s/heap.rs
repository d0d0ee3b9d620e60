//! The heap that a container's program is told to keep to, as far as its command and variables say.

use super::container::Container;
use super::quantity::Quantity;
use crate::node::Node;

/// Variables that a JVM, or the scripts that start one, read options from; each later one wins over those
/// before it.
const JVM_OPTIONS: &[&str] = &[
    "JAVA_TOOL_OPTIONS",
    "JAVA_OPTS",
    "CATALINA_OPTS",
    "ES_JAVA_OPTS",
    "KAFKA_HEAP_OPTS",
    "LS_JAVA_OPTS",
    "JDK_JAVA_OPTIONS",
    "_JAVA_OPTIONS",
];

/// The largest heap that options allow: `-Xmx` of a JVM (the last one wins), `--max-old-space-size` of
/// Node.js (MiB); `None` where none is written.
#[must_use]
pub fn max_heap(container: Container<'_>) -> Option<Quantity> {
    let (command, args) = container.command_words();
    let words = command.into_iter().chain(args).flatten().filter_map(Node::as_str);
    let in_words = words.flat_map(str::split_whitespace).filter_map(option).next_back();
    let in_variables = |names: &[&str]| {
        let values = names.iter().filter_map(|name| container.variable(name)?.value());
        values.flat_map(str::split_whitespace).filter_map(option).next_back()
    };
    in_variables(&["_JAVA_OPTIONS"])
        .or(in_words)
        .or_else(|| in_variables(JVM_OPTIONS))
        .or_else(|| in_variables(&["NODE_OPTIONS"]))
}

fn option(word: &str) -> Option<Quantity> {
    let word = word.trim_matches(['"', '\'']);
    if let Some(size) = word.strip_prefix("-Xmx") {
        let digits = size.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let shift = match size[digits.len()..].to_ascii_lowercase().as_str() {
            "" => 0,
            "k" => 10,
            "m" => 20,
            "g" => 30,
            "t" => 40,
            _ => return None,
        };
        return Some(Quantity::new(digits.parse::<i64>().ok()?.checked_mul(1 << shift)?));
    }
    let size = word.strip_prefix("--max-old-space-size=").or_else(|| word.strip_prefix("--max_old_space_size="))?;
    Some(Quantity::new(size.parse::<i64>().ok()?.checked_mul(1 << 20)?))
}
