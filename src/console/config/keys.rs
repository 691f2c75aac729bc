//! `[keys]` of `console.toml`: which key does what.

use serde::Deserialize;

/// `[keys]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keys {}
