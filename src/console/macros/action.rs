//! What follows a ready text once it is sent: `tag:refund`, `priority:high`, `snooze:2h`, `resolve`, `send`.

use std::fmt;
use std::str::FromStr;

use crate::conversation::{Priority, label};
use crate::settings::nearest;
use crate::text::when;

/// What can follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Add a tag.
    Tag(String),
    /// Set the priority.
    Priority(Priority),
    /// Put it aside until then; empty: until the visitor's next message.
    Snooze(String),
    /// Resolve it.
    Resolve,
    /// Send at once, where nothing is left to fill in and nothing else stands in the composer.
    Send,
}

const KINDS: [&str; 5] = ["tag", "priority", "snooze", "resolve", "send"];

impl Action {
    /// Its kind, as it is spelt.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Tag(_) => "tag",
            Self::Priority(_) => "priority",
            Self::Snooze(_) => "snooze",
            Self::Resolve => "resolve",
            Self::Send => "send",
        }
    }
}

impl fmt::Display for Action {
    /// As the picker shows it: `tag refund`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => write!(f, "tag {tag}"),
            Self::Priority(priority) => write!(f, "priority {}", priority.word()),
            Self::Snooze(until) if until.is_empty() => write!(f, "snooze until they write"),
            Self::Snooze(until) => write!(f, "snooze {until}"),
            Self::Resolve => write!(f, "resolve"),
            Self::Send => write!(f, "send"),
        }
    }
}

impl FromStr for Action {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        let (kind, value) = s.split_once(':').unwrap_or((s, ""));
        let (kind, value) = (kind.trim(), value.trim());
        match kind {
            "tag" => {
                label(value).map(Self::Tag).ok_or_else(|| "`tag:` needs a tag, as in `tag:refund`".into())
            }
            "priority" => value.parse().map(Self::Priority),
            "snooze" if value.is_empty() => Ok(Self::Snooze(String::new())),
            // Whether it is a time can be told on any day; which, only when the time comes.
            "snooze" => match when::moment(value, &jiff::Zoned::now()) {
                Ok(_) => Ok(Self::Snooze(value.to_owned())),
                Err(why) => Err(format!("`snooze:`: {why}")),
            },
            "resolve" | "send" if !value.is_empty() => Err(format!("`{kind}` takes nothing after it")),
            "resolve" => Ok(Self::Resolve),
            "send" => Ok(Self::Send),
            _ => Err(match nearest(kind, &KINDS) {
                Some(near) => format!("there is no action `{}`; did you mean `{near}`?", short(kind)),
                None => format!("there is no action `{}`; there are {}", short(kind), KINDS.join(", ")),
            }),
        }
    }
}

fn short(word: &str) -> String {
    word.escape_debug().take(40).collect()
}
