//! Imports go downward only; and only `k8s` knows the names of fields.

use std::path::{Path, PathBuf};

/// The floor of a module. Tens, as `read` joins the two text doors between floors 2 and 3.
const FLOORS: &[(&str, u32)] = &[
    ("budget", 0),
    ("source", 0),
    ("path", 0),
    ("node", 0),
    ("finding", 10),
    ("yaml", 20),
    ("json", 20),
    ("k8s", 20),
    ("read", 25),
    ("rules", 30),
    ("policy", 40),
    ("engine", 50),
    ("fix", 60),
    ("report", 60),
    ("cli", 70),
    ("lsp", 70),
    ("webhook", 70),
    ("lsp", 70),
];

fn floor(module: &str) -> u32 {
    FLOORS.iter().find(|(name, _)| *name == module).unwrap_or_else(|| panic!("`{module}` lies on no floor")).1
}

/// Every source file, with the module of the top level that it belongs to and its text, comments
/// and tests left out.
fn files() -> Vec<(String, PathBuf, String)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut open = vec![source.clone()];
    let mut files = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let below = path.strip_prefix(&source).unwrap();
        let module = below.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned();
        if below.file_name().is_some_and(|name| name == "tests.rs") || matches!(&*module, "lib" | "main") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        files.push((module, below.to_owned(), code.join("\n")));
    }
    files.sort();
    files
}

/// First parts of the paths behind `crate::`, those in braces one by one.
fn imports(code: &str) -> Vec<&str> {
    let name = |text: &'_ str| text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let mut found = Vec::new();
    for (at, prefix) in code.match_indices("crate::") {
        if code[..at].ends_with('$') || code[..at].ends_with(char::is_alphanumeric) {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        let Some(list) = rest.strip_prefix('{') else {
            found.push(&rest[..name(rest)]);
            continue;
        };
        let (mut depth, mut from) = (0, 0);
        for (at, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                ',' | '}' if depth == 0 => {
                    let part = list[from..at].trim();
                    found.extend(Some(&part[..name(part)]).filter(|part| !part.is_empty()));
                    from = at + 1;
                    if c == '}' {
                        break;
                    }
                }
                _ => {}
            }
        }
    }
    found
}

#[test]
fn no_arrow_runs_up() {
    assert_eq!(imports("use crate::{a, b::{c, d}, e};\nlet x = crate::f::g();"), ["a", "b", "e", "f"]);
    let mut wrong = Vec::new();
    for (module, file, code) in files() {
        for import in imports(&code).into_iter().filter(|import| *import != module) {
            let (from, to) = (floor(&module), floor(import));
            // The ground floor is one; elsewhere neighbours don't know each other.
            if to > from || (to == from && from > 0) {
                wrong.push(format!("src/{}: `{module}` imports `{import}`", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Keys that a file outside `k8s` asks a node for by name.
fn field_names(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for call in [".get(\"", ".at(\"", ".entry_of(\"", "list(\""] {
        for (at, _) in code.match_indices(call) {
            let rest = &code[at + call.len()..];
            names.push(rest[..rest.find('"').unwrap_or_default()].to_owned());
        }
    }
    names.sort();
    names
}

#[test]
fn only_k8s_knows_field_names() {
    let mut wrong = Vec::new();
    for (module, file, code) in files() {
        if matches!(&*module, "rules" | "engine") {
            wrong.extend(field_names(&code).into_iter().map(|name| format!("src/{}: {name}", file.display())));
        }
    }
    assert!(wrong.is_empty(), "field names outside src/k8s:\n{}", wrong.join("\n"));
}
