//! A mail as written: replies, the way back to the chat, and what was said before. Plain text; pure: ids, time and link are the
//! caller's.
//!
//! Invariant: whatever visitors, agents and pages wrote is made inert before it stands in a mail, and in a header it is one
//! short line: no name and no first words can add a header, a recipient or a second body. HTML is refused: the words are
//! text, and a mail without markup has nothing to hide a link in.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message as Mime};
use lettre::{Address, address::Envelope};
use serde::Deserialize;

use super::SiteMail;
use crate::conversation::{Author, Conversation, Entry, EntryKind, Message, Time};
use crate::text::{SafeText, Untrusted};

/// Cells of the visitor's first words in the subject.
const FIRST_WORDS: usize = 50;
/// Cells of a name.
const NAME: usize = 60;
/// Messages of the transcript at most, and their bytes: the newest count.
const BEFORE: usize = 50;
const BEFORE_BYTES: usize = 32 * 1024;
/// Mails named in `References`: the thread's root and the latest.
const REFERENCES: usize = 8;

/// The words of ours in a mail, as visitors read them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailTexts {
    /// In the subject, where the visitor said nothing.
    pub question: String,
    /// Before the link.
    pub go_on: String,
    /// After it, before the day.
    pub until: String,
    /// Before the name of a file.
    pub file: String,
    /// Above the transcript.
    pub before: String,
    /// Where its beginning is left out.
    pub left_out: String,
    /// What the visitor is called in it.
    pub you: String,
    /// What the assistant is called in it.
    pub assistant: String,
}

impl Default for MailTexts {
    fn default() -> Self {
        Self {
            question: "your question".into(),
            go_on: "Go on in the chat:".into(),
            until: "The link opens this conversation, for whoever has it, until".into(),
            file: "A file, which you find in the chat:".into(),
            before: "What was said before".into(),
            left_out: "(the beginning is left out)".into(),
            you: "You".into(),
            assistant: "Assistant".into(),
        }
    }
}

/// What a mail is made of.
#[derive(Debug)]
pub struct Letter<'a> {
    /// The conversation.
    pub of: &'a Conversation,
    /// The site's name.
    pub site: &'a str,
    /// From whom.
    pub from: &'a Mailbox,
    /// Where answers go, if elsewhere.
    pub reply_to: Option<&'a Mailbox>,
    /// The words of ours.
    pub texts: &'a MailTexts,
    /// What was said up to the last reply it carries, oldest first.
    pub entries: &'a [Entry],
    /// Version of the first reply it carries.
    pub first: u64,
    /// Version of the last.
    pub last: u64,
    /// The visitor's first words, as written.
    pub first_words: Option<&'a str>,
    /// Its `Message-ID` from an earlier attempt.
    pub message_id: Option<&'a str>,
    /// The `Message-ID`s of earlier mails of this conversation, oldest first.
    pub earlier: &'a [String],
    /// The link back, and until when it is good.
    pub link: Option<(&'a str, Time)>,
    /// Now.
    pub now: Time,
}

/// A mail, ready to go.
#[derive(Debug, Clone)]
pub struct Written {
    /// Version of the first reply it does carry.
    pub first: u64,
    /// Its `Message-ID`.
    pub message_id: String,
    /// Who it is from and for.
    pub envelope: Envelope,
    /// The mail.
    pub bytes: Vec<u8>,
}

/// Why there is no mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoLetter {
    /// There is nothing to say: the replies were erased.
    Nothing,
    /// It can never go, in words.
    Never(String),
}

