//! One edit in one text, in every way that a manifest can be written.

use crashlint::finding::{Edit, Fix, Safety};
use crashlint::fix::text::{Fate, Wanted, apply};
use crashlint::k8s::object::Object;
use crashlint::path::Path;
use crashlint::read::documents;
use crashlint::yaml::edit::Refused;
use serde_json::json;

fn at(pointer: &str) -> Path {
    let segments = pointer.split('/').skip(1);
    segments.fold(Path::root(), |path, word| match word.parse::<usize>() {
        Ok(index) => path.join(index),
        Err(_) => path.join(word.to_owned()),
    })
}

/// The text after the edits of the first object.
fn edited(text: &str, edits: Vec<Edit>) -> Result<String, Fate> {
    let object = {
        let document = documents(text).next().unwrap().unwrap();
        Object::all(document.tree.root())[0].root.span().start
    };
    let fix = Fix { title: String::new(), safety: Safety::Safe, edits };
    match apply(text, &[Wanted { object, fix: &fix }]) {
        (text, fates) if fates == [Fate::Done] => Ok(text),
        (same, fates) => {
            assert_eq!(same, text, "what is refused changes nothing");
            Err(fates[0])
        }
    }
}

const HEAD: &str = "apiVersion: v1\nkind: Pod\n";

#[track_caller]
fn becomes(body: &str, edit: Edit, expected: &str) {
    for (from, to) in [("\n", "\n"), ("\n", "\r\n")] {
        let text = |body: &str| format!("{HEAD}{body}").replace(from, to);
        assert_eq!(edited(&text(body), vec![edit.clone()]), Ok(text(expected)));
    }
}

#[test]
fn adding_to_a_block() {
    let add = || Edit::Add(at("/spec/b"), json!(1));
    becomes("spec:\n  a: x\n", add(), "spec:\n  a: x\n  b: 1\n");
    becomes("spec:\n  a: x", add(), "spec:\n  a: x\n  b: 1");
    becomes("spec:\n  a: x # why\n# next\nstatus: {}\n", add(), "spec:\n  a: x # why\n  b: 1\n# next\nstatus: {}\n");
    becomes(
        "spec:\n    a:\n    - c\n    # inner\nz: 1\n",
        add(),
        "spec:\n    a:\n    - c\n    b: 1\n    # inner\nz: 1\n",
    );
    becomes("spec:\n  a: |\n    text\n\nz: 1\n", add(), "spec:\n  a: |\n    text\n\n  b: 1\nz: 1\n");
    becomes(
        "spec:\n  l:\n  - a: |\n      text\n  z: 1\n",
        Edit::Add(at("/spec/l/0/b"), json!(1)),
        "spec:\n  l:\n  - a: |\n      text\n    b: 1\n  z: 1\n",
    );
    becomes("spec:\n  a:\nz: 1\n", add(), "spec:\n  a:\n  b: 1\nz: 1\n");
    becomes("spec:\n  a: {c: d,\n    e: f}\n", add(), "spec:\n  a: {c: d,\n    e: f}\n  b: 1\n");
    becomes("spec:\n  a: one\n    two\nz: 1\n", add(), "spec:\n  a: one\n    two\n  b: 1\nz: 1\n");
}

#[test]
fn adding_to_a_list_item_of_a_block() {
    let add = || Edit::Add(at("/spec/containers/0/probe"), json!({"exec": {"command": ["a", "b c"]}, "every": 5}));
    becomes(
        "spec:\n  containers:\n  - name: a\n    image: b\n  - name: c\n",
        add(),
        "spec:\n  containers:\n  - name: a\n    image: b\n    probe:\n      exec:\n        command:\n        - a\n        - b c\n      every: 5\n  - name: c\n",
    );
    becomes(
        "spec:\n  containers:\n    -   name: a\n",
        add(),
        "spec:\n  containers:\n    -   name: a\n        probe:\n          exec:\n            command:\n              - a\n              - b c\n          every: 5\n",
    );
}

#[test]
fn adding_to_brackets() {
    let add = || Edit::Add(at("/spec/b"), json!({"c": "x: y", "d": [1, true]}));
    becomes("spec: {a: 1}\n", add(), "spec: {a: 1, b: {c: 'x: y', d: [1, true]}}\n");
    becomes("spec: {}\n", add(), "spec: {b: {c: 'x: y', d: [1, true]}}\n");
    becomes("spec: {\n  a: 1, # one\n}\n", add(), "spec: {\n  a: 1,\n  b: {c: 'x: y', d: [1, true]}, # one\n}\n");
    becomes("spec: {a: [1]}\n", Edit::Add(at("/spec/a/1"), json!("two")), "spec: {a: [1, two]}\n");
    becomes(
        "spec:\n  a:\n  - 1 # one\n",
        Edit::Add(at("/spec/a/1"), json!("yes")),
        "spec:\n  a:\n  - 1 # one\n  - 'yes'\n",
    );
}

