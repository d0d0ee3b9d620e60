//! What the commands of a script will see: their words, with the values of variables in place.

use super::parse::{options, parse};
use super::{script, wrappers};
use crate::budget::spend;
use crate::k8s::env::UNKNOWN;
use brush_parser::ast::{
    AndOr, AndOrList, Assignment, AssignmentName, AssignmentValue, Command, CommandPrefixOrSuffixItem, CompoundCommand,
    CompoundList, Pipeline, SeparatorOperator, SimpleCommand,
};
use brush_parser::word::{Parameter, ParameterExpr, WordPiece, WordPieceWithSource};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// A word of a command, [`UNKNOWN`] in place of what nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its text; a text that begins with [`UNKNOWN`] may be any number of words.
    pub text: String,
    /// The variable that all of it comes from.
    pub variable: Option<String>,
}

/// A command of a script.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its words.
    pub words: Vec<Seen>,
    /// Variables that the script gives to it.
    pub variables: Vec<(String, String)>,
    /// Whether it runs on every path that does not fail before, and all of its variables are written somewhere.
    pub sure: bool,
}

/// What is known of a variable outside of the script.
#[derive(Clone, Debug)]
pub enum Outer<'e> {
    /// Its value.
    Value(Cow<'e, str>),
    /// Nothing sets it but perhaps the image.
    Unset,
}

/// Steps for one script: words, and variables that are kept in mind for a branch.
const MAX_WORK: usize = 20_000;
/// Bytes of all expanded words.
const MAX_BYTES: usize = 64 << 10;
/// How deep scripts within scripts are followed.
const MAX_DEPTH: usize = 4;

/// The commands of a script in their order, those of branches, loops and functions included.
pub(super) fn runs<'e>(text: &str, lookup: &dyn Fn(&str) -> Outer<'e>) -> Vec<Run> {
    let mut shell = Shell { lookup, state: State::default(), work: MAX_WORK, bytes: MAX_BYTES, depth: 0, runs: vec![] };
    shell.script(text);
    shell.runs
}

#[derive(Clone)]
struct State {
    set: HashMap<String, String>,
    exported: HashSet<String>,
    /// Something ran that may have set anything.
    opaque: bool,
    sure: bool,
}

impl Default for State {
    fn default() -> Self {
        Self { set: HashMap::new(), exported: HashSet::new(), opaque: false, sure: true }
    }
}

struct Shell<'l, 'e> {
    lookup: &'l dyn Fn(&str) -> Outer<'e>,
    state: State,
    work: usize,
    bytes: usize,
    depth: usize,
    runs: Vec<Run>,
}

impl Shell<'_, '_> {
    fn script(&mut self, text: &str) {
        let Some(program) = parse(text).filter(|_| self.depth < MAX_DEPTH) else { return };
        self.depth += 1;
        program.complete_commands.iter().for_each(|list| self.list(list));
        self.depth -= 1;
    }

    /// Takes steps; false where there are none left.
    fn pay(&mut self, steps: usize) -> bool {
        spend(20 * steps as u64);
        self.work = self.work.saturating_sub(steps);
        self.work > 0
    }

    /// What may run or not: what it sets is not known afterwards.
    fn branch(&mut self, walk: impl FnOnce(&mut Self)) {
        if !self.pay(1 + self.state.set.len()) {
            return;
        }
        let before = self.state.clone();
        self.state.sure = false;
        walk(self);
        let after = std::mem::replace(&mut self.state, before);
        for (name, value) in after.set {
            if self.state.set.get(&name) != Some(&value) {
                self.state.set.insert(name, UNKNOWN.into());
            }
        }
        self.state.exported.extend(after.exported);
        if after.opaque {
            self.forget();
        }
    }

    /// What runs in a shell of its own.
    fn apart(&mut self, walk: impl FnOnce(&mut Self)) {
        if self.pay(1 + self.state.set.len()) {
            let before = self.state.clone();
            walk(self);
            self.state = before;
        }
    }

    fn forget(&mut self) {
        self.state.set.clear();
        self.state.opaque = true;
    }

    fn list(&mut self, list: &CompoundList) {
        for item in &list.0 {
            if matches!(item.1, SeparatorOperator::Async) {
                self.apart(|shell| {
                    shell.state.sure = false;
                    shell.and_or(&item.0);
                });
            } else {
                self.and_or(&item.0);
            }
        }
    }

