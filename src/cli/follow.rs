//! `baton follow`: what happens, as it happens; printed, or given to a program.

use std::collections::HashMap;
use std::ffi::OsString;
use std::time::Duration;

use clap::Args as ClapArgs;
use serde_json::json;

use super::follow_exec::Runner;
use super::happening::{self, Happening, Seen};
use super::out::{Out, complain, inert};
use super::resolve_id::{self, Named};
use super::target::ServerArgs;
use super::view::{entry_lines, row_json, row_line};
use super::{Done, Failure, serve};
use crate::client::{ClientEvent, ConnectOptions, Link, connect};
use crate::conversation::{ConversationId, Entry, EntryKind, Row, SiteId, Time};
use crate::protocol::WatchOk;
use crate::text::when;

/// Print what happens, as it happens, or run a program for each thing that does.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  baton follow --on handoff --exec notify-send \"Somebody waits\"
  baton follow 3f2a9c41 --on message --exec ./log-it

The program gets one line on standard input, as --json prints it:
  {\"kind\":\"row\", \"seq\", \"conversation\", \"version\", \"on\": [what happened], \"row\"}
and in its environment ids and codes only: BATON_EVENT (the word of --on),
BATON_CONVERSATION, BATON_SITE, BATON_SEQ, BATON_VERSION, BATON_STATE,
BATON_HOLDER (the agent's id), BATON_REASON, BATON_AUTHOR, BATON_TICKET.
All words, in full: baton show \"$BATON_CONVERSATION\" --json

No shell is involved. 1000 events wait for the program; further ones are dropped
and counted on standard error, where a failing program is told too. What there
is at the start is no event.")]
pub(super) struct Args {
    /// Follow the words of this conversation (its id, or its first digits); without one, every conversation's line
    #[arg(value_parser = resolve_id::parse)]
    id: Option<Named>,
    /// Only when this happens; several with commas
    #[arg(long, value_name = "WHAT", value_delimiter = ',', value_enum)]
    pub(super) on: Vec<Happening>,
    /// Only this site
    #[arg(long)]
    site: Option<SiteId>,
    /// Print one object a line
    #[arg(long, conflicts_with = "exec")]
    pub(super) json: bool,
    /// Run this program each time; all that follows is its arguments
    #[arg(long, num_args = 1.., allow_hyphen_values = true, value_names = ["CMD", "ARGS"])]
    pub(super) exec: Option<Vec<OsString>>,
    /// With --exec: programs at once
    #[arg(long, value_name = "N", default_value_t = 1, requires = "exec", value_parser = clap::value_parser!(u8).range(1..=64))]
    jobs: u8,
    /// With --exec: end a program that takes longer
    #[arg(long, value_name = "TIME", default_value = "30s", requires = "exec", value_parser = patience)]
    timeout: Duration,
}

fn patience(text: &str) -> Result<Duration, String> {
    when::span(text).map_err(|_| "write it like 30s, 5m or 1h".to_owned())
}

const WATCH: u64 = 1;

struct Follow {
    json: bool,
    one: Option<ConversationId>,
    /// Whether it is the conversation's words that are printed, not lines.
    words: bool,
    on: Vec<Happening>,
    site: Option<SiteId>,
    /// The lines before.
    seen: HashMap<ConversationId, Seen>,
    runner: Option<Runner>,
    visitor: String,
    /// Events of the watched conversation up to here were printed.
    version: u64,
    connected: bool,
}

pub(super) async fn run(args: Args, server: &ServerArgs) -> Done {
    let (url, token) = server.both()?;
    let runner = match &args.exec {
        Some(argv) => Some(Runner::new(argv, usize::from(args.jobs), args.timeout)?),
        None => None,
    };
    let mut session = server.session().await?;
    let one = match &args.id {
        Some(named) => Some(resolve_id::find(&mut session, named).await?),
        None => None,
    };
    if let Some(site) = &args.site
        && !session.welcome().sites.iter().any(|s| s.id == *site)
    {
        return Err(Failure::Refused(format!("there is no such site as {site}, or it is not yours")));
    }
    session.close().await;
    let words = one.is_some() && args.on.is_empty() && runner.is_none();
    let stop = serve::stop_signal()?;
    tokio::pin!(stop);
    let (handle, mut events) = connect(ConnectOptions {
        url,
        token,
        client: concat!("cli/", env!("CARGO_PKG_VERSION")).into(),
        instance: uuid::Uuid::new_v4().simple().to_string(),
        state_dir: None,
    });
    if let Some(id) = one.filter(|_| words) {
        handle.watch(WATCH, id);
    }
    let mut follow = Follow {
        json: args.json,
        one,
        words,
        on: args.on,
        site: args.site,
        seen: HashMap::new(),
        runner,
        visitor: "visitor".into(),
        version: 0,
        connected: false,
    };
    let done = loop {
        tokio::select! {
            () = &mut stop => break Ok(()),
            event = events.recv() => match event {
                None => break Ok(()),
                Some(event) => if let Err(failure) = follow.event(event) { break Err(failure) },
            },
            () = ended(&mut follow.runner) => {}
        }
    };
    handle.close().await;
    if let Some(runner) = follow.runner {
        runner.end().await;
    }
    done
}

async fn ended(runner: &mut Option<Runner>) {
    match runner {
        Some(runner) => runner.next().await,
        None => std::future::pending().await,
    }
}

fn now() -> Time {
    Time(jiff::Timestamp::now().as_millisecond())
}

impl Follow {
    fn event(&mut self, event: ClientEvent) -> Done {
        match event {
            ClientEvent::Link(Link::Down { why, .. }) => {
                if !self.connected {
                    return Err(Failure::Unreachable(why));
                }
                complain(&format!("the link is down, trying again: {}", inert(&why)));
            }
            ClientEvent::Link(Link::Live) => {
                if self.connected {
                    complain("the link is up again; nothing was missed");
                }
                self.connected = true;
            }
            ClientEvent::Fatal(why) => return Err(Failure::Refused(why)),
            ClientEvent::Snapshot { as_of, rows, .. } if !self.words => {
                for row in &rows {
                    self.row(as_of, row.version, row.id, Some(row))?;
                }
            }
            ClientEvent::Row { seq, conversation, version, row } if !self.words => {
                self.row(seq, version, conversation, row.as_deref())?;
            }
            ClientEvent::Event { seq, at, conversation, version, event }
                if self.words && self.one == Some(conversation) =>
            {
                if version <= self.version {
                    return Ok(());
                }
                self.version = version;
                if self.json {
                    let mut value = json!({
                        "kind": "event", "seq": seq, "at": at, "conversation": conversation, "version": version,
                    });
                    value["event"] = json!(event);
                    return Out.json(&value);
                }
                if let Some(kind) = event.as_deref().and_then(EntryKind::of) {
                    self.entry(&Entry { seq, version, at, kind })?;
                }
            }
            ClientEvent::Response { tag: WATCH, result } => {
                let value = result.map_err(|e| Failure::Refused(e.message))?;
                let shown: WatchOk = serde_json::from_value(value).map_err(|e| {
                    Failure::Refused(format!("the server's answer is not of this version: {e}"))
                })?;
                if let Some(visitor) = &shown.conversation.visitor {
                    self.visitor = super::view::visitor_name(visitor);
                }
                for entry in shown.entries.iter().filter(|e| e.version > self.version) {
                    if self.json {
                        Out.json(&json!({
                            "kind": "entry", "seq": entry.seq, "at": entry.at, "conversation": shown.conversation.id,
                            "version": entry.version, "entry": entry.kind,
                        }))?;
                    } else {
                        self.entry(entry)?;
                    }
                }
                self.version = self.version.max(shown.conversation.version);
            }
            _ => {}
        }
        Ok(())
    }

    fn entry(&self, entry: &Entry) -> Done {
        Out.line(&entry_lines(entry, &self.visitor))
    }

    fn row(&mut self, seq: u64, version: u64, conversation: ConversationId, row: Option<&Row>) -> Done {
        if self.one.is_some_and(|one| one != conversation) {
            return Ok(());
        }
        let Some(row) = row else {
            let known = self.seen.remove(&conversation).is_some() || self.site.is_none();
            if !known || self.runner.is_some() || !self.on.is_empty() {
                return Ok(());
            }
            if self.json {
                return Out.json(&json!({
                    "kind": "row", "seq": seq, "conversation": conversation, "version": version, "on": [], "row": null,
                }));
            }
            return Out.line(&format!("{}  no longer visible", conversation.short()));
        };
        if self.site.as_ref().is_some_and(|site| *site != row.site) {
            return Ok(());
        }
        let before = self.seen.insert(conversation, Seen::of(row));
        // What there is at the start is shown, and has happened before.
        let happened = if self.connected { happening::since(before, row) } else { Vec::new() };
        let wanted: Vec<Happening> =
            happened.iter().copied().filter(|h| self.on.is_empty() || self.on.contains(h)).collect();
        if wanted.is_empty() && (self.runner.is_some() || !self.on.is_empty()) {
            return Ok(());
        }
        let event = || {
            let words: Vec<&str> = happened.iter().map(|h| h.word()).collect();
            json!({
                "kind": "row", "seq": seq, "conversation": conversation, "version": version, "on": words,
                "row": row_json(row, now()),
            })
        };
        if let Some(runner) = &mut self.runner {
            for happening in wanted {
                runner.run(happening, seq, row, &event());
            }
            return Ok(());
        }
        if self.json { Out.json(&event()) } else { Out.line(&row_line(row, now())) }
    }
}
