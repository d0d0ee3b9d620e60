//! The command line from outside: arguments in, bytes and exit code out.

mod baseline;
#[cfg(feature = "webhook")]
mod certs;
mod collecting;
mod images;
mod linting;
mod preflight;
#[cfg(unix)]
mod rendering;

use std::path::Path;
use std::process::{Command, Output, Stdio};

fn crashlint(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_crashlint"))
        .args(args)
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn wrong_usage_is_two() {
    let folder = tempfile::tempdir().unwrap();
    for args in [
        &["--no-such-flag"][..],
        &["--format", "xml"],
        &["--fail-on", "sometimes"],
        &["--include", "a[", "."],
        &["explain"],
        &["explain", "no-such-rule-anywhere"],
        &["completions", "tcl"],
    ] {
        let output = crashlint(folder.path(), args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn colour_may_stand_before_a_verb() {
    let folder = tempfile::tempdir().unwrap();
    for args in [&["--color", "never", "rules"][..], &["--color=never", "rules"], &["rules", "--color", "never"]] {
        let output = crashlint(folder.path(), args);
        assert!(output.status.success() && text(&output.stdout).contains("workload-exits"), "{args:?}: {output:?}");
    }
    let lints = crashlint(folder.path(), &["--color", "never", "nowhere.yaml"]);
    assert_eq!(lints.status.code(), Some(2));
}

#[test]
fn explain_guesses_the_word_that_was_meant() {
    let output = crashlint(Path::new("."), &["explain", "workload-exit"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stderr), "error: unknown rule `workload-exit`; did you mean `workload-exits`?\n");
}

#[test]
fn explain_prints_every_heading_within_eighty_columns() {
    let output = crashlint(Path::new("."), &["explain", "workload-exits"]);
    assert_eq!(output.status.code(), Some(0));
    let page = text(&output.stdout);
    for heading in ["What happens", "Why", "How to see it", "How to fix it", "When to ignore it", "Options", "Source"] {
        assert!(page.lines().any(|line| line == heading), "{heading}: {page}");
    }
    assert!(!page.contains('\u{1b}'));
    for line in page.lines() {
        assert!(line.chars().count() <= 80 || !line.trim().contains(' ') || line.starts_with("    "), "{line}");
    }
}

#[test]
fn the_list_of_rules_tells_options_and_defaults() {
    let output = crashlint(Path::new("."), &["rules", "--format", "json"]);
    let rules: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let names: Vec<&str> = rules.iter().map(|rule| rule["name"].as_str().unwrap()).collect();
    assert_eq!(names, crashlint::rules::RULES.iter().map(|rule| rule.name).collect::<Vec<_>>());
    let startup = rules.iter().find(|rule| rule["name"] == "missing-startup-probe").unwrap();
    assert_eq!(startup["options"][0]["name"], "unknownNeedsSeconds");
    assert_eq!(startup["options"][0]["default"], 30);
    for format in ["pretty", "markdown"] {
        let output = crashlint(Path::new("."), &["rules", "--format", format]);
        assert!(names.iter().all(|name| text(&output.stdout).contains(name)), "{format}");
    }
}

#[test]
fn help_version_completions_and_man_page() {
    for (args, word) in [
        (&["--help"][..], "Exit codes:"),
        (&["-h"], "--show-suppressed"),
        (&["--version"], env!("CARGO_PKG_VERSION")),
        (&["completions", "bash"], "_crashlint"),
        (&["completions", "zsh"], "#compdef crashlint"),
        (&["completions", "fish"], "complete -c crashlint"),
        (&["man"], ".TH"),
    ] {
        let output = crashlint(Path::new("."), args);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(text(&output.stdout).contains(word), "{args:?}: {}", text(&output.stdout));
    }
}

#[test]
fn the_webhook_is_a_verb_exactly_where_it_is_built_in() {
    for args in [&["--help"][..], &["completions", "bash"], &["completions", "zsh"], &["completions", "fish"], &["man"]]
    {
        let output = crashlint(Path::new("."), args);
        assert_eq!(text(&output.stdout).contains("webhook"), cfg!(feature = "webhook"), "{args:?}");
    }
    let help = crashlint(Path::new("."), &["webhook", "--help"]);
    assert_eq!(text(&help.stdout).contains("--client-ca"), cfg!(feature = "webhook"));
    // Both files are required.
    assert_eq!(crashlint(Path::new("."), &["webhook"]).status.code(), Some(2));
}

#[test]
fn a_reader_that_has_gone_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_crashlint"))
        .args(["rules"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
}

#[test]
fn colours_come_when_asked_for_and_never_into_a_file() {
    let colour = |args: &[&str], variable: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crashlint"));
        command.args(args).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
        if let Some(variable) = variable {
            command.env(variable, "1");
        }
        command.output().unwrap().stdout.contains(&0x1b)
    };
    assert!(!colour(&["rules"], None));
    assert!(colour(&["rules"], Some("CLICOLOR_FORCE")));
    assert!(colour(&["rules", "--color", "always"], Some("NO_COLOR")));
    assert!(!colour(&["rules", "--color", "never"], Some("CLICOLOR_FORCE")));
}
