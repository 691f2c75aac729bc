//! The log when it is hurt: killed in the middle, out of space, a flush that fails. And how often it flushes.
//!
//! The tests start themselves again as a child process that appends and tells what was acknowledged.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod log_support;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use baton::log::{Log, Readers, StoreError, rebuild};
use log_support::{Op, Run, dump, open};

/// The folder a child works in, and how many groups it commits (none: until it is killed).
const DIR: &str = "BATON_TEST_LOG_DIR";
const GROUPS: &str = "BATON_TEST_LOG_GROUPS";

fn say(line: std::fmt::Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// A visitor's message: always accepted, and now and then a takeover or a resolve beside it.
fn op(n: u64) -> Op {
    let command = match n % 11 {
        7 => 9,
        8 => 14,
        9 => 21,
        _ => 0,
    };
    Op { site: 0, visitor: (n % 3) as u8, agent: 0, command, minutes: 1, flags: 1, commit: false }
}

/// Not a test: what the child runs. Appends in groups, tells each client id once its group is committed, and goes on
/// after an error to tell what the next group says.
#[test]
#[ignore = "the child of the other tests"]
fn child() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let groups = std::env::var(GROUPS).ok().map_or(u64::MAX, |n| n.parse().unwrap());
    say(format_args!("\nbegun"));
    let mut log = open(Path::new(&dir));
    let mut run = Run::new();
    // Ids of a later child must differ from those of an earlier one.
    run.count = u128::from(log.head()) << 64 | u128::from(std::process::id()) << 32;
    let mut n = log.head();
    for group in 0..groups {
        match commit(&mut log, &mut run, &mut n, group % 5 + 1) {
            Ok(cids) => cids.iter().for_each(|cid| say(format_args!("ack {cid}"))),
            Err(e) => say(format_args!("error {e}")),
        }
        if group % 7 == 6 {
            match log.index_text(20) {
                Ok(_) => {}
                Err(e) => say(format_args!("error {e}")),
            }
        }
    }
    say(format_args!("done {}", log.head()));
}

/// Commits a group of `size` commands, at least one of which has an effect.
fn commit(log: &mut Log, run: &mut Run, n: &mut u64, size: u64) -> Result<Vec<String>, StoreError> {
    let mut batch = log.begin()?;
    let mut cids = Vec::new();
    while (cids.len() as u64) < size {
        *n += 1;
        cids.extend(run.step(&mut batch, &op(*n))?.map(|done| done.cid.0.simple().to_string()));
    }
    batch.commit()?;
    Ok(cids)
}

