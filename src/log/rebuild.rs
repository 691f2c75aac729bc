//! The read model made anew from the log: the proof that it holds nothing the log does not.
//!
//! Keys of conversations, visitors and sites belong to the log and stay; agents and cursors are stored state and stay,
//! except the full-text cursor, which starts again.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior, params};

use super::error::{OpenError, StoreError};
use super::keys::{self, Keys};
use super::schema::{FOLD, FOLD_KEY, STEPS};
use super::{batch, history, migrations, open, text_index};
use crate::conversation::{Conversation, ConversationId, Time};

/// Events given to the full-text index in one transaction.
const TEXTS: usize = 5_000;

/// Makes the read model anew from the log, row for row as it was. Returns the number of events replayed. Refused while
/// a server runs.
///
/// # Errors
/// [`OpenError::Damaged`] when the log has a gap; the read model is then as it was. Else as opening.
pub fn rebuild(dir: &Path) -> Result<u64, OpenError> {
    let path = open::prepare(dir)?;
    let _lock = open::lock(dir)?;
    let mut conn = open::connect(&path)?;
    migrations::migrate(&mut conn, &path, STEPS)?;
    let replayed = rebuild_in(&mut conn)?;
    let failed = |e: StoreError| OpenError::Damaged(e.to_string());
    let mut cursor = 0;
    loop {
        let tx = conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(OpenError::sqlite("index its texts"))?;
        let (looked_at, last) = text_index::index(&tx, cursor, TEXTS).map_err(failed)?;
        tx.commit().map_err(OpenError::sqlite("index its texts"))?;
        cursor = last;
        if looked_at == 0 {
            return Ok(replayed);
        }
    }
}

/// Replays the log in one transaction. The full-text index is emptied and follows later.
pub(super) fn rebuild_in(conn: &mut Connection) -> Result<u64, OpenError> {
    let start = OpenError::sqlite("be rebuilt; its lists are as they were");
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(start)?;
    let replayed = replay(&tx).map_err(|e| match e {
        StoreError::Failed(why) => OpenError::Damaged(why),
        other => OpenError::Damaged(other.to_string()),
    })?;
    tx.commit().map_err(OpenError::sqlite("be rebuilt; its lists are as they were"))?;
    Ok(replayed)
}

fn replay(conn: &Connection) -> Result<u64, StoreError> {
    conn.execute("DELETE FROM conversations", [])?;
    text_index::reset(conn)?;
    conn.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)", params![FOLD_KEY, FOLD])?;
    let mut read = conn.prepare(
        "SELECT e.stream, e.version, e.seq, e.at, e.body, s.id FROM events e JOIN streams s ON s.key = e.stream
         ORDER BY e.stream, e.version",
    )?;
    let mut rows = read.query([])?;
    let mut keys = Keys::new();
    let mut replayed = 0;
    let mut current: Option<(i64, u64, Conversation)> = None;
    while let Some(row) = rows.next()? {
        let stream = row.get(0)?;
        if current.as_ref().is_none_or(|(key, ..)| *key != stream) {
            finish(conn, &mut keys, current.take())?;
            let id = ConversationId(keys::uuid(row, 5)?);
            current = Some((stream, 0, Conversation::empty(id)));
        }
        let Some((_, seq, state)) = &mut current else { continue };
        let version = row.get::<_, i64>(1)? as u64;
        if version != state.version + 1 {
            let gap = format!("conversation {} has no event {}", state.id, state.version + 1);
            return Err(StoreError::Failed(gap));
        }
        state.apply(&history::event(row, 4)?, Time(row.get(3)?));
        *seq = row.get::<_, i64>(2)? as u64;
        replayed += 1;
    }
    finish(conn, &mut keys, current)?;
    Ok(replayed)
}

/// Writes the row of a conversation whose last event has been replayed.
fn finish(
    conn: &Connection,
    keys: &mut Keys,
    conversation: Option<(i64, u64, Conversation)>,
) -> Result<(), StoreError> {
    let Some((key, changed, state)) = conversation else { return Ok(()) };
    let doc = serde_json::to_string(&state)?;
    Ok(batch::write_row(conn, keys, key, None, &state, changed, &doc)?)
}
