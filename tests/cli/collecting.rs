//! Which files are read, and what is said of those that can't be.

use crashlint::cli::collect::{Collected, collect};
use std::fs;
use std::path::{Path, PathBuf};

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n";

fn write(folder: &Path, files: &[&str]) {
    for file in files {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, POD).unwrap();
    }
}

/// Names, less the folder's own.
fn names(folder: &Path, collected: &Collected) -> Vec<String> {
    let prefix = format!("{}/", folder.display());
    collected.files.iter().map(|file| file.name.replace(&prefix, "")).collect()
}

fn globs(globs: &[&str]) -> Vec<String> {
    globs.iter().map(|glob| (*glob).to_owned()).collect()
}

#[test]
fn folders_give_manifests_that_are_neither_hidden_nor_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, &["b.yaml", "a/c.yml", "a/d.json", "a/README.md", ".hidden/e.yaml", "out/f.yaml", "UP.YAML"]);
    fs::write(folder.join(".gitignore"), "out/\n").unwrap();
    let collected = collect(&[folder.to_owned()], &[], &[]).unwrap();
    assert_eq!(names(folder, &collected), ["UP.YAML", "a/c.yml", "a/d.json", "b.yaml"]);
    assert!(collected.files.iter().all(|file| !file.named));
    assert!(collected.errors.is_empty());
}

#[test]
fn what_is_named_is_read_and_each_file_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, &["b.yaml", "notes.txt", "out/f.yaml"]);
    fs::write(folder.join(".gitignore"), "out/\n").unwrap();
    let paths: Vec<PathBuf> =
        ["notes.txt", "out/f.yaml", "b.yaml", "", "./b.yaml"].iter().map(|p| folder.join(p)).collect();
    let collected = collect(&paths, &[], &[]).unwrap();
    assert_eq!(names(folder, &collected), ["b.yaml", "notes.txt", "out/f.yaml"]);
    assert!(collected.files.iter().all(|file| file.named));
    let twice = collect(&["-".into(), "-".into()], &[], &[]).unwrap();
    assert_eq!(twice.files.len(), 1);
    assert_eq!((&*twice.files[0].name, &twice.files[0].path), ("-", &None));
}

#[test]
fn globs_include_and_exclude_in_folders() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, &["a.yaml", "b.tpl", "x/c.yaml", "x/y/d.yaml"]);
    let paths = [folder.to_owned()];
    let some =
        |include: &[&str], exclude: &[&str]| names(folder, &collect(&paths, &globs(include), &globs(exclude)).unwrap());
    assert_eq!(some(&["*.tpl"], &[]), ["b.tpl"]);
    assert_eq!(some(&[], &["y"]), ["a.yaml", "x/c.yaml"]);
    assert_eq!(some(&["*.yaml"], &["c.*"]), ["a.yaml", "x/y/d.yaml"]);
    assert!(collect(&paths, &globs(&["a["]), &[]).is_err());
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_loops_end() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, &["x/a.yaml"]);
    symlink(folder.join("x"), folder.join("x/loop")).unwrap();
    symlink(folder.join("x/a.yaml"), folder.join("link.yaml")).unwrap();
    symlink("nowhere", folder.join("dangling.yaml")).unwrap();
    symlink("nowhere", folder.join("dangling.txt")).unwrap();
    let collected = collect(&[folder.to_owned()], &[], &[]).unwrap();
    assert_eq!(names(folder, &collected), ["link.yaml", "x/a.yaml"]);
    let errors: Vec<String> = collected
        .errors
        .iter()
        .map(|e| format!("{}: {}", e.file, e.message).replace(&*folder.to_string_lossy(), ""))
        .collect();
    assert_eq!(
        errors,
        ["/dangling.yaml: symbolic link to nothing", "/x/loop: symbolic link leads back to `/x`; left out"]
    );
}

#[cfg(unix)]
#[test]
fn pipes_and_sockets_are_never_opened() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, &["good.yaml"]);
    let pipe = folder.join("pipe.yaml");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(folder.join("s.yml")).unwrap();
    let collected =
        collect(&[folder.to_owned(), pipe, "/dev/null".into(), folder.join("gone.yaml")], &[], &[]).unwrap();
    assert_eq!(names(folder, &collected), ["good.yaml"]);
    let said: Vec<&str> = collected.errors.iter().map(|e| e.message.split([',', ';']).next().unwrap()).collect();
    assert_eq!(said, ["a device", "no such file or folder", "a named pipe", "a socket"]);
}

#[test]
fn the_current_folder_leaves_no_dot_in_names() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &["x/a.yaml"]);
    fs::create_dir(folder.path().join("rules")).unwrap();
    fs::write(folder.path().join("rules/broken.yaml"), b"\xff").unwrap();
    for (args, name) in
        [(&[][..], "rules/broken.yaml"), (&["."], "rules/broken.yaml"), (&["./rules"], "./rules/broken.yaml")]
    {
        let output = super::crashlint(folder.path(), args);
        assert_eq!(output.status.code(), Some(2));
        let said = super::text(&output.stdout);
        assert!(said.contains(&format!("error: {name}:")), "{args:?}: {said}");
    }
}