/// Writes a mail.
///
/// # Errors
/// Why there is none.
pub fn write(letter: &Letter<'_>) -> Result<Written, NoLetter> {
    let to = recipient(letter.of)?;
    let carried = |m: &&(u64, Time, &Message)| {
        m.0 >= letter.first && m.0 <= letter.last && matches!(m.2.author, Author::Agent(_))
    };
    let said: Vec<(u64, Time, &Message)> = letter.entries.iter().filter_map(message).collect();
    let replies: Vec<_> = said.iter().filter(carried).filter(|m| says_something(m.2)).collect();
    let (Some(first), Some(last)) = (replies.first(), replies.last()) else { return Err(NoLetter::Nothing) };
    let domain = domain(letter.from);
    let message_id = letter
        .message_id
        .map_or_else(|| format!("<{}.reply@{domain}>", first.2.id.0.simple()), str::to_owned);
    let root = format!("<{}.chat@{domain}>", letter.of.id.0.simple());
    let earlier: Vec<&str> =
        letter.earlier.iter().map(String::as_str).filter(|id| *id != message_id).collect();
    let latest = &earlier[earlier.len().saturating_sub(REFERENCES)..];
    let references: Vec<&str> = std::iter::once(root.as_str()).chain(latest.iter().copied()).collect();

    let mut body = String::new();
    for (_, _, reply) in &replies {
        body.push_str(Untrusted::new(reply.text.trim_end()).display().as_str());
        for file in &reply.attachments {
            let name = name(&file.name);
            body.push_str(&format!("\n[{} {name}]", letter.texts.file));
        }
        body.push_str("\n\n");
    }
    let site = name(letter.site);
    if let Author::Agent(agent) = &last.2.author {
        body.push_str(&format!("{}, {site}\n", name(&agent.name)));
    }
    if let Some((link, until)) = letter.link {
        body.push_str(&format!("\n{} {link}\n{} {}.\n", letter.texts.go_on, letter.texts.until, day(until)));
    }
    let before: Vec<_> = said.iter().filter(|m| !carried(m) && m.0 <= letter.last).collect();
    transcript(&mut body, &before, letter.texts);
    let text = body.replace('\n', "\r\n");

    let from_name = letter.from.name.clone().unwrap_or_else(|| site.to_string());
    let mut mail = Mime::builder()
        .from(Mailbox::new(Some(from_name), letter.from.email.clone()))
        .to(Mailbox::new(None, to.clone()))
        .subject(subject(&site, letter.first_words, &letter.texts.question))
        .date(date(letter.now))
        .message_id(Some(message_id.clone()))
        .in_reply_to(references.last().copied().unwrap_or(&root).to_owned())
        .references(references.join(" "));
    if let Some(reply_to) = letter.reply_to {
        mail = mail.reply_to(reply_to.clone());
    }
    let never = |e: &dyn std::fmt::Display| NoLetter::Never(format!("the mail cannot be written: {e}"));
    let mail = mail.header(ContentType::TEXT_PLAIN).body(text).map_err(|e| never(&e))?;
    let envelope = Envelope::new(Some(letter.from.email.clone()), vec![to]).map_err(|e| never(&e))?;
    Ok(Written { first: first.0, message_id, envelope, bytes: mail.formatted() })
}

/// A mail to try a configuration with.
///
/// # Errors
/// Why none can be written, in words.
pub fn trial(site: &str, how: &SiteMail, address: &str, now: Time) -> Result<Written, String> {
    let inert = Untrusted::new(address).line();
    let to: Address = address.parse().map_err(|_| format!("“{inert}” is no mail address"))?;
    let site = name(site);
    let message_id = format!("<{}.trial@{}>", uuid::Uuid::new_v4().simple(), domain(&how.from));
    let text = format!(
        "This is a trial mail of Baton for {site}.\r\n\r\nReplies to visitors who left go out like it.\r\n"
    );
    let from_name = how.from.name.clone().unwrap_or_else(|| site.to_string());
    let mut mail = Mime::builder()
        .from(Mailbox::new(Some(from_name), how.from.email.clone()))
        .to(Mailbox::new(None, to.clone()))
        .subject(format!("{site}: a trial mail"))
        .date(date(now))
        .message_id(Some(message_id.clone()));
    if let Some(reply_to) = &how.reply_to {
        mail = mail.reply_to(reply_to.clone());
    }
    let mail = mail.header(ContentType::TEXT_PLAIN).body(text).map_err(|e| e.to_string())?;
    let envelope = Envelope::new(Some(how.from.email.clone()), vec![to]).map_err(|e| e.to_string())?;
    Ok(Written { first: 0, message_id, envelope, bytes: mail.formatted() })
}