fn child_command(program: &str, before: &[&str], dir: &Path, groups: Option<u64>) -> Command {
    let mut command = Command::new(program);
    command.args(before);
    if !before.is_empty() {
        command.arg(std::env::current_exe().unwrap());
    }
    command.args(["child", "--exact", "--ignored", "--nocapture", "--test-threads=1"]).env(DIR, dir);
    if let Some(groups) = groups {
        command.env(GROUPS, groups.to_string());
    }
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

fn own_child(dir: &Path) -> Child {
    let this = std::env::current_exe().unwrap();
    child_command(this.to_str().unwrap(), &[], dir, None).spawn().unwrap()
}

/// A column of text.
fn texts(dir: &Path, sql: &str) -> Vec<String> {
    let conn = rusqlite::Connection::open(dir.join("baton.db")).unwrap();
    let mut statement = conn.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Checks a store from outside: ids acknowledged are there once, nothing has a gap, rebuilding changes no row.
fn check(dir: &Path, acked: &BTreeSet<String>) {
    drop(open(dir));
    let stored = texts(dir, "SELECT lower(hex(cid)) FROM events WHERE cid IS NOT NULL");
    let once: BTreeSet<String> = stored.iter().cloned().collect();
    assert_eq!(once.len(), stored.len(), "no id is there twice");
    assert_eq!(acked.difference(&once).collect::<Vec<_>>(), Vec::<&String>::new(), "acknowledged and lost");
    let gaps = "SELECT (SELECT count(*) FROM events) - (SELECT ifnull(max(seq), 0) FROM events), stream
                FROM events GROUP BY stream HAVING count(*) <> max(version) OR min(version) <> 1";
    assert_eq!(dump(dir, gaps), Vec::<String>::new());
    assert_eq!(texts(dir, "PRAGMA integrity_check"), ["ok"]);
    let rows = dump(dir, "SELECT * FROM conversations ORDER BY key");
    rebuild(dir).unwrap();
    assert_eq!(dump(dir, "SELECT * FROM conversations ORDER BY key"), rows);
}

#[test]
fn killed_at_any_moment_it_has_what_it_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let mut acked = BTreeSet::new();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut one_more = |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    for kill in 0..32 {
        // Every fourth is killed while it opens, the first ones while they create the store.
        let wait_for = if kill % 4 < 1 || kill < 3 { 0 } else { 1 + one_more(200) };
        let mut child = own_child(dir.path());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let before = acked.len();
        for line in lines.by_ref() {
            let line = line.unwrap();
            acked.extend(line.strip_prefix("ack ").map(str::to_owned));
            if line == "begun" && wait_for == 0 || (acked.len() - before) as u64 >= wait_for.max(1) {
                break;
            }
        }
        child.kill().unwrap();
        // What it told before it died counts; a line cut short was not told.
        let rest = lines.map_while(Result::ok);
        acked.extend(
            rest.filter_map(|line| line.strip_prefix("ack ").map(str::to_owned)).filter(|id| id.len() == 32),
        );
        assert!(!child.wait().unwrap().success());
        if kill % 8 == 7 {
            check(dir.path(), &acked);
        }
    }
    check(dir.path(), &acked);
    assert!(acked.len() > 500, "it was killed at work: {}", acked.len());
}

/// A few megabytes to fill; none where this may not be mounted.
struct SmallDisk(PathBuf, #[allow(dead_code)] tempfile::TempDir);

impl SmallDisk {
    fn mount(size: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("disk");
        std::fs::create_dir(&path).unwrap();
        let options = format!("size={size}");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(&path)
            .stderr(Stdio::null())
            .status();
        mount.is_ok_and(|s| s.success()).then(|| Self(path, dir))
    }

    fn grow(&self, size: &str) {
        let options = format!("remount,size={size}");
        assert!(Command::new("mount").args(["-o", &options]).arg(&self.0).status().unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn skipped(why: &str) {
    eprintln!("\nSKIPPED: {why}\n");
}

#[test]
fn a_full_disk_is_said_and_survived() {
    let Some(disk) = SmallDisk::mount("7m") else {
        skipped("a small tmpfs cannot be mounted here, so the full disk is not tested");
        return;
    };
    let data = disk.0.join("data");
    let ballast = |size: u64| disk.0.join(format!("ballast-{size}"));
    let sizes = [1, 5, 200];
    // Going on takes room for moving the WAL's pages into the database, the more the more was written.
    sizes.iter().for_each(|size| std::fs::write(ballast(*size), vec![1; 1_300_000]).unwrap());
    let mut log = open(&data);
    let readers: Readers = log.readers(1).unwrap();
    let mut run = Run::new();
    let mut acked = BTreeSet::new();
    let mut n = 0;
    acked.extend(commit(&mut log, &mut run, &mut n, 5).unwrap());
    for size in sizes {
        let full = loop {
            match commit(&mut log, &mut run, &mut n, size) {
                Ok(cids) => acked.extend(cids),
                Err(e) => break e,
            }
        };
        assert!(matches!(full, StoreError::Full), "{full}");
        // Nothing of the group happened, reading goes on, and a second try says the same.
        let head = log.head();
        assert_eq!(readers.with(|r| r.head()).unwrap(), head);
        let again = commit(&mut log, &mut run, &mut n, 200).unwrap_err();
        assert!(matches!(again, StoreError::Full), "{again}");
        assert_eq!(log.head(), head);
        // Room again: it goes on without a restart.
        std::fs::remove_file(ballast(size)).unwrap();
        acked.extend(commit(&mut log, &mut run, &mut n, 3).unwrap());
    }
    drop((readers, log));
    // Rebuilding, which the check does, needs more room than there is.
    disk.grow("64m");
    check(&data, &acked);
}

/// A server that was killed on a full disk starts again and can be read from, with no byte to spare.
#[test]
fn killed_on_a_full_disk_it_starts_again() {
    let Some(disk) = SmallDisk::mount("4m") else {
        skipped("a small tmpfs cannot be mounted here, so starting on a full disk is not tested");
        return;
    };
    let data = disk.0.join("data");
    let mut child = own_child(&data);
    let mut acked = BTreeSet::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        acked.extend(line.strip_prefix("ack ").map(str::to_owned));
        if line.starts_with("error ") {
            assert_eq!(line, "error the disk is full");
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let mut rest = std::fs::File::create(disk.0.join("rest")).unwrap();
    while rest.write_all(&[1; 4096]).is_ok() {}
    let log = open(&data);
    assert!(log.head() >= acked.len() as u64);
    assert_eq!(log.readers(1).unwrap().with(|r| r.head()).unwrap(), log.head());
    drop(log);
    disk.grow("64m");
    check(&data, &acked);
}

fn strace() -> bool {
    let works = Command::new("strace").args(["-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    works.is_ok_and(|s| s.success())
}

/// Runs the child under strace; what it told, and the trace.
fn traced(dir: &Path, expression: &[&str], groups: u64) -> (Vec<String>, String) {
    let trace = dir.join("trace");
    let mut before = vec!["-f", "-o", trace.to_str().unwrap()];
    before.extend(expression);
    let mut child = child_command("strace", &before, &dir.join("data"), Some(groups)).spawn().unwrap();
    let mut told = String::new();
    child.stdout.take().unwrap().read_to_string(&mut told).unwrap();
    child.wait().unwrap();
    (told.lines().map(str::to_owned).collect(), std::fs::read_to_string(trace).unwrap())
}

#[test]
fn a_group_costs_one_flush() {
    if !strace() {
        skipped("strace is not here or may not trace, so flushes are not counted");
        return;
    }
    let flushes = |groups: u64| {
        let dir = tempfile::tempdir().unwrap();
        let (told, trace) = traced(dir.path(), &["-e", "trace=fsync,fdatasync"], groups);
        assert!(told.iter().any(|line| line.starts_with("done ")), "{told:?}");
        trace.lines().filter(|line| line.contains("sync(")).count() as u64
    };
    // Opening, creating and closing flush, too: those are the same for both.
    let one = flushes(1);
    assert_eq!(flushes(6) - one, 5, "from the first group on");
    let few = flushes(10);
    assert_eq!(flushes(110) - few, 100, "one flush a group, and none for the full-text index");
}

#[test]
fn a_failed_flush_ends_the_writer() {
    if !strace() {
        skipped("strace is not here or may not trace, so failing flushes are not tested");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    // A store that exists, so that the flushes of its creation are behind it.
    traced(dir.path(), &["-e", "trace=none"], 3);
    let inject = ["-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO:when=4..5"];
    let (told, _) = traced(dir.path(), &inject, 40);
    let first = told.iter().position(|line| line.starts_with("error ")).expect("an error is told");
    assert!(told[..first].iter().any(|line| line.starts_with("ack ")), "{told:?}");
    let after: Vec<&String> = told[first..].iter().filter(|line| line.starts_with("ack ")).collect();
    assert_eq!(after, Vec::<&String>::new(), "a flush that failed once is not trusted again");
    assert!(told[first + 1].contains("restarts"), "{told:?}");
    let acked = told.iter().filter_map(|line| line.strip_prefix("ack ")).map(str::to_owned).collect();
    check(&dir.path().join("data"), &acked);
}
