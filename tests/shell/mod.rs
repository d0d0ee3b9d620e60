//! `tests/shell/golden.json`: which scripts dash, bash and busybox refuse, against what is said of them here.

use crashlint::k8s::shell::{Then, bashisms, syntax_fault};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Scripts, each with the letters of the shells that refuse it: d for dash, b for bash, a for busybox's ash.
fn golden() -> Vec<(String, String)> {
    let golden: Vec<(String, String)> = serde_json::from_str(include_str!("golden.json")).unwrap();
    assert!(golden.len() > 1500);
    golden
}

#[test]
fn an_error_is_one_to_every_shell() {
    let mut faults = Vec::new();
    let mut agreed = 0;
    for (script, refused) in golden() {
        match syntax_fault(&script) {
            Some(fault) if fault.agreed => {
                agreed += 1;
                if refused != "dba" {
                    faults.push(format!("{:?}, refused by `{refused}`: {script:?}", fault.fault));
                }
            }
            // What is told at all is refused by one of them at least.
            Some(fault) if refused.is_empty() => {
                faults.push(format!("{:?}, refused by none: {script:?}", fault.fault));
            }
            _ => {}
        }
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
    assert!(agreed > 500, "{agreed}");
}

#[test]
fn what_only_bash_reads_is_refused_elsewhere() {
    let mut faults = Vec::new();
    for (script, refused) in golden() {
        if syntax_fault(&script).is_some() || refused.contains('b') {
            continue;
        }
        for found in bashisms(&script).into_iter().filter(|found| found.then == Then::Syntax) {
            if !refused.contains('d') || (found.in_ash && !refused.contains('a')) {
                faults.push(format!("{}, refused by `{refused}`: {script:?}", found.what));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_is_said_of_each_script_is_recorded() {
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut differ = String::new();
    for (script, refused) in golden() {
        let refused = if refused.is_empty() { "none".to_owned() } else { refused };
        let fault = syntax_fault(&script);
        let said = match &fault {
            Some(fault) => format!("{:?}{}", fault.fault, if fault.agreed { ", for certain" } else { "" }),
            None => "nothing".to_owned(),
        };
        *counts.entry((said.clone(), refused.clone())).or_default() += 1;
        let only_bash = || bashisms(&script).iter().any(|found| found.then == Then::Syntax);
        if (refused != "none" && fault.is_none() && !only_bash()) || (fault.is_some() && refused != "dba") {
            writeln!(differ, "{refused}: {said}: {script:?}").unwrap();
        }
    }
    let mut text = "# Said of scripts, by the shells that refuse them (d dash, b bash, a busybox)\n\n".to_owned();
    for ((said, refused), count) in counts {
        writeln!(text, "{count:5}  refused by {refused}: {said}").unwrap();
    }
    write!(text, "\n# Where both differ\n\n{differ}").unwrap();
    crate::snapshot("tests/shell/said.txt", &text);
}
