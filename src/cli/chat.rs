//! `baton chat`: a visitor, line by line; usable in a pipe.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use clap::Args as ClapArgs;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::chat_input::{self, Input};
use super::out::{Out, complain, inert, inert_block};
use super::target::ServerArgs;
use super::{Done, Failure};
use crate::client::Link;
use crate::client::visitor::{VisitorClientEvent, VisitorHandle, VisitorOptions, connect};
use crate::conversation::{Cid, Page, SiteId};
use crate::protocol::{VisitorAuthOk, VisitorEvent, VisitorMessage};

/// Lines under way before more are read.
const UNDER_WAY: usize = 64;
/// Quiet time after an answer before the end, so that what belongs to it (a notice) is printed too.
const QUIET: Duration = Duration::from_millis(300);
/// How long a lost server is waited for at the end of input.
const LOST: Duration = Duration::from_secs(60);

/// Be a visitor: each line of input is a message; what others say is printed as `assistant: …`, `NAME: …` or `notice: …`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Lines with a meaning of their own:
  /person              ask for a person, as by the widget's button
  /lead NAME EMAIL     leave contact details, where nobody is there to answer

With --json, one object a line: {\"kind\":\"ack\",\"cid\",\"seq\",\"text\"} for each line of yours once it is durable,
{\"kind\":\"message\",\"author\",\"name\",\"text\",…} for what others say, {\"kind\":\"notice\",\"text\",…}.
No line is dropped: told to slow down, it waits. At the end of input it ends with 0 once all is acknowledged, with 1 if a
line was refused (longer than 8 KiB, for example).")]
pub(super) struct Args {
    /// Which site
    #[arg(long, default_value = "demo", value_name = "ID")]
    site: SiteId,
    /// The page the visitor is on
    #[arg(long, value_name = "PAGE_URL")]
    page: Option<String>,
    /// The visitor's name
    #[arg(long)]
    name: Option<String>,
    /// At the end of input, wait at most so long for the answer to the last line; 0: do not wait
    #[arg(long, default_value_t = 5.0, value_name = "SECONDS", value_parser = seconds)]
    wait_s: f64,
    /// Print one object a line
    #[arg(long)]
    json: bool,
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    if (0.0..=86_400.0).contains(&seconds) { Ok(seconds) } else { Err("from 0 to 86400 seconds".into()) }
}

struct Chat {
    json: bool,
    name: Option<String>,
    handle: VisitorHandle,
    /// What is sent and not acknowledged: the words, or the command.
    under_way: HashMap<Cid, String>,
    /// Of these, which were commands and not messages.
    commands: HashSet<Cid>,
    /// Positions printed already: a snapshot after a reconnect tells them again.
    printed: HashSet<u64>,
    welcomed: bool,
    refused: bool,
    last_ack: u64,
    last_answer: u64,
    last_heard: Instant,
    down_since: Option<Instant>,
}

pub(super) async fn run(args: Args, server: &ServerArgs) -> Done {
    let (handle, mut events) = connect(VisitorOptions {
        url: server.url()?,
        site: args.site,
        page: args.page.map(|url| Page { url, ..Page::default() }),
        locale: None,
        time_zone: None,
        token: None,
        client: concat!("chat/", env!("CARGO_PKG_VERSION")).into(),
    })
    .map_err(|e| Failure::Usage(e.to_string()))?;
    if let Some(name) = &args.name {
        handle.identify(Some(name.clone()), None);
    }
    let mut chat = Chat {
        json: args.json,
        name: args.name,
        handle,
        under_way: HashMap::new(),
        commands: HashSet::new(),
        printed: HashSet::new(),
        welcomed: false,
        refused: false,
        last_ack: 0,
        last_answer: 0,
        last_heard: Instant::now(),
        down_since: None,
    };
    let mut input = chat_input::start();
    let mut reading = true;
    let mut give_up: Option<Instant> = None;
    let wait = Duration::from_secs_f64(args.wait_s);
    loop {
        if !reading && chat.under_way.is_empty() {
            let until = *give_up.get_or_insert_with(|| Instant::now() + wait);
            if chat.answered() || until <= Instant::now() || (chat.refused && chat.last_ack == 0) {
                break;
            }
        }
        let wake = chat.next_look(give_up);
        tokio::select! {
            line = input.recv(), if reading && chat.under_way.len() < UNDER_WAY => match line {
                Some(line) => chat.line(line)?,
                None => reading = false,
            },
            event = events.recv() => match event {
                Some(event) => chat.event(event)?,
                None => return Err(Failure::Unreachable("the connection ended".into())),
            },
            () = sleep_until(wake) => {}
        }
        if !reading && chat.down_since.is_some_and(|since| since + LOST <= Instant::now()) {
            let left = chat.under_way.len();
            return Err(Failure::Unreachable(format!(
                "the server has been gone for {} s; {left} of your lines are not acknowledged",
                LOST.as_secs()
            )));
        }
    }
    let refused = chat.refused;
    chat.handle.close().await;
    if refused { Err(Failure::Refused("not every line was sent; see above".into())) } else { Ok(()) }
}

impl Chat {
    /// Whether the last line has its answer, and nothing more has come for a moment.
    fn answered(&self) -> bool {
        self.last_answer > self.last_ack && self.last_heard + QUIET <= Instant::now()
    }

    fn next_look(&self, give_up: Option<Instant>) -> Instant {
        let far = Instant::now() + Duration::from_secs(3600);
        let quiet = (self.last_answer > self.last_ack).then_some(self.last_heard + QUIET);
        // Only a quiet time still to come is worth waking for.
        let quiet = quiet.filter(|at| *at > Instant::now());
        let lost = self.down_since.map(|since| since + LOST).filter(|at| *at > Instant::now());
        [give_up, quiet, lost, Some(far)].into_iter().flatten().min().unwrap_or(far)
    }

    fn line(&mut self, line: Input) -> Done {
        let (cid, words) = match line {
            Input::Say(text) => (self.handle.say(text.clone()), text),
            Input::Person => (self.handle.request_person(), "/person".to_owned()),
            Input::Lead { name, email } => {
                let words = format!("/lead {email}");
                (self.handle.lead(name, email), words)
            }
            Input::Bad(why) => {
                self.refused = true;
                complain(&why);
                return Ok(());
            }
        };
        if words == "/person" || words.starts_with("/lead ") {
            self.commands.insert(cid);
        }
        self.under_way.insert(cid, words);
        Ok(())
    }

    fn event(&mut self, event: VisitorClientEvent) -> Done {
        match event {
            VisitorClientEvent::Link(Link::Down { why, .. }) => {
                if !self.welcomed {
                    return Err(Failure::Unreachable(format!("the server cannot be reached: {why}")));
                }
                self.down_since.get_or_insert_with(Instant::now);
                complain(&format!("the link is down, trying again: {}", inert(&why)));
                Ok(())
            }
            VisitorClientEvent::Link(_) => Ok(()),
            VisitorClientEvent::Welcome(welcome) => {
                self.welcomed = true;
                self.down_since = None;
                self.welcome(*welcome)
            }
            VisitorClientEvent::Fatal { why, refused: true } => Err(Failure::Refused(why)),
            VisitorClientEvent::Fatal { why, refused: false } => Err(Failure::Unreachable(why)),
            VisitorClientEvent::Acked { cid, seq } => self.acked(cid, seq),
            VisitorClientEvent::Refused { cid, why } => {
                if let Some(words) = cid.and_then(|cid| self.under_way.remove(&cid)) {
                    self.refused = true;
                    let start: String = words.chars().take(40).collect();
                    complain(&format!("“{}” was refused: {}", inert(&start), inert(&why.message)));
                }
                Ok(())
            }
            VisitorClientEvent::Event { seq, version, event: Some(event), .. } => {
                let reply = matches!(&event, VisitorEvent::MessagePosted(m) if m.author != "visitor");
                self.happened(seq, event)?;
                // It stands in the output: somebody who reads there has it before their eyes.
                if reply {
                    self.handle.seen(version);
                }
                Ok(())
            }
            VisitorClientEvent::Event { event: None, .. } | VisitorClientEvent::Eph(_) => Ok(()),
        }
    }

    fn welcome(&mut self, welcome: VisitorAuthOk) -> Done {
        let Some(conversation) = welcome.conversation else { return Ok(()) };
        for message in conversation.messages.unwrap_or_default() {
            self.message(message)?;
        }
        self.handle.seen(conversation.version);
        Ok(())
    }

    fn acked(&mut self, cid: Cid, seq: u64) -> Done {
        let Some(text) = self.under_way.remove(&cid) else { return Ok(()) };
        if self.last_ack == 0
            && let Some(name) = self.name.take()
        {
            // The conversation exists from here on; what was told before it did is told again.
            self.handle.identify(Some(name), None);
        }
        self.last_ack = self.last_ack.max(seq);
        if !self.json {
            return Ok(());
        }
        let kind = if self.commands.remove(&cid) { "done" } else { "ack" };
        Out.json(&json!({ "kind": kind, "cid": cid, "seq": seq, "text": text }))
    }

    fn message(&mut self, message: VisitorMessage) -> Done {
        if message.author == "visitor" || !self.printed.insert(message.seq) {
            return Ok(());
        }
        self.heard(message.seq);
        if self.json {
            let mut value = json!(message);
            value["kind"] = "message".into();
            value["name"] = message.name.map_or(Value::Null, Value::String);
            return Out.json(&value);
        }
        let who = match (message.author.as_str(), &message.name) {
            ("agent", Some(name)) => inert(name),
            ("system", _) => "notice".to_owned(),
            (author, _) => inert(author),
        };
        Out.line(&format!("{who}: {}", inert_block(&message.text, "  ")))?;
        for source in &message.sources {
            Out.line(&format!("  source: {} ({})", inert(&source.title), inert(&source.url)))?;
        }
        Ok(())
    }

    fn happened(&mut self, seq: u64, event: VisitorEvent) -> Done {
        let (key, text) = match event {
            VisitorEvent::MessagePosted(message) => return self.message(message),
            VisitorEvent::NoticePosted { key, text, .. } => (key, text),
            VisitorEvent::AgentJoined { name } => ("agent.joined".into(), format!("{} joined", inert(&name))),
            VisitorEvent::AgentLeft {} => {
                ("agent.left".into(), "the agent left; you are in the queue again".into())
            }
            VisitorEvent::AssistantResumed {} => ("assistant.resumed".into(), "the assistant is back".into()),
            VisitorEvent::Started {}
            | VisitorEvent::HandoffInitiated {}
            | VisitorEvent::HandoffCompleted { .. }
            | VisitorEvent::HandoffCancelled {}
            | VisitorEvent::Resolved {} => return Ok(()),
        };
        if !self.printed.insert(seq) {
            return Ok(());
        }
        self.heard(seq);
        if self.json {
            return Out.json(&json!({ "kind": "notice", "key": key, "text": text, "seq": seq }));
        }
        Out.line(&format!("notice: {}", inert_block(&text, "  ")))
    }

    fn heard(&mut self, seq: u64) {
        self.last_answer = self.last_answer.max(seq);
        self.last_heard = Instant::now();
    }
}
