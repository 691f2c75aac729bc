//! What is asked and answered at the control socket, one JSON object a line.
//!
//! Both ends are the same program, but not always of the same version: a request the server does not know is answered in
//! words. Refused here: doing anything.

use serde::{Deserialize, Serialize};

use super::LONGEST;
use crate::conversation::ConversationId;

/// What a command on this machine asks of the running server. On the wire: `{"do":"ping"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Are you there?
    Ping,
    /// Agents were added, changed or removed in the store: read them anew, and cut the sockets of those whose rights went.
    AgentsChanged,
    /// Read the configuration again.
    Reload {
        /// Who asks.
        uid: u32,
    },
    /// Erase all that was said in these conversations.
    Erase {
        /// Which.
        conversations: Vec<ConversationId>,
        /// The number of who asks at the system, for the audit trail.
        uid: u32,
    },
}

/// What the server says. On the wire: `{"done":"pong",…}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "done", rename_all = "snake_case")]
pub enum Answer {
    /// I am.
    Pong {
        /// Its version.
        version: String,
        /// Its process.
        pid: u32,
    },
    /// The agents were read anew.
    AgentsChanged {
        /// Sockets cut.
        cut: usize,
        /// Conversations that went back to the queue.
        returned: usize,
        /// Sites that agents are for and this server does not have.
        #[serde(default)]
        unknown_sites: Vec<String>,
        /// The sites it has.
        #[serde(default)]
        sites: Vec<String>,
    },
    /// The configuration was read again and holds.
    Reloaded {
        /// What changed and what only a restart changes, for a person.
        words: String,
    },
    /// It is erased, from the files, too.
    Erased {
        /// Those in which there was something to erase.
        conversations: Vec<ConversationId>,
    },
    /// It was not done.
    Failed {
        /// Why, for a person.
        words: String,
    },
}

/// Parses one line.
///
/// # Errors
/// In words, what is wrong with it.
pub(super) fn parse(line: &[u8]) -> Result<Request, String> {
    if !line.ends_with(b"\n") {
        return Err(if line.len() >= LONGEST {
            format!("a request has at most {LONGEST} bytes")
        } else {
            "a request is one whole line".into()
        });
    }
    serde_json::from_slice(line).map_err(|e| {
        format!(
            "the running server ({}) does not know this request: {e}. Run the same version of baton",
            env!("CARGO_PKG_VERSION")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_request_or_refused_in_words() {
        assert_eq!(parse(b"{\"do\":\"ping\"}\n"), Ok(Request::Ping));
        assert_eq!(parse(b"{\"do\":\"agents_changed\"}\n"), Ok(Request::AgentsChanged));
        for bad in ["", "{\"do\":\"ping\"}", "{}\n", "{\"do\":\"dance\"}\n", "[]\n", "\n"] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
        let long = vec![b'a'; LONGEST];
        assert!(parse(&long).is_err_and(|words| words.contains("bytes")));
    }
}
