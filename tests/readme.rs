//! The README, kept true: its key table is the command table's, its table of rights the server's, its dependency table is Cargo.toml's, and the files it names
//! are there.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::Path;

fn root(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// Compares a generated part of a file with what it should be; with `BATON_WRITE` set, writes it.
fn generated(file: &str, begin: &str, end: &str, fresh: &str) {
    let text = root(file);
    let from = text.find(begin).unwrap_or_else(|| panic!("{file} has no {begin:?}")) + begin.len();
    let to = from + text[from..].find(end).unwrap_or_else(|| panic!("{file} has no {end:?}"));
    if std::env::var_os("BATON_WRITE").is_some() {
        let written = format!("{}{}{}", &text[..from], fresh.trim_end(), &text[to..]);
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(file), written).unwrap();
        return;
    }
    assert_eq!(
        text[from..to].trim_end(),
        fresh.trim_end(),
        "a generated part of {file} is stale: BATON_WRITE=1 cargo test --test readme writes them anew"
    );
}

#[test]
fn the_documents_keys_are_the_tables() {
    use baton::console::app::{command::Where, key_docs};
    let table = key_docs::key_table_markdown();
    generated("README.md", "<!-- keys:begin -->\n", "\n<!-- keys:end -->", &table);
    let presets = key_docs::preset_table_markdown();
    generated("README.md", "<!-- presets:begin -->\n", "\n<!-- presets:end -->", &presets);
    for place in Where::ALL {
        let head = format!("[keys.{}]\n", place.section());
        generated("assets/console.toml", &head, "\n\n", &key_docs::defaults_toml(place));
    }
}

#[test]
fn the_table_of_rights_is_the_servers() {
    let table = baton::server::rights::table_markdown();
    generated("README.md", "<!-- rights:begin -->\n", "\n<!-- rights:end -->", &table);
}

#[test]
fn no_cell_of_the_key_tables_breaks_them() {
    use baton::console::app::key_docs;
    for table in [key_docs::key_table_markdown(), key_docs::preset_table_markdown()] {
        let columns = |line: &str| line.replace("\\|", "").matches('|').count();
        let head = table.lines().next().map(columns);
        for line in table.lines() {
            assert_eq!(Some(columns(line)), head, "{line}");
        }
        assert!(table.lines().count() > 15);
    }
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
