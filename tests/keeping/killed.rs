//! Killed at every flush, rename and removal: a backup, a restore and an erasure are done, not done, or said to be half
//! way and finished by the same command.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cli_support::{House, baton};
use crate::disk::files_with;
use crate::erase::{ok, run};

const WORD: &str = "axolotlgram";
const CALLS: &str = "fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,ftruncate";

fn strace() -> bool {
    let works = Command::new("strace").args(["-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    works.is_ok_and(|s| s.success())
}

/// Runs the command and kills it at its `k`-th call of those; whether it came to its end.
fn killed_at(k: usize, home: &Path, args: &[&str]) -> bool {
    let inject = format!("inject={CALLS}:signal=KILL:when={k}");
    let mut traced = Command::new("strace");
    traced.args(["-f", "-o", "/dev/null", "-e", &format!("trace={CALLS}"), "-e", &inject]);
    traced
        .arg(env!("CARGO_BIN_EXE_baton"))
        .args(args)
        .env("HOME", home)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    traced.status().unwrap().success()
}

/// A stopped store with two conversations in it, one of which has the word.
fn kept() -> (House, PathBuf, String) {
    let mut house = House::new();
    let ada = house.agent("Ada", "agent");
    house.pipe(b"hello there\n", &[]);
    house.pipe(format!("my {WORD} is late\n").as_bytes(), &[]);
    let found = house.json(&ada, &["queue", "--tab", "all", "--json"]);
    let with_word =
        found.as_array().unwrap().iter().find(|r| r["last_text"].as_str().unwrap().contains(WORD));
    let id = match with_word {
        Some(row) => row["id"].as_str().unwrap().to_owned(),
        // The assistant spoke last.
        None => found[0]["id"].as_str().unwrap().to_owned(),
    };
    house.stop();
    let data = house.dir.path().join("data");
    (house, data, id)
}

fn skipped() -> bool {
    let skip = !strace();
    if skip {
        eprintln!("\nskipped: strace is not here or may not trace, so nothing is killed at its flushes\n");
    }
    skip
}

#[test]
fn a_backup_that_was_killed_is_none() {
    if skipped() {
        return;
    }
    let (house, data, _) = kept();
    let home = house.dir.path();
    let folder = home.join("backups");
    fs::create_dir(&folder).unwrap();
    let (to, data) = (folder.join("b"), data.to_str().unwrap());
    let mut killed = 0;
    while !killed_at(killed + 1, home, &["backup", to.to_str().unwrap(), "--data", data]) {
        killed += 1;
        assert!(killed < 200);
        if to.exists() {
            // Killed after it got its name: then it is whole.
            let target = home.join(format!("target-{killed}"));
            ok(home, &["restore", to.to_str().unwrap(), "--data", target.to_str().unwrap()]);
            fs::remove_dir_all(&to).unwrap();
        }
        assert!(fs::read_dir(&folder).unwrap().count() <= 1, "what an earlier one left is removed");
    }
    assert!(killed >= 5, "{killed}");
    let names: BTreeSet<_> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, BTreeSet::from(["b".into()]), "nothing is left of those that were killed");
    let names: BTreeSet<_> = fs::read_dir(&to).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["baton.db", "manifest.json", "visitor.key"].map(Into::into).into());
}

#[test]
fn a_restore_that_was_killed_left_the_old_store_or_is_finished_by_the_next() {
    if skipped() {
        return;
    }
    let (house, data, _) = kept();
    let home = house.dir.path();
    let (backup, data_arg) = (home.join("b"), data.to_str().unwrap());
    let backup_arg = backup.to_str().unwrap();
    ok(home, &["backup", backup_arg, "--data", data_arg]);
    let log_id = |dir: &Path| -> Option<String> {
        let store = dir.join("baton.db");
        let conn = store.is_file().then(|| rusqlite::Connection::open(store).unwrap())?;
        conn.query_row("SELECT value FROM meta WHERE name = 'log_id'", [], |r| r.get(0)).ok()
    };
    let restore = ["restore", backup_arg, "--data", data_arg, "--replace"];
    let (mut killed, mut half) = (0, 0);
    loop {
        let before = log_id(&data).unwrap();
        let done = killed_at(killed + 1, home, &restore);
        let (code, _, stderr) = run(home, &["rebuild", "--data", data_arg]);
        if code == Some(0) {
            assert!(!done || log_id(&data).unwrap() != before);
        } else {
            half += 1;
            assert!(stderr.contains("nothing is lost"), "{killed}: {stderr}");
            // The old store is where it was or put aside, whole.
            let aside = fs::read_dir(&data).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir());
            let places: Vec<_> = aside.chain([data.clone()]).collect();
            assert!(places.iter().any(|p| log_id(p).as_ref() == Some(&before)), "{killed}: {places:?}");
            ok(home, &restore);
        }
        if done {
            break;
        }
        killed += 1;
        assert!(killed < 300);
        for entry in fs::read_dir(&data).unwrap().map(|e| e.unwrap().path()) {
            if entry.file_name().unwrap().to_str().unwrap().starts_with("replaced-") {
                fs::remove_dir_all(entry).unwrap();
            }
        }
        let key = fs::read(data.join("visitor.key")).unwrap();
        assert_eq!(key, fs::read(backup.join("visitor.key")).unwrap());
    }
    assert!(killed >= 10 && half >= 2, "{killed} {half}");
}

#[test]
fn an_erasure_that_was_killed_is_not_begun_or_finished_by_the_next() {
    if skipped() {
        return;
    }
    let (house, data, id) = kept();
    let home = house.dir.path();
    let before = home.join("before");
    ok(home, &["backup", before.to_str().unwrap(), "--data", data.to_str().unwrap()]);
    assert_eq!(files_with(&data, WORD).len(), 1);
    let mut killed = 0;
    loop {
        let copy = home.join(format!("copy-{killed}"));
        ok(home, &["restore", before.to_str().unwrap(), "--data", copy.to_str().unwrap()]);
        let copy_arg = copy.to_str().unwrap();
        let erase = ["erase", "--conversation", &id, "--data", copy_arg, "--yes"];
        let done = killed_at(killed + 1, home, &erase);
        if !done {
            // Whatever it had done: the log has no gap and the lists are its fold; the next one finishes it.
            assert!(baton(home).args(["rebuild", "--data", copy_arg]).output().unwrap().status.success());
            ok(home, &erase);
        }
        assert_eq!(files_with(&copy, WORD), Vec::<PathBuf>::new(), "{killed}");
        fs::remove_dir_all(&copy).unwrap();
        if done {
            break;
        }
        killed += 1;
        assert!(killed < 300);
    }
    assert!(killed >= 5, "{killed}");
}
