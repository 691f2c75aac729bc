//! What is refused, and that nothing was touched then.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::cli_support::{House, baton};
use crate::erase::{ok, run};
use crate::load::Server;

/// Every file below a folder with its bytes.
fn bytes(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(bytes(&path));
        } else if path.is_file() && path.file_name().unwrap() != "baton.lock" {
            let content = fs::read(&path).unwrap();
            all.insert(path, content);
        }
    }
    all
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

/// A stopped store with a conversation, and a backup of it.
fn kept() -> (House, PathBuf, PathBuf) {
    let mut house = House::new();
    house.agent("Ada", "agent");
    house.pipe(b"hello there\n", &[]);
    house.stop();
    let (data, to) = (house.dir.path().join("data"), house.dir.path().join("backup"));
    ok(house.dir.path(), &["backup", to.to_str().unwrap(), "--data", data.to_str().unwrap()]);
    (house, data, to)
}

#[test]
fn a_backup_that_is_not_as_it_was_made_is_refused() {
    let (house, _, good) = kept();
    let home = house.dir.path();
    type Harm = (&'static str, fn(&Path), &'static str);
    let harms: &[Harm] = &[
        ("no manifest", |d| fs::remove_file(d.join("manifest.json")).unwrap(), "no whole backup"),
        (
            "half a manifest",
            |d| {
                let text = fs::read(d.join("manifest.json")).unwrap();
                fs::write(d.join("manifest.json"), &text[..text.len() / 2]).unwrap();
            },
            "does not read",
        ),
        (
            "a store cut short",
            |d| {
                let file = fs::OpenOptions::new().write(true).open(d.join("baton.db")).unwrap();
                file.set_len(8_192).unwrap();
            },
            "baton.db is not as it was written",
        ),
        (
            "one bit of the store",
            |d| {
                let mut bytes = fs::read(d.join("baton.db")).unwrap();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                fs::write(d.join("baton.db"), bytes).unwrap();
            },
            "baton.db is not as it was written",
        ),
        (
            "another key",
            |d| fs::write(d.join("visitor.key"), [7; 32]).unwrap(),
            "visitor.key is not as it was written",
        ),
        ("no key", |d| fs::remove_file(d.join("visitor.key")).unwrap(), "visitor.key cannot be read"),
        (
            "a path",
            |d| {
                let text = fs::read_to_string(d.join("manifest.json")).unwrap();
                fs::write(d.join("manifest.json"), text.replace("visitor.key", "../data/visitor.key"))
                    .unwrap();
            },
            "no plain file name",
        ),
        (
            "a newer store",
            |d| {
                let text = fs::read_to_string(d.join("manifest.json")).unwrap();
                let text = text
                    .replace("\"store_version\": ", "\"store_version\": 9")
                    .replace("\"baton\": \"", "\"baton\": \"9.");
                fs::write(d.join("manifest.json"), text).unwrap();
            },
            "Install Baton 9.",
        ),
    ];
    for (name, harm, says) in harms {
        let bad = home.join("bad");
        copy(&good, &bad);
        harm(&bad);
        let target = home.join("target");
        let (code, _, stderr) =
            run(home, &["restore", bad.to_str().unwrap(), "--data", target.to_str().unwrap()]);
        assert_eq!(code, Some(1), "{name}");
        assert!(stderr.contains(says), "{name}: {stderr}");
        assert!(!target.exists(), "{name}: nothing was begun");
        fs::remove_dir_all(&bad).unwrap();
    }
}

#[test]
fn what_is_there_is_not_written_over() {
    let (house, data, good) = kept();
    let home = house.dir.path();
    let (data_arg, good_arg) = (data.to_str().unwrap(), good.to_str().unwrap());
    let before = bytes(home);
    for args in [
        &["backup", good_arg, "--data", data_arg][..],
        &["backup", data_arg, "--data", data_arg],
        &["restore", good_arg, "--data", data_arg],
        &["backup", home.join("x").to_str().unwrap(), "--data", home.join("none").to_str().unwrap()],
        &["backup", home.join("no/such/x").to_str().unwrap(), "--data", data_arg],
        &["restore", home.join("none").to_str().unwrap(), "--data", data_arg],
    ] {
        let (code, stdout, stderr) = run(home, args);
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{args:?}: {stderr}");
        assert!(stderr.starts_with("baton: "), "{stderr}");
    }
    assert_eq!(bytes(home), before, "nothing was touched");

    // A store of another's, of a newer Baton, and what a killed restore leaves.
    let other = home.join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("baton.db"), "a diary").unwrap();
    let (code, _, stderr) =
        run(home, &["backup", home.join("x").to_str().unwrap(), "--data", other.to_str().unwrap()]);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("is not a Baton store"), "{stderr}");
    fs::create_dir(data.join(".restore-0123.part")).unwrap();
    ok(home, &["restore", good_arg, "--data", data_arg, "--replace"]);
    assert!(!data.join(".restore-0123.part").exists());
    let aside: Vec<_> =
        fs::read_dir(&data).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    assert_eq!(aside.len(), 1);
    let old = bytes(&aside[0]);
    for (path, content) in &old {
        assert_eq!(
            before.get(&data.join(path.file_name().unwrap())),
            Some(content),
            "the old store is whole"
        );
    }
    assert!(old.len() >= 2);
}