fn date(now: Time) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(now.0.max(0) as u64)
}

/// The visitor's address, checked once more: what is no address gets no mail.
fn recipient(of: &Conversation) -> Result<Address, NoLetter> {
    let given = of.visitor.as_ref().and_then(|v| v.email.as_deref());
    let given = given.ok_or_else(|| NoLetter::Never("the visitor left no address".into()))?;
    let inert = Untrusted::new(given).line();
    let address: Option<Address> = given.parse().ok();
    let plain = !given.chars().any(|c| c.is_control() || c.is_whitespace() || "<>,;:\\\"()[]".contains(c));
    let told = || NoLetter::Never(format!("“{}” is no address mail can go to", inert.truncated(NAME)));
    address.filter(|_| plain && inert.as_str() == given).ok_or_else(told)
}

fn message(entry: &Entry) -> Option<(u64, Time, &Message)> {
    match &entry.kind {
        EntryKind::Message(message) => Some((entry.version, entry.at, message)),
        // Notes, notices and markers are no part of any mail.
        EntryKind::Note { .. } | EntryKind::Notice { .. } | EntryKind::Marker { .. } => None,
    }
}

fn says_something(message: &Message) -> bool {
    !message.text.trim().is_empty() || !message.attachments.is_empty()
}

/// A name on one short line.
fn name(text: &str) -> SafeText {
    let flat: Vec<&str> = text.split_whitespace().collect();
    Untrusted::new(flat.join(" ")).line().truncated(NAME)
}

/// The site's name and the visitor's first words, the same in every mail of a conversation: mail programs group by it.
fn subject(site: &SafeText, first_words: Option<&str>, question: &str) -> String {
    let flat: Vec<&str> = first_words.unwrap_or_default().split_whitespace().take(50).collect();
    let words = Untrusted::new(flat.join(" ")).line().truncated(FIRST_WORDS);
    if words.is_blank() { format!("{site}: {}", name(question)) } else { format!("{site}: {words}") }
}

/// The part of an address that makes ids unique; ASCII, since ids are.
fn domain(from: &Mailbox) -> &str {
    let domain = from.email.domain();
    let plain = domain.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    if plain { domain } else { "baton.invalid" }
}

fn transcript(body: &mut String, said: &[&(u64, Time, &Message)], texts: &MailTexts) {
    let mut bytes = 0;
    let fits = said.iter().rev().take(BEFORE).take_while(|m| {
        bytes += m.2.text.len() + 80;
        bytes <= BEFORE_BYTES
    });
    let from = said.len() - fits.count();
    if from == said.len() {
        return;
    }
    body.push_str(&format!("\n--\n{}\n", texts.before));
    if from > 0 {
        body.push_str(&format!("{}\n", texts.left_out));
    }
    for (_, at, message) in &said[from..] {
        let who = match &message.author {
            Author::Visitor => texts.you.clone(),
            Author::Assistant => texts.assistant.clone(),
            Author::Agent(agent) => name(&agent.name).to_string(),
        };
        body.push_str(&format!("\n{who}, {}:\n", moment(*at)));
        let text = Untrusted::new(message.text.trim_end()).display();
        for line in text.lines() {
            body.push_str("> ");
            body.push_str(line);
            body.push('\n');
        }
    }
}

fn moment(at: Time) -> String {
    written(at, "%Y-%m-%d %H:%M UTC")
}

fn day(at: Time) -> String {
    written(at, "%Y-%m-%d")
}

fn written(at: Time, format: &str) -> String {
    let stamp = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
    stamp.to_zoned(TimeZone::UTC).strftime(format).to_string()
}
