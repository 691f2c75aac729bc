//! `baton follow`: what happens, as it happens.

use clap::Args as ClapArgs;
use serde_json::{Value, json};

use super::out::{Out, complain, inert};
use super::resolve_id::{self, Named};
use super::target::ServerArgs;
use super::view::{entry_lines, row_json, row_line};
use super::{Done, Failure, serve};
use crate::client::{ClientEvent, ConnectOptions, Link, connect};
use crate::conversation::{ConversationId, Entry, EntryKind, Row, Time};
use crate::protocol::WatchOk;

#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// Follow the words of this conversation (its id, or its first digits); without one, every conversation's line
    #[arg(value_parser = resolve_id::parse)]
    id: Option<Named>,
    /// Print one object a line
    #[arg(long)]
    json: bool,
}

const WATCH: u64 = 1;

struct Follow {
    json: bool,
    one: Option<ConversationId>,
    visitor: String,
    /// Events of the watched conversation up to here were printed.
    version: u64,
    connected: bool,
}

pub(super) async fn run(args: Args, server: &ServerArgs) -> Done {
    let (url, token) = server.both()?;
    let mut session = server.session().await?;
    let one = match &args.id {
        Some(named) => Some(resolve_id::find(&mut session, named).await?),
        None => None,
    };
    session.close().await;
    let stop = serve::stop_signal()?;
    tokio::pin!(stop);
    let (handle, mut events) = connect(ConnectOptions {
        url,
        token,
        client: concat!("cli/", env!("CARGO_PKG_VERSION")).into(),
        instance: uuid::Uuid::new_v4().simple().to_string(),
        state_dir: None,
    });
    if let Some(id) = one {
        handle.watch(WATCH, id);
    }
    let mut follow = Follow { json: args.json, one, visitor: "visitor".into(), version: 0, connected: false };
    let done = loop {
        tokio::select! {
            () = &mut stop => break Ok(()),
            event = events.recv() => match event {
                None => break Ok(()),
                Some(event) => if let Err(failure) = follow.event(event) { break Err(failure) },
            }
        }
    };
    handle.close().await;
    done
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
            ClientEvent::Snapshot { as_of, rows, .. } if self.one.is_none() => {
                for row in &rows {
                    self.row(as_of, row.version, row.id, Some(row))?;
                }
            }
            ClientEvent::Row { seq, conversation, version, row } if self.one.is_none() => {
                self.row(seq, version, conversation, row.as_deref())?;
            }
            ClientEvent::Event { seq, at, conversation, version, event }
                if self.one == Some(conversation) =>
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

    fn row(&self, seq: u64, version: u64, conversation: ConversationId, row: Option<&Row>) -> Done {
        if self.json {
            let shown = row.map_or(Value::Null, |row| row_json(row, now()));
            return Out.json(&json!({
                "kind": "row", "seq": seq, "conversation": conversation, "version": version, "row": shown,
            }));
        }
        match row {
            Some(row) => Out.line(&row_line(row, now())),
            None => Out.line(&format!("{}  no longer visible", conversation.short())),
        }
    }
}
