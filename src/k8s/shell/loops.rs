//! Loops that wait for something outside, without a limit of their own.

use super::listing::{Part, visit, visit_list};
use super::parse::{parse, words};
use super::script;
use crate::k8s::command::base_name;
use brush_parser::ast::{CompoundCommand, CompoundList, WhileOrUntilClauseCommand};

/// The command that a loop asks again and again, for ever if need be, where a script has such a loop: as its words.
/// Known by the `sleep` between two questions or by a client that asks, and by the absence of all that could be a limit:
/// a number that is counted, a clock, an exit, `timeout` around it, or a watcher that kills.
#[must_use]
pub fn waits_forever(argv: &[&str]) -> Option<Vec<String>> {
    let script = script(argv).filter(|script| !script.limited)?;
    let program = parse(script.text)?;
    let (mut found, mut killed) = (None, false);
    visit(&program, &mut |part| match part {
        Part::Compound(CompoundCommand::WhileClause(clause) | CompoundCommand::UntilClause(clause))
            if found.is_none() =>
        {
            found = question(clause);
        }
        Part::Simple(command) => {
            killed |= words(command).is_some_and(|words| matches!(&*words[0], "kill" | "killall" | "pkill"))
        }
        _ => {}
    });
    found.filter(|_| !killed)
}

/// Programs that ask something that others answer.
const CLIENTS: &[&str] = &[
    "nc",
    "ncat",
    "netcat",
    "curl",
    "wget",
    "nslookup",
    "dig",
    "host",
    "getent",
    "ping",
    "telnet",
    "pg_isready",
    "psql",
    "mysql",
    "mysqladmin",
    "mariadb-admin",
    "redis-cli",
    "mongo",
    "mongosh",
    "kubectl",
    "timeout",
];

fn question(clause: &WhileOrUntilClauseCommand) -> Option<Vec<String>> {
    let (condition, body) = (&clause.0, &clause.1.list);
    let asked = listed(condition);
    let done = listed(body);
    let all = || asked.iter().chain(&done);
    let asks = |words: &[String]| CLIENTS.contains(&base_name(&words[0]));
    let waits = all().any(|words| words[0] == "sleep" || asks(words));
    let limited = has_limit(condition) || has_limit(body) || all().any(|words| is_limit(words));
    if !waits || limited {
        return None;
    }
    let trivial = |words: &[String]| {
        matches!(&*words[0], "true" | ":" | "sleep" | "echo" | "printf" | "date")
            // `[ 1 ]` asks nothing.
            || matches!(words, [test, word, _] if test == "[" && !word.contains(['$', '`']))
    };
    match tested(condition).or_else(|| asked.first().cloned()).filter(|words| !trivial(words)) {
        Some(first) => Some(first),
        // `while true; do nc -z db 5432 && break; sleep 1; done`
        None if done.iter().any(|words| matches!(&*words[0], "break" | "exit" | "return")) => {
            let words = done.iter().find(|words| !trivial(words) && !matches!(&*words[0], "break" | "exit" | "return"));
            words.cloned()
        }
        None => None,
    }
}

/// What a list tests within `[[`, where that is all it does.
fn tested(list: &CompoundList) -> Option<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    visit_list(list, &mut |part| match part {
        Part::Test(test) if found.is_empty() => found = vec!["[[".to_owned(), test.to_string(), "]]".to_owned()],
        Part::Simple(_) => found = vec![String::new()],
        _ => {}
    });
    (found.len() == 3).then_some(found)
}

/// The simple commands of a list.
fn listed(list: &CompoundList) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    visit_list(list, &mut |part| {
        if let Part::Simple(command) = part {
            found.extend(words(command));
        }
    });
    found
}

/// Whether a list counts anywhere, or compares within `[[`.
fn has_limit(list: &CompoundList) -> bool {
    let mut found = false;
    visit_list(list, &mut |part| match part {
        Part::Compound(CompoundCommand::Arithmetic(_) | CompoundCommand::ArithmeticForClause(_)) => found = true,
        Part::Test(test) => {
            let text = test.to_string();
            found |= text.split_whitespace().any(is_comparison) || counts(&text) || text.contains(['<', '>']);
        }
        // `n=$((n+1))` has no program.
        Part::Word(item) => found |= counts(&item.to_string()),
        Part::Name(word) => found |= counts(&word.value),
        _ => {}
    });
    found
}

/// Whether a text computes a number, or reads a clock.
fn counts(text: &str) -> bool {
    ["$((", "$[", "expr ", "SECONDS", "+%s", "seq "].iter().any(|sign| text.contains(sign))
}

fn is_comparison(word: &str) -> bool {
    matches!(word, "-lt" | "-le" | "-gt" | "-ge" | "-eq" | "-ne")
}

/// Whether a command counts, compares numbers of its own, reads a list or a clock, or gives up.
fn is_limit(words: &[String]) -> bool {
    let failure = matches!(&*words[0], "exit" | "return") && words.get(1).is_some_and(|code| code != "0");
    // What is compared is an answer, where a command gives it.
    let answer = || words.iter().any(|word| word.contains("$(") || word.contains('`') || word.contains("$?"));
    failure
        || matches!(&*words[0], "read" | "let" | "expr" | "getopts" | "shift" | "seq" | "wait" | "kill")
        || words.iter().any(|word| counts(word))
        || (words.iter().any(|word| is_comparison(word)) && !answer())
}
