//! What commands that work on a data folder themselves write into the audit trail.
//!
//! Refused here: undoing a deed because it could not be noted; that is said instead.

use std::path::Path;

use super::out::complain;
use crate::log::audit::{self, Actor, Deed, Entry, Target};

/// Notes a deed that is done.
pub(super) fn note(data: &Path, deed: Deed, target: Target) {
    if let Err(error) = audit::append_to(data, &Entry::new(Actor::here(), deed, target)) {
        complain(&format!("it is done, but not in the audit trail: {error}"));
    }
}
