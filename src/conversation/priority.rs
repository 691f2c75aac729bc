//! How urgent agents say a conversation is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How urgent agents say a conversation is. It orders nothing by itself: the queue goes by the longest wait.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Can wait.
    Low,
    /// As any other.
    #[default]
    Normal,
    /// Sooner than others.
    High,
    /// Now.
    Urgent,
}

impl Priority {
    /// All of them, lowest first.
    pub const ALL: [Priority; 4] = [Priority::Low, Priority::Normal, Priority::High, Priority::Urgent];

    /// The word in flags, on screen and on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Priority::Low => "low",
            Priority::Normal => "normal",
            Priority::High => "high",
            Priority::Urgent => "urgent",
        }
    }
}

impl std::str::FromStr for Priority {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        Priority::ALL.into_iter().find(|p| p.word() == s).ok_or_else(|| {
            format!("“{}” is no priority; priorities are low, normal, high and urgent", s.escape_debug())
        })
    }
}
