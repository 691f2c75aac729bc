//! The list of what was erased by request: ids only, beside the store, so that a backup older than the erasure does not
//! bring it back.
//!
//! One line of JSON each: `{"conversation":ID,"through":VERSION,"at":TIME}`. It is written before the store is changed: a
//! crash between the two leaves a promise that a restore keeps. Refused here: words.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::keep_error::KeepError;
use super::open;
use crate::conversation::{ConversationId, Time};

/// Its name in the data folder and in a backup.
pub(super) const FILE: &str = "erased.jsonl";

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    conversation: ConversationId,
    through: u64,
    at: Time,
}

/// Adds to the list in `dir`, durably.
pub(super) fn add(dir: &Path, erased: &[(ConversationId, u64)], at: Time) -> Result<(), KeepError> {
    let mut text = String::new();
    for (conversation, through) in erased {
        let line = Line { conversation: *conversation, through: *through, at };
        text.push_str(&serde_json::to_string(&line).expect("ids and numbers are JSON"));
        text.push('\n');
    }
    let path = dir.join(FILE);
    let new = !path.exists();
    let write = || {
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(KeepError::io("write", &path))?;
    if new {
        open::sync_folder_of(&path)?;
    }
    Ok(())
}

/// Reads a list; none where there is no file. A last line cut short by a crash was never acted on and is passed over.
pub(super) fn read(path: &Path) -> Result<BTreeMap<ConversationId, u64>, KeepError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(e) => return Err(KeepError::io("read", path)(e)),
    };
    let mut all = BTreeMap::new();
    for (n, line) in text.split_inclusive('\n').enumerate() {
        match serde_json::from_str::<Line>(line) {
            Ok(Line { conversation, through, .. }) => {
                let known = all.entry(conversation).or_insert(through);
                *known = through.max(*known);
            }
            Err(_) if !line.ends_with('\n') => {}
            Err(_) => return Err(KeepError::BadList { path: path.to_owned(), line: n + 1 }),
        }
    }
    Ok(all)
}
