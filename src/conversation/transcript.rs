//! What was said and done, as readers see it: the other fold of the same events, with the messages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AgentRef, Author, Event, Message, MessageId, ReleaseCause, ResolvedBy, Time, WakeCause};

/// One line or block of a transcript.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// Position in the installation's log.
    pub seq: u64,
    /// Position in the conversation.
    pub version: u64,
    /// When.
    pub at: Time,
    /// What.
    pub kind: EntryKind,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", content = "d", rename_all = "snake_case")]
pub enum EntryKind {
    /// Something said.
    Message(Message),
    /// Something only agents see.
    Note {
        /// Its id.
        id: MessageId,
        /// Who wrote it.
        by: String,
        /// What.
        text: String,
    },
    /// Something the system told the visitor.
    Notice {
        /// The text.
        text: String,
    },
    /// Something that happened, in words; `who` and `about` come from outside.
    Marker {
        /// Who, if a person.
        who: Option<String>,
        /// What they did, e.g. `accepted`.
        what: String,
        /// The rest in somebody's own words: the reason, the group, the tags. Reads as `what: about`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<String>,
    },
}

/// The entries of one conversation, oldest first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Transcript {
    /// In order of `version`.
    pub entries: Vec<Entry>,
}

impl Transcript {
    /// Folds one event.
    pub fn apply(&mut self, seq: u64, version: u64, at: Time, event: &Event) {
        if let Some(kind) = EntryKind::of(event) {
            self.entries.push(Entry { seq, version, at, kind });
        }
    }
}

impl EntryKind {
    /// How an event reads; none for what readers do not see as a line of its own.
    pub fn of(event: &Event) -> Option<Self> {
        let marker = |who: Option<&str>, what: &str| {
            Some(EntryKind::Marker { who: who.map(str::to_owned), what: what.to_owned(), about: None })
        };
        let marker_about = |who: &AgentRef, what: &str, about: Option<String>| {
            Some(EntryKind::Marker { who: Some(who.name.clone()), what: what.to_owned(), about })
        };
        match event {
            Event::MessagePosted(message) => Some(EntryKind::Message(message.clone())),
            Event::NoteAdded { id, by, text } => {
                Some(EntryKind::Note { id: *id, by: by.name.clone(), text: text.clone() })
            }
            Event::NoticePosted { text, .. } => Some(EntryKind::Notice { text: text.clone() }),
            Event::Started { .. }
            | Event::PageVisited { .. }
            | Event::DeviceTold { .. }
            | Event::ResolveAnnounced => None,
            Event::Identified { .. } => marker(None, "the visitor told who they are"),
            Event::LeadSubmitted { .. } => marker(None, "the visitor left contact details"),
            Event::HandoffInitiated { handoff } => {
                marker(None, &format!("a person is needed: {}", handoff.reason.words()))
            }
            Event::HandoffRequested { ticket } => {
                marker(None, if *ticket { "queued as a ticket" } else { "queued for the team" })
            }
            Event::HandoffCancelled => marker(None, "the visitor cancelled the wait"),
            Event::Accepted { agent } => marker(Some(&agent.name), "accepted; the assistant is paused"),
            Event::TakenOver { agent, from: None } => {
                marker(Some(&agent.name), "took over; the assistant is paused")
            }
            Event::TakenOver { agent, from: Some(_) } => marker(Some(&agent.name), "took over as supervisor"),
            Event::ReplyOverdue => marker(None, "accepted, and still without an answer"),
            Event::Released(cause) => match cause {
                ReleaseCause::Agent { by, reason } => {
                    marker_about(by, "released it to the queue", reason.clone())
                }
                ReleaseCause::Transferred { by, group } => {
                    marker_about(by, "transferred it to a group", Some(group.clone()))
                }
                ReleaseCause::Unanswered => marker(None, "back in the queue: accepted and not answered"),
                ReleaseCause::LeaseLost => marker(None, "back in the queue: the agent's console is gone"),
                ReleaseCause::Withdrawn { from } => {
                    marker(Some(&from.name), "may no longer hold it; back in the queue")
                }
            },
            Event::Transferred { to, .. } => marker(Some(&to.name), "has it now, by transfer"),
            Event::Tagged { by, added, removed } => {
                let (what, all) = match (added.is_empty(), removed.is_empty()) {
                    // Erased.
                    (true, true) => return marker(Some(&by.name), "changed its tags"),
                    (false, true) => ("tagged it", added.join(", ")),
                    (true, false) => ("took tags away", removed.join(", ")),
                    (false, false) => {
                        ("changed its tags", format!("+{} -{}", added.join(" +"), removed.join(" -")))
                    }
                };
                marker_about(by, what, Some(all))
            }
            Event::Prioritised { by, priority } => {
                marker(Some(&by.name), &format!("set its priority to {}", priority.word()))
            }
            Event::HandedBack { by } => marker(Some(&by.name), "handed it back to the assistant"),
            Event::Snoozed { by, .. } => marker(Some(&by.name), "snoozed it"),
            Event::Woken { cause, kept } => {
                let why = match cause {
                    WakeCause::Time => "the time has come",
                    WakeCause::Visitor => "the visitor wrote",
                    WakeCause::Agent => "the agent is back at it",
                };
                let to = if *kept { "" } else { "; it is queued" };
                marker(None, &format!("awake: {why}{to}"))
            }
            Event::Resolved(by) => match by {
                ResolvedBy::Agent(agent) => marker(Some(&agent.name), "resolved"),
                ResolvedBy::Visitor => marker(None, "the visitor ended the chat"),
                ResolvedBy::Time => marker(None, "resolved: nobody said a word for a day"),
            },
            Event::Returned => marker(None, "the visitor is back, with the assistant"),
            Event::Reopened { agent, .. } => marker(Some(&agent.name), "reopened; the assistant is paused"),
            Event::Erased { what } => marker(None, what.words()?),
        }
    }
}

impl Message {
    /// The author's word: `visitor`, `assistant` or `agent`.
    pub fn author_word(&self) -> &'static str {
        match self.author {
            Author::Visitor => "visitor",
            Author::Assistant => "assistant",
            Author::Agent(_) => "agent",
        }
    }
}
