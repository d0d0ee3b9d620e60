//! Loops that wait for something outside, without a limit of their own.

use super::listing::{Part, visit, visit_list};
use super::parse::{parse, words};
use super::script;
use brush_parser::ast::{CompoundCommand, CompoundList, WhileOrUntilClauseCommand};

/// The command that a loop asks again and again, for ever if need be, where a script has such a loop: as its words.
/// Known by the `sleep` between two questions, and by the absence of all that could be a limit: a number that is
/// compared or counted, a clock, `timeout` around it.
#[must_use]
pub fn waits_forever(argv: &[&str]) -> Option<Vec<String>> {
    let script = script(argv).filter(|script| !script.limited)?;
    let program = parse(script.text)?;
    let mut found = None;
    visit(&program, &mut |part| {
        if let Part::Compound(CompoundCommand::WhileClause(clause) | CompoundCommand::UntilClause(clause)) = part
            && found.is_none()
        {
            found = question(clause);
        }
    });
    found
}

fn question(clause: &WhileOrUntilClauseCommand) -> Option<Vec<String>> {
    let (condition, body) = (&clause.0, &clause.1.list);
    let asked = listed(condition);
    let done = listed(body);
    let all = || asked.iter().chain(&done);
    let sleeps = all().any(|words| words[0] == "sleep");
    let limited = has_arithmetic(condition) || has_arithmetic(body) || all().any(|words| is_limit(words));
    if !sleeps || limited {
        return None;
    }
    let trivial = |words: &[String]| matches!(&*words[0], "true" | ":" | "sleep" | "echo" | "printf" | "date");
    match asked.first().filter(|words| !trivial(words)) {
        Some(first) => Some(first.clone()),
        // `while true; do nc -z db 5432 && break; sleep 1; done`
        None if done.iter().any(|words| matches!(&*words[0], "break" | "exit" | "return")) => {
            let words = done.iter().find(|words| !trivial(words) && !matches!(&*words[0], "break" | "exit" | "return"));
            words.cloned()
        }
        None => None,
    }
}

/// The simple commands of a list, wrappers such as `timeout 5` taken off.
fn listed(list: &CompoundList) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    visit_list(list, &mut |part| {
        if let Part::Simple(command) = part {
            found.extend(words(command));
        }
    });
    found
}

fn has_arithmetic(list: &CompoundList) -> bool {
    let mut found = false;
    visit_list(list, &mut |part| match part {
        Part::Compound(CompoundCommand::Arithmetic(_) | CompoundCommand::ArithmeticForClause(_)) | Part::Test => {
            found = true;
        }
        // `n=$((n+1))` has no program.
        Part::Word(item) => found |= item.to_string().contains("$(("),
        _ => {}
    });
    found
}

/// Whether a command counts, compares numbers, reads a list or a clock, or gives up.
fn is_limit(words: &[String]) -> bool {
    let compares = |word: &String| matches!(&**word, "-lt" | "-le" | "-gt" | "-ge" | "-eq" | "-ne");
    let failure = matches!(&*words[0], "exit" | "return") && words.get(1).is_some_and(|code| code != "0");
    failure
        || matches!(&*words[0], "read" | "let" | "expr" | "getopts" | "shift" | "seq" | "wait" | "kill")
        || words.iter().any(|word| compares(word) || word.contains("$((") || word.contains("SECONDS") || word == "+%s")
}
