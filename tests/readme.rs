//! The README, kept true: its key table is the command table's, its dependency table is Cargo.toml's, and the files it names
//! are there.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::Path;

fn root(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

#[test]
fn the_key_table_is_the_command_tables() {
    let readme = root("README.md");
    let (begin, end) = ("<!-- keys:begin -->\n", "<!-- keys:end -->");
    let from = readme.find(begin).unwrap() + begin.len();
    let to = readme.find(end).unwrap();
    let table = baton::console::app::command::key_table_markdown();
    if std::env::var_os("BATON_WRITE").is_some() {
        let fresh = format!("{}{}\n{}", &readme[..from], table.trim_end(), &readme[to..]);
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"), fresh).unwrap();
        return;
    }
    assert_eq!(
        readme[from..to].trim_end(),
        table.trim_end(),
        "the README's keys are stale: BATON_WRITE=1 cargo test --test readme writes them anew"
    );
}

#[test]
fn every_dependency_has_its_line() {
    let manifest: toml::Table = root("Cargo.toml").parse().unwrap();
    let readme = root("README.md");
    let table = &readme[readme.find("## Dependencies").unwrap()..];
    for section in ["dependencies", "dev-dependencies"] {
        for name in manifest[section].as_table().unwrap().keys() {
            let named = table.lines().any(|l| {
                l.starts_with('|')
                    && l.split('|').nth(1).unwrap().split([',', ' ', '(', ')']).any(|word| word == name)
            });
            assert!(named, "{name} has no line in the README's table");
        }
    }
}

#[test]
fn the_files_it_names_are_there() {
    let readme = root("README.md");
    let mut named = 0;
    for word in readme.split(['`', '(', ')', ' ', '\n']) {
        let is_path = ["tests/", "assets/", "benches/", "src/"].iter().any(|p| word.starts_with(p));
        if !is_path {
            continue;
        }
        named += 1;
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(word.split('*').next().unwrap());
        let there = path.exists()
            || path.parent().is_some_and(|dir| {
                let stem = path.file_name().unwrap().to_string_lossy().into_owned();
                fs::read_dir(dir)
                    .is_ok_and(|mut d| d.any(|e| e.unwrap().file_name().to_string_lossy().starts_with(&stem)))
            });
        assert!(there, "the README names {word}");
    }
    assert!(named > 5);
}
