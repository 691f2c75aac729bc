//! `[looks]` of `console.toml`: what is drawn with.

use serde::Deserialize;

/// `[looks]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Looks {}
