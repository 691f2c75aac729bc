//! What was asked, as a hash: the same wish has the same hash, whenever and by whichever socket it comes.
//!
//! Invariant: every part goes in with its length, so that no two wishes run together. A mere thank-you after a resolve is known
//! here, too. Refused here: judging the wish.

use sha2::{Digest, Sha256};

use super::{Submit, Target};
use crate::conversation::{Command, Conversation, State};

/// What was asked, without when and by which socket: the same wish has the same hash. 128 bits of SHA-256.
pub(super) fn content_hash(submit: &Submit) -> [u8; 16] {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    part(submit.command.verb().as_bytes());
    match &submit.target {
        Target::Conversation(id) => part(id.0.as_bytes()),
        Target::CurrentOf { site, .. } => part(site.as_str().as_bytes()),
    }
    match &submit.command {
        Command::VisitorMessage { text, attachments, .. } | Command::AgentMessage { text, attachments } => {
            part(text.as_bytes());
            attachments.iter().for_each(|a| part(a.blob.as_bytes()));
        }
        Command::AddNote { text } => part(text.as_bytes()),
        Command::SubmitLead { name, email } => {
            part(name.as_deref().unwrap_or_default().as_bytes());
            part(email.as_bytes());
        }
        Command::Release { reason } => part(reason.as_deref().unwrap_or_default().as_bytes()),
        // The page and card of a repeated request may differ; the wish is the same.
        Command::RequestHandoff { .. } => {}
        other => part(format!("{other:?}").as_bytes()),
    }
    let full: [u8; 32] = hash.finalize().into();
    let mut cut = [0; 16];
    cut.copy_from_slice(&full[..16]);
    cut
}

/// After a resolve a mere thank-you neither reopens nor alerts: whether it is one is looked at only there.
pub(super) fn with_thanks(conversation: &Conversation, command: &Command) -> Option<Command> {
    match command {
        Command::VisitorMessage { text, attachments, page, .. }
            if conversation.exists()
                && conversation.state == State::Resolved
                && crate::handoff::courtesy::is_thanks(text) =>
        {
            Some(Command::VisitorMessage {
                text: text.clone(),
                attachments: attachments.clone(),
                page: page.clone(),
                thanks: true,
            })
        }
        _ => None,
    }
}
