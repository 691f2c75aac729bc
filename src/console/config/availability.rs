//! `[availability]` of `console.toml`: Available and Away.

use serde::Deserialize;

/// `[availability]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Availability {
    /// Minutes without a key after which one is set Away; 0: never. Nothing but a key of the agent's makes one Available again.
    pub auto_away_min: u32,
}