#[test]
fn a_store_of_a_newer_baton_names_the_version_that_opens_it() {
    let (house, data, _) = kept();
    let home = house.dir.path();
    let store = rusqlite::Connection::open(data.join("baton.db")).unwrap();
    let app: String = store.query_row("SELECT value FROM meta WHERE name = 'app'", [], |r| r.get(0)).unwrap();
    assert_eq!(app, env!("CARGO_PKG_VERSION"));
    store.execute("UPDATE meta SET value = '7.8.9' WHERE name = 'app'", []).unwrap();
    store.pragma_update(None, "user_version", 99).unwrap();
    drop(store);
    let before = bytes(&data);
    let data_arg = data.to_str().unwrap();
    for args in [
        &["serve", "--listen", "127.0.0.1:0", "--data", data_arg][..],
        &["rebuild", "--data", data_arg],
        &["backup", home.join("x").to_str().unwrap(), "--data", data_arg],
        &["erase", "--visitor", "a@b.c", "--yes", "--data", data_arg],
        &["agent", "add", "Bo", "--data", data_arg],
    ] {
        let (code, _, stderr) = run(home, args);
        assert_eq!(code, Some(1), "{args:?}: {stderr}");
        assert!(
            stderr.contains("Baton 7.8.9 or newer") && stderr.contains("Nothing was touched"),
            "{stderr}"
        );
    }
    assert_eq!(bytes(&data), before);
}

#[test]
fn a_server_does_not_begin_in_a_folder_a_restore_left_half_way() {
    let (house, data, good) = kept();
    let home = house.dir.path();
    let data_arg = data.to_str().unwrap();
    fs::rename(data.join("baton.db"), home.join("moved")).unwrap();
    fs::write(data.join("restore.unfinished"), "").unwrap();
    for args in
        [&["serve", "--listen", "127.0.0.1:0", "--data", data_arg][..], &["rebuild", "--data", data_arg]]
    {
        let (code, _, stderr) = run(home, args);
        assert_eq!(code, Some(1), "{args:?}");
        assert!(stderr.contains("interrupted") && stderr.contains("nothing is lost"), "{stderr}");
    }
    assert!(!data.join("baton.db").exists(), "no empty store was made");
    ok(home, &["restore", good.to_str().unwrap(), "--data", data_arg, "--replace"]);
    assert!(!data.join("restore.unfinished").exists());
    let server = Server::start(home, &data, &[]);
    assert!(server.up(), "{}", server.said());
}

#[test]
fn two_servers_on_one_store_are_refused() {
    let house = House::new();
    let data = house.dir.path().join("data");
    let second = baton(house.dir.path())
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).contains("another Baton server"), "{second:?}");
}

#[test]
fn folders_may_be_named_from_where_one_stands() {
    let (house, _, _) = kept();
    let home = house.dir.path();
    for args in [
        &["backup", "again", "--data", "data"][..],
        &["restore", "again", "--data", "elsewhere"],
        &["rebuild", "--data", "elsewhere"],
    ] {
        let done = baton(home).current_dir(home).args(args).output().unwrap();
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

#[test]
fn a_rebuilt_restored_store_has_the_same_rows() {
    let (house, _, good) = kept();
    let home = house.dir.path();
    let target = home.join("target");
    let target_arg = target.to_str().unwrap();
    ok(home, &["restore", good.to_str().unwrap(), "--data", target_arg]);
    let rows = |dir: &Path| -> Vec<String> {
        let conn = rusqlite::Connection::open(dir.join("baton.db")).unwrap();
        let mut all = conn.prepare("SELECT doc FROM conversations ORDER BY key").unwrap();
        all.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let before = rows(&target);
    assert_eq!(before.len(), 1);
    assert!(ok(home, &["rebuild", "--data", target_arg]).contains("made anew from"));
    assert_eq!(rows(&target), before);
}