#[test]
fn adding_several_items_to_a_list() {
    let add = || vec![Edit::Add(at("/spec/a/1"), json!({"b": 2})), Edit::Add(at("/spec/a/2"), json!("three"))];
    let text = |body: &str| format!("{HEAD}{body}");
    for (body, expected) in [
        ("spec:\n  a:\n  - b: 1\n  z: 1\n", "spec:\n  a:\n  - b: 1\n  - b: 2\n  - three\n  z: 1\n"),
        ("spec:\n  a: [1] # one\n", "spec:\n  a: [1, {b: 2}, three] # one\n"),
    ] {
        assert_eq!(edited(&text(body), add()), Ok(text(expected)));
    }
    // A gap can't be filled.
    let gap = vec![Edit::Add(at("/spec/a/2"), json!(3))];
    assert!(edited(&text("spec:\n  a: [1]\n"), gap).is_err());
}

#[test]
fn replacing_a_scalar_keeps_its_quotes() {
    let set = |value: &str| Edit::Replace(at("/spec/a"), json!(value));
    becomes("spec:\n  a: x # why\n", set("new"), "spec:\n  a: new # why\n");
    becomes("spec:\n  a: 'x'\n", set("it's"), "spec:\n  a: 'it''s'\n");
    becomes("spec:\n  a: \"x\"\n", set("5"), "spec:\n  a: \"5\"\n");
    becomes("spec:\n  a: x\n", set("5"), "spec:\n  a: '5'\n");
    becomes("spec:\n  a: x\n", set("0x1F"), "spec:\n  a: '0x1F'\n");
    becomes("spec:\n  a: x\n", set("on"), "spec:\n  a: 'on'\n");
    becomes("spec:\n  a: x\n", set("a # b"), "spec:\n  a: 'a # b'\n");
    becomes("spec:\n  a: x\n", set("- a"), "spec:\n  a: '- a'\n");
    becomes("spec:\n  a: x\n", set("tab\there"), "spec:\n  a: \"tab\\there\"\n");
    becomes("spec: {a: x}\n", set("a, b"), "spec: {a: 'a, b'}\n");
    becomes("spec:\n  a: 5\n", Edit::Replace(at("/spec/a"), json!(61)), "spec:\n  a: 61\n");
    becomes("spec:\n  a:   # nothing\n", set("x"), "spec:\n  a: x   # nothing\n");
    becomes("spec:\n  l:\n  - x # why\n", Edit::Replace(at("/spec/l/0"), json!("z")), "spec:\n  l:\n  - z # why\n");
}

#[test]
fn replacing_by_or_of_collections() {
    let list = || Edit::Replace(at("/spec/a"), json!(["npm", "start"]));
    becomes("spec:\n  a: [npm start] # run\n", list(), "spec:\n  a: [npm, start] # run\n");
    becomes("spec:\n  a:\n  - npm start # run\nz: 1\n", list(), "spec:\n  a:\n  - npm\n  - start # run\nz: 1\n");
    becomes(
        "spec:\n  a:\n    - |\n      npm\n      start\nz: 1\n",
        list(),
        "spec:\n  a:\n    - npm\n    - start\nz: 1\n",
    );
    becomes(
        "spec:\n  a:\n  b: 1\n",
        Edit::Replace(at("/spec/a"), json!({"c": {"d": 1}})),
        "spec:\n  a:\n    c:\n      d: 1\n  b: 1\n",
    );
    becomes(
        "spec:\n  a:\n  - x: 1\n",
        Edit::Replace(at("/spec/a/0"), json!({"v": 2, "z": 3})),
        "spec:\n  a:\n  - v: 2\n    z: 3\n",
    );
    becomes("spec:\n  a:\n  - x: 1\n", Edit::Replace(at("/spec/a"), json!([])), "spec:\n  a: []\n");
}

#[test]
fn replacing_a_script_keeps_its_block() {
    let set = |value: &str| Edit::Replace(at("/spec/a"), json!(value));
    becomes(
        "spec:\n  a: |\n    one\n    two\nz: 1\n",
        set("one\n\nexec two\n"),
        "spec:\n  a: |\n    one\n\n    exec two\nz: 1\n",
    );
    becomes("spec:\n  a: |-\n    one\nz: 1\n", set("exec one"), "spec:\n  a: |-\n    exec one\nz: 1\n");
}

