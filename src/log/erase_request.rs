//! Erasing because somebody asked: written down first, then done, then removed from the files, and from the copies of our own
//! making that lie beside the store.
//!
//! Invariant: the list beside the store names a conversation before the store forgets its words, so that no crash leaves a
//! backup free to bring them back. Refused here: copies elsewhere, which only their keeper can remove.

use std::fs;
use std::path::{Path, PathBuf};

use super::audit::Actor;
use super::keep_error::KeepError;
use super::{ErasedConversation, Log, Reader, StoreError, erased_list, open};
use crate::conversation::{ConversationId, Erasure, Time};

impl Log {
    /// Erases these conversations whole and writes them into the list of what was erased. The files still hold traces
    /// until [`Log::scrub`].
    ///
    /// # Errors
    /// [`KeepError`]: nothing was erased; asking again is safe.
    pub fn erase_by_request(
        &mut self,
        ids: &[ConversationId],
        at: Time,
        by: &Actor,
    ) -> Result<Vec<ErasedConversation>, KeepError> {
        let mut wanted = Vec::new();
        for id in ids {
            let reader = "SELECT c.doc FROM streams s JOIN conversations c ON c.key = s.key WHERE s.id = ?1";
            let found: Result<String, _> = self
                .conn
                .prepare_cached(reader)
                .and_then(|mut s| s.query_row([id.0.as_bytes()], |r| r.get(0)));
            match found {
                Ok(doc) => {
                    let state: crate::conversation::Conversation =
                        serde_json::from_str(&doc).map_err(StoreError::from)?;
                    wanted.push((*id, state.version));
                }
                Err(rusqlite::Error::QueryReturnedNoRows) => {}
                Err(e) => return Err(self.checked::<()>(Err(e)).expect_err("an error stays one").into()),
            }
        }
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        erased_list::add(self.dir(), &wanted, at)?;
        let wanted: Vec<_> = wanted.into_iter().map(|(id, through)| (id, Some(through))).collect();
        Ok(self.erase(&wanted, Erasure::Everything, at, Some(by))?)
    }
}

/// Erases conversations in a folder no server runs on, removes the traces, and the copies made before migrations.
///
/// # Errors
/// [`KeepError`]; where something was erased and its traces could not be removed, the next start of the server tries again.
pub fn erase_in(dir: &Path, ids: &[ConversationId], at: Time) -> Result<Vec<ErasedConversation>, KeepError> {
    if !open::check_header(&open::store_path(dir))? {
        return Err(KeepError::NoStore(dir.to_owned()));
    }
    let mut log = Log::open(dir)?;
    let erased = log.erase_by_request(ids, at, &Actor::here())?;
    if log.scrub_due()? {
        log.scrub()?;
    }
    drop(log);
    remove_copies(dir)?;
    Ok(erased)
}

/// Erases by a rule in a folder no server runs on; gives the number of conversations in which there was something.
///
/// # Errors
/// As [`erase_in`].
pub fn erase_by_rule(
    dir: &Path,
    ids: &[ConversationId],
    what: Erasure,
    at: Time,
) -> Result<usize, KeepError> {
    let mut log = Log::open(dir)?;
    let mut erased = 0;
    for some in ids.chunks(100) {
        let wanted: Vec<_> = some.iter().map(|id| (*id, None)).collect();
        erased += log.erase(&wanted, what, at, None)?.len();
    }
    if log.scrub_due()? {
        log.scrub()?;
    }
    drop(log);
    remove_copies(dir)?;
    Ok(erased)
}

/// Removes the copies that migrations leave beside the store; gives their names.
///
/// # Errors
/// [`KeepError`] where one cannot be removed.
pub fn remove_copies(dir: &Path) -> Result<Vec<PathBuf>, KeepError> {
    let mut removed = Vec::new();
    for path in beside(dir, |name| name.starts_with("baton-before-v") && name.ends_with(".db"))? {
        fs::remove_file(&path).map_err(KeepError::io("remove", &path))?;
        removed.push(path);
    }
    Ok(removed)
}

/// Stores that restores put aside in this folder, and that still hold what was erased.
///
/// # Errors
/// [`KeepError`] where the folder cannot be read.
pub fn copies_kept(dir: &Path) -> Result<Vec<PathBuf>, KeepError> {
    beside(dir, |name| name.starts_with("replaced-"))
}

fn beside(dir: &Path, wanted: impl Fn(&str) -> bool) -> Result<Vec<PathBuf>, KeepError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(KeepError::io("read the folder", dir))?.flatten() {
        if entry.file_name().to_str().is_some_and(&wanted) {
            found.push(entry.path());
        }
    }
    found.sort_unstable();
    Ok(found)
}

impl Reader {
    /// Every event of a conversation as stored, oldest first, as `{"seq","version","at","type","d"}`.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    pub fn raw_events(&self, id: ConversationId) -> Result<Vec<serde_json::Value>, StoreError> {
        let Some(stream) = self.stream(id)? else { return Ok(Vec::new()) };
        let mut statement = self
            .conn
            .prepare_cached("SELECT seq, version, at, body FROM events WHERE stream = ?1 ORDER BY version")?;
        let mut rows = statement.query([stream])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let body: serde_json::Value =
                serde_json::from_str(row.get_ref(3)?.as_str().map_err(rusqlite::Error::from)?)?;
            let mut event = serde_json::json!({
                "seq": row.get::<_, i64>(0)?, "version": row.get::<_, i64>(1)?, "at": Time(row.get(2)?).to_string(),
            });
            if let (Some(into), Some(from)) = (event.as_object_mut(), body.as_object()) {
                into.extend(from.clone());
            }
            found.push(event);
        }
        Ok(found)
    }
}
