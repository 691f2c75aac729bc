//! The entries as every format tells them: kind, author, name, text. One rule for all four.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Options;
use crate::conversation::{
    Attachment, Author, Conversation, Entry, EntryKind, Holder, MessageId, Priority, Source, Time, VisitorRef,
};
use crate::text::{SafeText, Untrusted};

/// What an entry is, in the word of JSON and CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Said to or by the visitor.
    Message,
    /// Seen by agents only.
    Note,
    /// Said by the system to the visitor.
    Notice,
    /// Something that happened.
    Event,
}

impl Kind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Kind::Message => "message",
            Kind::Note => "note",
            Kind::Notice => "notice",
            Kind::Event => "event",
        }
    }
}

/// An entry, as it is told.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) kind: Kind,
    /// `visitor`, `assistant`, `agent` or `system`.
    pub(super) author: &'static str,
    /// The person's name, raw.
    pub(super) name: Option<String>,
    /// The words, raw.
    pub(super) text: String,
    pub(super) id: Option<MessageId>,
    pub(super) seq: u64,
    pub(super) version: u64,
    pub(super) at: Time,
    pub(super) sources: Vec<Source>,
    pub(super) attachments: Vec<Attachment>,
}

/// The entries that go in, in order.
pub(super) fn said<'a>(
    conversation: &'a Conversation,
    entries: &'a [Entry],
    options: &'a Options,
) -> impl Iterator<Item = Said> + 'a {
    let wanted = |said: &Said| options.notes || said.kind != Kind::Note;
    entries.iter().map(|entry| one(conversation, entry, options)).filter(wanted)
}

fn one(conversation: &Conversation, entry: &Entry, options: &Options) -> Said {
    let mut said = Said {
        kind: Kind::Event,
        author: "system",
        name: None,
        text: String::new(),
        id: None,
        seq: entry.seq,
        version: entry.version,
        at: entry.at,
        sources: Vec::new(),
        attachments: Vec::new(),
    };
    match &entry.kind {
        EntryKind::Message(message) => {
            said.kind = Kind::Message;
            said.author = message.author_word();
            said.name = match &message.author {
                Author::Visitor => conversation.visitor.as_ref().and_then(|v| v.name.clone()),
                Author::Assistant => None,
                Author::Agent(agent) => Some(agent.name.clone()),
            };
            said.text.clone_from(&message.text);
            said.id = Some(message.id);
            said.sources.clone_from(&message.sources);
            said.attachments.clone_from(&message.attachments);
        }
        EntryKind::Note { id, by, text } => {
            said.kind = Kind::Note;
            said.author = "agent";
            said.name = Some(by.clone());
            said.text.clone_from(text);
            said.id = Some(*id);
        }
        EntryKind::Notice { text } => {
            said.kind = Kind::Notice;
            said.text.clone_from(text);
        }
        EntryKind::Marker { who, what, about } => {
            if who.is_some() {
                said.author = "agent";
            }
            said.name.clone_from(who);
            // Reasons, groups and tags are words for colleagues.
            said.text = match about.as_deref().filter(|_| options.notes) {
                Some(about) => format!("{what}: {about}"),
                None => what.clone(),
            };
        }
    }
    said
}

impl Said {
    /// Who, for people: the name, else the author's word. Names that show nothing are none.
    pub(super) fn who(&self) -> SafeText {
        let name = self.name.as_deref().map(|name| Untrusted::new(name).line()).filter(|n| !n.is_blank());
        name.unwrap_or_else(|| SafeText::literal(self.author))
    }

    /// What kind of speaker, behind the name: a name alone could be anybody's.
    pub(super) fn role(&self) -> SafeText {
        SafeText::literal(match (self.kind, self.author) {
            (Kind::Note, _) => "note, agents only",
            (Kind::Notice, _) => "notice",
            (Kind::Event, _) => "event",
            (Kind::Message, "visitor") => "visitor",
            (Kind::Message, "assistant") => "assistant",
            (Kind::Message, _) => "agent",
        })
    }
}

/// The facts above a transcript for people: what each is called, and what it is, raw.
pub(super) fn facts(c: &Conversation, options: &Options) -> Vec<(&'static str, String)> {
    let mut facts = vec![("id", c.id.to_string())];
    let mut add = |what, fact: Option<String>| facts.extend(fact.map(|fact| (what, fact)));
    add("site", c.site.as_ref().map(ToString::to_string));
    add("state", Some(c.state.word().to_owned()));
    add(
        "held by",
        match &c.holder {
            Holder::Agent(agent) => Some(agent.name.clone()),
            Holder::Assistant | Holder::Nobody => None,
        },
    );
    add("visitor", c.visitor.as_ref().map(visitor));
    add("e-mail", c.visitor.as_ref().and_then(|v| v.email.clone()));
    let page = c.source_page();
    add("page", page.map(|page| page.url.clone()));
    add("page title", page.and_then(|page| page.title.clone()));
    add("started", Some(clock(c.started_at, &options.zone)));
    add("resolved", c.resolved.as_ref().map(|(at, _)| clock(*at, &options.zone)));
    add("reason", c.handoff.as_ref().map(|h| h.reason.words().to_owned()));
    if options.notes {
        add("priority", Some(c.priority).filter(|p| *p != Priority::Normal).map(|p| p.word().to_owned()));
        add("tags", Some(c.tags.join(", ")).filter(|tags| !tags.is_empty()));
        add("summary", c.handoff.as_ref().map(|h| h.card.summary.clone()).filter(|s| !s.is_empty()));
    }
    facts
}

fn visitor(visitor: &VisitorRef) -> String {
    let name = visitor.name.clone().filter(|name| !Untrusted::new(name.as_str()).line().is_blank());
    name.unwrap_or_else(|| format!("visitor {}", visitor.id.short()))
}

/// A time for people: `2026-11-25 10:30:05 +01:00`.
pub(super) fn clock(at: Time, zone: &TimeZone) -> String {
    let instant = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
    instant.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
}

/// One line, inert.
pub(super) fn line(raw: &str) -> String {
    Untrusted::new(raw).line().to_string()
}

/// Lines, inert. Empty ones at the end say nothing.
pub(super) fn block(raw: &str) -> String {
    Untrusted::new(raw.trim_end()).display().to_string()
}
