//! `[availability]` of `console.toml`: Available and Away.

use serde::Deserialize;

/// `[availability]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Availability {}
