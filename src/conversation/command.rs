//! What somebody wants to happen. Who wants it stands in [`super::Context::actor`].

use serde::{Deserialize, Serialize};

use super::{AgentId, AgentRef, AssistantTurn, Attachment, Handoff, Page, Priority, Source, TimerKind};

/// When a snoozed conversation wakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SnoozeUntil {
    /// At this time, or with the visitor's next message.
    Time(super::Time),
    /// With the visitor's next message.
    NextMessage,
}

/// Where a conversation is transferred to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferTo {
    /// To this agent (looked up by the engine).
    Agent(AgentRef),
    /// Back to the queue, with this group preferred.
    Group(String),
}

/// A command to a conversation.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// The visitor writes. Starts the conversation where there is none.
    VisitorMessage {
        /// The words.
        text: String,
        /// Files.
        attachments: Vec<Attachment>,
        /// The page it was written on, if known.
        page: Option<Page>,
        /// Whether these words are a mere thank-you (decided by the handoff room).
        thanks: bool,
    },
    /// The visitor moved to another page.
    VisitPage(Page),
    /// The visitor tells who they are.
    Identify {
        /// Name.
        name: Option<String>,
        /// E-mail address.
        email: Option<String>,
    },
    /// The visitor leaves contact details.
    SubmitLead {
        /// Name.
        name: Option<String>,
        /// E-mail address, validated by shape.
        email: String,
    },
    /// A person is asked for: by the visitor (button, words) or by the assistant's policy. Starts the conversation
    /// where there is none. `answers` is the epoch the assistant saw; none when the visitor's own socket asks.
    RequestHandoff {
        /// The request, with its card.
        handoff: Handoff,
        /// The assistant's fence.
        epoch: Option<u64>,
        /// The visitor message the assistant was answering.
        answers: Option<u64>,
    },
    /// The visitor no longer wants a person.
    CancelHandoff,
    /// The visitor ends the chat.
    EndByVisitor,
    /// The assistant says something. Refused when `epoch` is not the conversation's.
    AssistantMessage {
        /// The words.
        text: String,
        /// Where they come from.
        sources: Vec<Source>,
        /// The epoch the turn began with.
        epoch: u64,
        /// How it came about.
        turn: AssistantTurn,
    },
    /// An agent takes it from the queue.
    Accept {
        /// Also where they hold as many as they are meant to.
        over_capacity: bool,
    },
    /// An agent takes it from the assistant; a supervisor from anybody.
    TakeOver {
        /// Also where they hold as many as they are meant to.
        over_capacity: bool,
    },
    /// An agent writes to the visitor. Takes an unheld conversation over.
    AgentMessage {
        /// The words.
        text: String,
        /// Files.
        attachments: Vec<Attachment>,
    },
    /// An agent writes something only agents see.
    AddNote {
        /// The words.
        text: String,
    },
    /// Back to the queue.
    Release {
        /// Why, in words.
        reason: Option<String>,
    },
    /// To another agent or a group.
    Transfer {
        /// To whom.
        to: TransferTo,
        /// What the next one should know: posted as a note before the transfer, or not at all.
        note: Option<String>,
    },
    /// Tags given and taken: first what is removed, then what is added. Any agent may, whoever holds it.
    Tag {
        /// Labels to add, see [`super::label`].
        add: Vec<String>,
        /// Labels to take away; one that is not there is no error.
        remove: Vec<String>,
    },
    /// How urgent it is. Any agent may, whoever holds it.
    SetPriority(Priority),
    /// Back to the assistant.
    HandBack,
    /// Aside for a while.
    Snooze(SnoozeUntil),
    /// Ended.
    Resolve,
    /// Taken up again after a resolve.
    Reopen,
    /// The holder may hold it no more (removed, or their rights changed): back to the queue. The engine's alone.
    Withdraw {
        /// Who held it when that was found out.
        from: AgentId,
    },
    /// A deadline derived from the state has come.
    Timer(TimerKind),
}

impl Command {
    /// The verb, as in keys, commands and the protocol.
    pub fn verb(&self) -> &'static str {
        match self {
            Command::VisitorMessage { .. } | Command::AgentMessage { .. } => "message.send",
            Command::VisitPage(_) => "page",
            Command::Identify { .. } => "identify",
            Command::SubmitLead { .. } => "lead.submit",
            Command::RequestHandoff { .. } => "handoff.request",
            Command::CancelHandoff => "handoff.cancel",
            Command::EndByVisitor => "end",
            Command::AssistantMessage { .. } => "assistant.message",
            Command::Accept { .. } => "accept",
            Command::TakeOver { .. } => "take_over",
            Command::AddNote { .. } => "note.add",
            Command::Release { .. } => "release",
            Command::Transfer { .. } => "transfer",
            Command::Tag { .. } => "tag",
            Command::SetPriority(_) => "priority",
            Command::HandBack => "hand_back",
            Command::Snooze(_) => "snooze",
            Command::Resolve => "resolve",
            Command::Reopen => "reopen",
            Command::Withdraw { .. } => "withdraw",
            Command::Timer(_) => "timer",
        }
    }
}
