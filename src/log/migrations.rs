//! From an older version to this one, step by step, after copying the store.
//!
//! `PRAGMA user_version` counts the steps taken. All steps run in one transaction: a store is migrated or as it was.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior};

use super::error::OpenError;
use super::open;
use super::schema::APP;

/// The store's version.
pub(super) fn version(conn: &Connection) -> Result<u32, OpenError> {
    conn.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(OpenError::sqlite("tell its version"))
}

/// Takes the steps the store has not seen. A store that has seen some is copied first, to `baton-before-vN.db`
/// beside it, where N is the version it will have.
///
/// # Errors
/// [`OpenError::Newer`] where the store has seen more steps than there are.
pub(super) fn migrate(conn: &mut Connection, path: &Path, steps: &[&str]) -> Result<(), OpenError> {
    let found = version(conn)?;
    let known = steps.len() as u32;
    if found > known {
        return Err(OpenError::Newer { path: path.to_owned(), found, known, app: open::app(path) });
    }
    if found == known {
        return Ok(());
    }
    if found > 0 {
        copy(conn, &copy_path(path, known))?;
    }
    let migrate = |conn: &mut Connection| -> rusqlite::Result<()> {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for step in &steps[found as usize..] {
            tx.execute_batch(step)?;
        }
        tx.pragma_update(None, "user_version", known)?;
        if tx.table_exists(None, "meta")? {
            let app = "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)";
            tx.execute(app, (APP, env!("CARGO_PKG_VERSION")))?;
        }
        tx.commit()?;
        // Into the file itself: an older Baton reads the version from its header and refuses before touching it.
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
    };
    migrate(conn).map_err(OpenError::sqlite("be brought to this version; it is as it was"))
}

fn copy_path(path: &Path, to: u32) -> PathBuf {
    path.with_file_name(format!("baton-before-v{to}.db"))
}

/// A whole, flushed copy under its name, or none: it is written beside and renamed.
fn copy(conn: &Connection, to: &Path) -> Result<(), OpenError> {
    let part = to.with_extension("part");
    let _ = std::fs::remove_file(&part);
    let file = open::create_private(&part)?;
    let name = part.to_str().ok_or_else(|| OpenError::NotOurs(part.clone()))?;
    conn.execute("VACUUM INTO ?1", [name]).map_err(OpenError::sqlite("be copied before its migration"))?;
    file.sync_all().map_err(OpenError::io("flush", &part))?;
    std::fs::rename(&part, to).map_err(OpenError::io("rename to", to))?;
    open::sync_folder_of(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(dir: &Path) -> (PathBuf, Connection) {
        let path = dir.join("baton.db");
        let conn = Connection::open(&path).expect("a new file");
        conn.pragma_update(None, "journal_mode", "wal").expect("wal");
        (path, conn)
    }

    fn count(conn: &Connection, sql: &str) -> i64 {
        conn.query_row(sql, [], |row| row.get(0)).expect("a count")
    }

    #[test]
    fn an_older_store_is_copied_and_then_migrated() {
        let dir = tempfile::tempdir().expect("a folder");
        let (path, mut conn) = store(dir.path());
        let v1 = "CREATE TABLE a (x INTEGER)";
        let v2 = "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x * 2";
        migrate(&mut conn, &path, &[v1]).expect("a new store");
        assert!(!copy_path(&path, 1).exists(), "nothing to copy yet");
        conn.execute("INSERT INTO a VALUES (21)", []).expect("a row");

        migrate(&mut conn, &path, &[v1, v2]).expect("migrated");
        assert_eq!(version(&conn).expect("version"), 2);
        assert_eq!(count(&conn, "SELECT y FROM a"), 42);
        let copy = Connection::open(copy_path(&path, 2)).expect("the copy");
        assert_eq!(version(&copy).expect("version"), 1);
        assert_eq!(count(&copy, "SELECT x FROM a"), 21, "the copy holds what the store held, WAL included");
        assert!(copy.prepare("SELECT y FROM a").is_err());

        let again = std::fs::read(copy_path(&path, 2)).expect("readable");
        migrate(&mut conn, &path, &[v1, v2]).expect("nothing to do");
        assert_eq!(std::fs::read(copy_path(&path, 2)).expect("readable"), again);
    }

    #[test]
    fn a_failing_step_leaves_the_store_as_it_was() {
        let dir = tempfile::tempdir().expect("a folder");
        let (path, mut conn) = store(dir.path());
        let v1 = "CREATE TABLE a (x INTEGER)";
        migrate(&mut conn, &path, &[v1]).expect("a new store");
        let bad = "CREATE TABLE b (x INTEGER); INSERT INTO missing VALUES (1)";
        assert!(migrate(&mut conn, &path, &[v1, bad]).is_err());
        assert_eq!(version(&conn).expect("version"), 1);
        assert_eq!(count(&conn, "SELECT count(*) FROM sqlite_schema WHERE name = 'b'"), 0);
        let good = "CREATE TABLE b (x INTEGER)";
        migrate(&mut conn, &path, &[v1, good]).expect("a second try, over the first copy");
        assert_eq!(version(&conn).expect("version"), 2);
    }

    #[test]
    fn a_newer_store_is_refused() {
        let dir = tempfile::tempdir().expect("a folder");
        let (path, mut conn) = store(dir.path());
        conn.pragma_update(None, "user_version", 7).expect("set");
        let e = migrate(&mut conn, &path, &["", ""]).expect_err("newer");
        assert!(matches!(e, OpenError::Newer { found: 7, known: 2, .. }));
        assert!(e.to_string().contains("version 7") && e.to_string().contains("up to 2"));
    }
}
