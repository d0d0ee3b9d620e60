//! What the README shows is what the program prints.

use std::process::Command;

#[test]
fn its_picture_is_real() {
    let root = env!("CARGO_MANIFEST_DIR");
    let picture = std::fs::read_to_string(format!("{root}/docs/picture.svg")).unwrap();
    let lines = picture.lines().filter(|line| line.starts_with("<text "));
    let plain = |line: &str| {
        let texts = line.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text);
        texts.collect::<String>().replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    };
    let mut shown = lines.map(plain);
    let command = shown.next().unwrap();
    let arguments = command.strip_prefix("$ crashlint ").unwrap();
    let run =
        Command::new(env!("CARGO_BIN_EXE_crashlint")).args(arguments.split(' ')).current_dir(root).output().unwrap();
    let printed = String::from_utf8(run.stdout).unwrap();
    let shown: Vec<String> = shown.collect();
    let printed: Vec<&str> = printed.trim_end().lines().collect();
    assert_eq!(shown, printed, "`docs/picture.py` draws the picture anew");
}

#[test]
fn its_example_is_real() {
    let root = env!("CARGO_MANIFEST_DIR");
    let readme = std::fs::read_to_string(format!("{root}/README.md")).unwrap();
    let (_, rest) = readme.split_once("```console\n$ crashlint ").expect("an example");
    let (arguments, rest) = rest.split_once('\n').unwrap();
    let (shown, _) = rest.split_once("```").unwrap();
    let run =
        Command::new(env!("CARGO_BIN_EXE_crashlint")).args(arguments.split(' ')).current_dir(root).output().unwrap();
    let printed = String::from_utf8(run.stdout).unwrap();
    assert!(printed.trim_end() == shown.trim_end(), "the README's example would now be:\n{printed}");
}