    fn and_or(&mut self, list: &AndOrList) {
        self.pipeline(&list.first);
        for more in &list.additional {
            match more {
                AndOr::And(next) => self.pipeline(next),
                AndOr::Or(next) => self.branch(|shell| shell.pipeline(next)),
            }
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline) {
        match &pipeline.seq[..] {
            [only] => self.command(only),
            all => all.iter().for_each(|part| self.apart(|shell| shell.command(part))),
        }
    }

    fn command(&mut self, command: &Command) {
        match command {
            Command::Simple(simple) => self.simple(simple),
            Command::Compound(compound, _) => self.compound(compound),
            Command::Function(function) => self.branch(|shell| shell.compound(&function.body.0)),
            Command::ExtendedTest(..) => {}
        }
    }

    fn compound(&mut self, command: &CompoundCommand) {
        match command {
            CompoundCommand::BraceGroup(group) => self.list(&group.list),
            CompoundCommand::Subshell(group) => self.apart(|shell| shell.list(&group.list)),
            CompoundCommand::ForClause(clause) => self.branch(|shell| {
                shell.state.set.insert(clause.variable_name.clone(), UNKNOWN.into());
                shell.list(&clause.body.list);
            }),
            CompoundCommand::ArithmeticForClause(clause) => self.branch(|shell| shell.list(&clause.body.list)),
            CompoundCommand::WhileClause(clause) | CompoundCommand::UntilClause(clause) => self.branch(|shell| {
                shell.list(&clause.0);
                shell.list(&clause.1.list);
            }),
            CompoundCommand::IfClause(clause) => {
                self.list(&clause.condition);
                self.branch(|shell| shell.list(&clause.then));
                for clause in clause.elses.iter().flatten() {
                    self.branch(|shell| {
                        clause.condition.iter().for_each(|condition| shell.list(condition));
                        shell.list(&clause.body);
                    });
                }
            }
            CompoundCommand::CaseClause(clause) => {
                for body in clause.cases.iter().filter_map(|case| case.cmd.as_ref()) {
                    self.branch(|shell| shell.list(body));
                }
            }
            CompoundCommand::Arithmetic(_) | CompoundCommand::Coprocess(_) => {}
        }
    }

    fn simple(&mut self, command: &SimpleCommand) {
        let sure = self.state.sure;
        let mut given: Vec<(String, String)> = Vec::new();
        for item in command.prefix.iter().flat_map(|prefix| &prefix.0) {
            if let CommandPrefixOrSuffixItem::AssignmentWord(assignment, _) = item {
                given.extend(self.assignment(assignment));
            }
        }
        let mut words: Vec<Seen> = Vec::new();
        let suffix = command.suffix.iter().flat_map(|suffix| &suffix.0).filter_map(|item| match item {
            CommandPrefixOrSuffixItem::Word(word) | CommandPrefixOrSuffixItem::AssignmentWord(_, word) => Some(word),
            _ => None,
        });
        for word in command.word_or_name.iter().chain(suffix) {
            if !self.pay(1) {
                return;
            }
            words.extend(self.fields(&word.value));
        }
        let Some(name) = words.first().map(|word| word.text.clone()) else {
            self.state.set.extend(given);
            return;
        };
        match name.as_str() {
            "export" | "readonly" | "declare" | "typeset" | "local" => {
                for word in &words[1..] {
                    let (name, value) = word.text.split_once('=').map_or((&*word.text, None), |(n, v)| (n, Some(v)));
                    if let Some(value) = value {
                        self.state.set.insert(name.to_owned(), value.to_owned());
                    }
                    if words[0].text == "export" {
                        self.state.exported.insert(name.to_owned());
                    }
                }
            }
            "unset" => self.state.set.extend(words.into_iter().skip(1).map(|word| (word.text, String::new()))),
            "." | "source" | "eval" | "read" => self.forget(),
            _ => self.run(words, given, sure),
        }
        self.state.sure = sure;
    }

    fn run(&mut self, mut words: Vec<Seen>, mut given: Vec<(String, String)>, sure: bool) {
        let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        let left = wrappers::unwrap(&texts, true);
        let skip = texts.len() - left.len();
        let inner = script(left).map(|script| script.text.to_owned()).filter(|script| !script.contains(UNKNOWN));
        // `env A=b java` gives it a variable, too.
        given.extend(words.drain(..skip).filter_map(|word| {
            let (name, value) = word.text.split_once('=').filter(|_| !word.text.starts_with('-'))?;
            Some((name.to_owned(), value.to_owned()))
        }));
        if let Some(inner) = inner {
            self.apart(|shell| {
                shell.state.set.extend(given);
                shell.script(&inner);
            });
            return;
        }
        if !self.pay(1 + self.state.set.len()) {
            return;
        }
        // A variable that the container has already is exported as it is.
        let passed =
            |name: &String| self.state.exported.contains(name) || matches!((self.lookup)(name), Outer::Value(_));
        let mut variables: Vec<(String, String)> = given;
        let mut own: Vec<_> = self.state.set.iter().filter(|(name, _)| passed(name)).collect();
        own.sort();
        let mut bytes = self.bytes;
        let copied = own.into_iter().rev().map_while(|(name, value)| {
            bytes = bytes.checked_sub(value.len())?;
            Some((name.clone(), value.clone()))
        });
        variables.extend(copied);
        self.bytes = bytes;
        variables.reverse();
        let sure = sure && self.state.sure;
        self.runs.push(Run { words, variables, sure });
    }

    fn assignment(&mut self, assignment: &Assignment) -> Option<(String, String)> {
        let AssignmentName::VariableName(name) = &assignment.name else { return None };
        let value = match &assignment.value {
            AssignmentValue::Scalar(word) => self.joined(&word.value),
            AssignmentValue::Array(_) => UNKNOWN.into(),
        };
        let before = if assignment.append { self.variable(name) } else { String::new() };
        Some((name.clone(), before + &value))
    }

    fn variable(&mut self, name: &str) -> String {
        let value = match self.state.set.get(name) {
            Some(value) => value.clone(),
            None if self.state.opaque => UNKNOWN.into(),
            None => match (self.lookup)(name) {
                Outer::Value(value) => value.into_owned(),
                Outer::Unset => {
                    self.state.sure = false;
                    String::new()
                }
            },
        };
        match self.bytes.checked_sub(value.len()) {
            Some(rest) => {
                self.bytes = rest;
                value
            }
            None => UNKNOWN.into(),
        }
    }

    /// A word as one text.
    fn joined(&mut self, word: &str) -> String {
        match brush_parser::word::parse(word, &options()) {
            Ok(pieces) => pieces.iter().map(|piece| self.piece(&piece.piece)).collect(),
            Err(_) => UNKNOWN.into(),
        }
    }

    /// The words that a word comes to: values outside of quotes are split.
    fn fields(&mut self, word: &str) -> Vec<Seen> {
        if !word.contains(['$', '`', '\\', '"', '\'', '~']) {
            return vec![Seen { text: word.to_owned(), variable: None }];
        }
        let Ok(pieces) = brush_parser::word::parse(word, &options()) else {
            return vec![Seen { text: UNKNOWN.into(), variable: None }];
        };
        let mut fields: Vec<Seen> = Vec::new();
        let mut open: Option<Seen> = None;
        for WordPieceWithSource { piece, .. } in &pieces {
            let text = self.piece(piece);
            let WordPiece::ParameterExpansion(expression) = piece else {
                let field = open.get_or_insert(Seen { text: String::new(), variable: None });
                field.text.push_str(&text);
                field.variable = None;
                continue;
            };
            let name = named(expression).map(str::to_owned);
            for (at, part) in text.split(char::is_whitespace).enumerate() {
                if at > 0 {
                    fields.extend(open.take());
                }
                if !part.is_empty() {
                    match &mut open {
                        Some(field) => {
                            field.text.push_str(part);
                            field.variable = None;
                        }
                        None => open = Some(Seen { text: part.to_owned(), variable: name.clone() }),
                    }
                }
            }
        }
        fields.extend(open);
        fields
    }

    fn piece(&mut self, piece: &WordPiece) -> String {
        match piece {
            WordPiece::Text(text) | WordPiece::SingleQuotedText(text) | WordPiece::AnsiCQuotedText(text) => {
                text.clone()
            }
            WordPiece::EscapeSequence(text) => text.strip_prefix('\\').unwrap_or(text).to_owned(),
            WordPiece::DoubleQuotedSequence(pieces) | WordPiece::GettextDoubleQuotedSequence(pieces) => {
                pieces.iter().map(|piece| self.piece(&piece.piece)).collect()
            }
            WordPiece::ParameterExpansion(expression) => self.parameter(expression),
            _ => UNKNOWN.into(),
        }
    }

    fn parameter(&mut self, expression: &ParameterExpr) -> String {
        let Some(name) = named(expression) else { return UNKNOWN.into() };
        let value = self.variable(name);
        if value.contains(UNKNOWN) {
            return value;
        }
        match expression {
            ParameterExpr::UseDefaultValues { default_value: other, .. }
            | ParameterExpr::AssignDefaultValues { default_value: other, .. }
                if value.is_empty() =>
            {
                other.as_deref().map_or_else(String::new, |word| self.joined(word))
            }
            ParameterExpr::UseAlternativeValue { alternative_value: other, .. } if !value.is_empty() => {
                other.as_deref().map_or_else(String::new, |word| self.joined(word))
            }
            _ => value,
        }
    }
}

/// The variable of an expansion that is understood.
fn named(expression: &ParameterExpr) -> Option<&str> {
    match expression {
        ParameterExpr::Parameter { parameter: Parameter::Named(name), indirect: false }
        | ParameterExpr::UseDefaultValues { parameter: Parameter::Named(name), indirect: false, .. }
        | ParameterExpr::AssignDefaultValues { parameter: Parameter::Named(name), indirect: false, .. }
        | ParameterExpr::IndicateErrorIfNullOrUnset { parameter: Parameter::Named(name), indirect: false, .. }
        | ParameterExpr::UseAlternativeValue { parameter: Parameter::Named(name), indirect: false, .. } => Some(name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(script: &str) -> Vec<String> {
        let lookup = |name: &str| match name {
            "OPTS" => Outer::Value("-Xms1g  -Xmx2g".into()),
            "EMPTY" => Outer::Value("".into()),
            "SECRET" => Outer::Value("\0".into()),
            _ => Outer::Unset,
        };
        let words = |run: &Run| run.words.iter().map(|word| word.text.replace(UNKNOWN, "?")).collect::<Vec<_>>();
        runs(script, &lookup)
            .iter()
            .map(|run| {
                let given: Vec<String> = run.variables.iter().map(|(name, value)| format!("{name}={value} ")).collect();
                format!("{}{}{}", given.concat(), words(run).join("|"), if run.sure { "" } else { " (unsure)" })
            })
            .collect()
    }

    #[test]
    fn words_as_they_come_to() {
        for (script, seen) in [
            ("java $OPTS -jar a.jar", &["java|-Xms1g|-Xmx2g|-jar|a.jar"][..]),
            ("java \"$OPTS\" -jar a.jar", &["java|-Xms1g  -Xmx2g|-jar|a.jar"]),
            ("exec java ${OPTS} '$X' a\\ b", &["java|-Xms1g|-Xmx2g|$X|a b"]),
            ("java $SECRET -Dx=$SECRET", &["java|?|-Dx=?"]),
            ("java $NOWHERE x", &["java|x (unsure)"]),
            ("java ${EMPTY:--Xmx1g} ${EMPTY:+a} ${OPTS:+b}", &["java|-Xmx1g|b"]),
            ("java `cat /opts` $(cat /opts) $((1 + 1))", &["java|?|?|?"]),
            ("A=\"-Xmx1g $EMPTY\"; java $A", &["java|-Xmx1g"]),
            ("export A=1; B=2; C=3 a", &["A=1 C=3 a"]),
            ("OPTS=$OPTS-x; a", &["OPTS=-Xms1g  -Xmx2g-x a"]),
            ("A=1; if x; then A=2; y; fi; z $A", &["x", "y (unsure)", "z|?"]),
            ("A=1; x || A=2; z $A", &["x", "z|?"]),
            ("(A=1; x $A); y $A", &["x|1", "y (unsure)"]),
            (". /env.sh; java $OPTS", &["java|?"]),
            ("cd /app && java -jar a & wait", &["cd|/app (unsure)", "java|-jar|a (unsure)", "wait"]),
            ("sh -c 'A=1 java $OPTS'", &["A=1 java|-Xms1g|-Xmx2g"]),
            ("for i in 1 2; do x $i; done", &["x|? (unsure)"]),
            ("exec env A=1 tini -- java -jar a", &["A=1 java|-jar|a"]),
            ("unset OPTS; java $OPTS", &["OPTS= java"]),
            ("echo 'unterminated", &[]),
        ] {
            assert_eq!(said(script), seen, "{script}");
        }
    }

    #[test]
    fn hostile_scripts_end_soon() {
        let many: String = (0..6000).map(|at| format!("a{at}=1; x\n")).collect();
        let doubled: String = (0..40).map(|at| format!("a{}=$a{at}$a{at}$OPTS; x $a{at}\n", at + 1)).collect();
        let nested = "if x; then a=1; ".repeat(30) + &"fi; ".repeat(30);
        for script in [many, doubled, nested, "sh -c \"".repeat(20)] {
            let total: usize = runs(&script, &|_| Outer::Value("x".repeat(99).into()))
                .iter()
                .flat_map(|run| run.words.iter().map(|word| word.text.len()))
                .sum();
            assert!(total < 1 << 20, "{total}");
        }
    }
}
