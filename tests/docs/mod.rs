//! Written documentation that is derived from the rules.

use crashlint::report::page;
use crashlint::rules::RULES;
use std::path::Path;

#[test]
fn the_pages_of_the_rules_are_fresh() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for rule in RULES {
        let example = std::fs::read_to_string(root.join("tests/rules").join(rule.name).join("bad.yaml")).ok();
        // One object is an example; all cases are in the fixture.
        let first = example.as_deref().and_then(|text| text.split("\n---\n").next());
        let page = page::markdown(rule, first);
        crate::snapshot(&format!("docs/rules/{}.md", rule.name), &page);
    }
    crate::snapshot("docs/rules/README.md", &page::index(RULES));
}

#[test]
fn no_page_outlives_its_rule() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules");
    for file in std::fs::read_dir(folder).into_iter().flatten() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(name == "README" || crashlint::rules::find(name).is_some(), "{} is of no rule", path.display());
    }
}
