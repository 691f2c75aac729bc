//! `[composer]` of `console.toml`: writing.

use serde::Deserialize;

/// `[composer]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Composer {}
