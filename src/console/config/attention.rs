//! `[attention]` of `console.toml`: how a waiting visitor is told of.

use serde::Deserialize;

/// `[attention]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attention {}
