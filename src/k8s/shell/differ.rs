//! Where the parser and the shells are known not to see a script alike: by `tests/shell/golden.json`, which has what dash,
//! bash and busybox make of some 1,800 scripts.

use super::parse::Fault;

/// Whether a script holds what a shell understands, and the parser may not: `for ((;;))`, `select`, an arithmetic with
/// `#`, a `case` within `$(…)`, a `!` or `[[` with nothing behind it, a name that is an alias.
pub(super) fn is_beyond(script: &str, fault: Fault) -> bool {
    let case =
        || script.split("$(").skip(1).any(|inner| has_word(inner.split("esac").next().unwrap_or(inner), &["case"]));
    script.contains(";;") && script.contains("((")
        || has_word(script, &["select", "coproc", "alias"])
        || (fault == Fault::Expansion && script.contains("(("))
        || case()
        || negates_oddly(script)
        || script.split("[[").skip(1).any(|inner| inner.trim_start().starts_with("]]"))
}

fn has_word(script: &str, words: &[&str]) -> bool {
    count_of(script, words) > 0
}

fn count_of(script: &str, words: &[&str]) -> usize {
    script.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| words.contains(word)).count()
}

/// Signs of what the parser and the shells do not always see alike.
const MAY_DIFFER: &[&str] = &[
    "[[", "]]", "<<", "((", "$'", "$\"", "=(", "<(", ">(", "&>", "|&", ";&", "@(", "!(", "?(", "+(", "*(", "$$", "$[",
];

/// Whether a fault is of a class on which the parser, dash, bash and busybox agree.
pub(super) fn is_agreed(script: &str, fault: Fault) -> bool {
    let signs = MAY_DIFFER.iter().any(|sign| script.contains(sign)) || has_word(script, &["function", "time"]);
    let quotes = matches!(fault, Fault::SingleQuote | Fault::DoubleQuote | Fault::Backquote);
    !(signs || (quotes && has_quote_in_braces(script)) || defines_oddly(script) || loops_oddly(script))
}

/// `${x:-'}`: dash is content with less there than bash.
fn has_quote_in_braces(script: &str) -> bool {
    script.split("${").skip(1).any(|inner| {
        let inside = inner.split('}').next().unwrap_or(inner);
        inside.len() == inner.len() || inside.contains(['\'', '"', '`', '{', '\n'])
    })
}

/// `f() echo a`, `f() {}`: a definition without a group, which dash takes.
fn defines_oddly(script: &str) -> bool {
    script.split('(').skip(1).filter_map(|inner| inner.trim_start().strip_prefix(')')).any(|body| {
        let body = body.trim_start();
        !body.starts_with('(') && body.strip_prefix('{').is_none_or(|inner| !inner.starts_with(char::is_whitespace))
    })
}

/// `for i in a b; { echo a; }`, which bash takes.
fn loops_oddly(script: &str) -> bool {
    script.contains('{')
        && has_word(script, &["for"])
        && count_of(script, &["for", "while", "until"]) > count_of(script, &["do"])
}

/// A `!` with nothing behind it; `$!` is a variable.
fn negates_oddly(script: &str) -> bool {
    script.match_indices('!').filter(|(at, _)| !script[..*at].ends_with('$')).any(|(at, _)| {
        let rest = script[at + 1..].trim_start_matches([' ', '\t']);
        rest.is_empty() || rest.starts_with(['\n', '\r', ';', '&', '|', '!'])
    })
}