#[test]
fn removing() {
    becomes(
        "spec:\n  a: 1 # one\n  # about b\n  b: 2\n",
        Edit::Remove(at("/spec/b")),
        "spec:\n  a: 1 # one\n  # about b\n",
    );
    becomes("spec:\n  a:\n    c: 1\n  b: 2\n", Edit::Remove(at("/spec/a")), "spec:\n  b: 2\n");
    becomes("spec:\n  a:\n    c: 1\n  b: 2\n", Edit::Remove(at("/spec/a/c")), "spec:\n  a:\n    {}\n  b: 2\n");
    becomes("spec:\n  l:\n  - a: 1\n    b: 2\n", Edit::Remove(at("/spec/l/0/a")), "spec:\n  l:\n  - b: 2\n");
    becomes("spec:\n  l:\n  - a: 1\n    b: 2\n  - c\n", Edit::Remove(at("/spec/l/0")), "spec:\n  l:\n  - c\n");
    becomes("spec: {a: 1, b: 2, c: 3}\n", Edit::Remove(at("/spec/b")), "spec: {a: 1, c: 3}\n");
    becomes("spec: {a: 1, b: 2}\n", Edit::Remove(at("/spec/b")), "spec: {a: 1}\n");
    becomes("spec: {l: [1, 2]}\n", Edit::Remove(at("/spec/l/0")), "spec: {l: [2]}\n");
    becomes("spec: {l: [1]}\n", Edit::Remove(at("/spec/l/0")), "spec: {l: []}\n");
}

#[test]
fn json_stays_json() {
    let object = |spec: &str| format!("{{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"spec\": {spec}}}\n");
    for (before, edit, after) in [
        ("{\"a\": 1}", Edit::Add(at("/spec/b"), json!("x")), "{\"a\": 1, \"b\": \"x\"}"),
        ("{}", Edit::Add(at("/spec/b"), json!("x")), "{\"b\": \"x\"}"),
        ("{\"a\": \"1\"}", Edit::Replace(at("/spec/a"), json!("on")), "{\"a\": \"on\"}"),
        (
            "{\n    \"a\": 1\n  }",
            Edit::Add(at("/spec/b"), json!({"c": 1})),
            "{\n    \"a\": 1,\n    \"b\": {\n      \"c\": 1\n    }\n  }",
        ),
        ("{\"a\": 1, \"b\": 2}", Edit::Remove(at("/spec/a")), "{\"b\": 2}"),
    ] {
        assert_eq!(edited(&object(before), vec![edit]), Ok(object(after)));
    }
}

#[test]
fn what_is_shared_or_would_lose_comments_is_refused() {
    let set = || Edit::Replace(at("/spec/b"), json!(["x"]));
    for (body, refused) in [
        ("spec:\n  a: &l [y]\n  b: *l\n", Refused::Shared),
        ("spec:\n  b: &l [y]\n  a: *l\n", Refused::Shared),
        ("spec:\n  b:\n  # why y\n  - y\n", Refused::Comments),
    ] {
        assert_eq!(edited(&format!("{HEAD}{body}"), vec![set()]), Err(Fate::Refused(refused)), "{body}");
    }
    let behind = format!("{HEAD}spec:\n  a: 1\n  b: 2 # two\n");
    assert_eq!(edited(&behind, vec![Edit::Remove(at("/spec/b"))]), Err(Fate::Refused(Refused::Comments)));
    let merged = format!("{HEAD}base: &base {{c: 1}}\nspec:\n  <<: *base\n  d: 2\n");
    assert_eq!(edited(&merged, vec![Edit::Replace(at("/spec/c"), json!(2))]), Err(Fate::Refused(Refused::Shared)));
    assert_eq!(edited(&merged, vec![Edit::Add(at("/spec/e"), json!(2))]), Err(Fate::Refused(Refused::Shared)));
    assert!(edited(&merged, vec![Edit::Replace(at("/spec/d"), json!(3))]).unwrap().ends_with("  d: 3\n"));
}

#[test]
fn of_two_fixes_at_one_place_the_second_waits() {
    let text = format!("{HEAD}spec:\n  a: 1\n---\n{HEAD}spec: {{a: 1}}\n");
    let fix = |edits| Fix { title: String::new(), safety: Safety::Safe, edits };
    let (one, two) =
        (fix(vec![Edit::Add(at("/spec/b"), json!({"c": 1}))]), fix(vec![Edit::Add(at("/spec/b"), json!({"d": 1}))]));
    let second = text.find("---\n").unwrap() as u32 + 4;
    let wanted = [(0, &one), (0, &two), (second, &two)].map(|(object, fix)| Wanted { object, fix });
    let (after, fates) = apply(&text, &wanted);
    assert_eq!(fates, [Fate::Done, Fate::Deferred, Fate::Done]);
    assert_eq!(after, format!("{HEAD}spec:\n  a: 1\n  b:\n    c: 1\n---\n{HEAD}spec: {{a: 1, b: {{d: 1}}}}\n"));
}
