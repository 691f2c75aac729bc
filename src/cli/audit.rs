//! `baton audit`: who did what to which conversation, agent, site or setting; and whether that trail is as it was written.

use std::path::PathBuf;

use clap::Args as ClapArgs;
use jiff::Zoned;
use serde_json::{Value, json};

use super::out::{Out, inert};
use super::{Done, Failure};
use crate::conversation::Time;
use crate::log::audit::{self, Recorded};
use crate::text::when;

/// Show who did what, oldest first.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
It reads the store, also while the server runs. Entries name who acted, what was
done and to what, with what it was before and after: never what anybody wrote,
and no token. Every entry's hash covers the one before it; --verify follows that
chain, prints the last hash, and names the first entry that is not as written
(exit code 1). Keep the last hash elsewhere to notice entries cut off at the end:
--verify --expect HASH.")]
pub(super) struct Args {
    /// The server's folder
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Only since then, e.g. 7d, yesterday or 2026-12-01
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// At most so many, the newest
    #[arg(long, value_name = "N", default_value_t = 1000)]
    limit: usize,
    /// Print one object a line
    #[arg(long)]
    json: bool,
    /// Follow the chain instead, from its first entry
    #[arg(long, conflicts_with_all = ["since", "limit"])]
    verify: bool,
    /// With --verify: this hash, as printed earlier, must still be in the chain
    #[arg(long, value_name = "HASH", requires = "verify")]
    expect: Option<String>,
}

pub(super) fn run(args: Args) -> Done {
    let store = audit::Trail::open(&args.data).map_err(|e| Failure::Refused(e.to_string()))?;
    if args.verify {
        return verify(&store, &args);
    }
    let since = match args.since.as_deref() {
        Some(text) => {
            let then = when::since(text, &Zoned::now()).map_err(|e| Failure::Usage(e.to_string()))?;
            Some(Time(then.as_millisecond()))
        }
        None => None,
    };
    let found = store.entries(since, args.limit).map_err(|e| Failure::Refused(e.to_string()))?;
    found.iter().try_for_each(|entry| if args.json { Out.json(&described(entry)) } else { line(entry) })
}

fn described(recorded: &Recorded) -> Value {
    let mut object = serde_json::to_value(&recorded.entry).unwrap_or_default();
    object["no"] = json!(recorded.no);
    object["at"] = json!(recorded.at);
    object
}

fn line(recorded: &Recorded) -> Done {
    let entry = &recorded.entry;
    let change = match (&entry.before, &entry.after) {
        (Value::Null, Value::Null) => String::new(),
        (Value::Null, after) => format!("  {}", inert(&after.to_string())),
        (before, Value::Null) => format!("  was {}", inert(&before.to_string())),
        (before, after) => format!("  {} → {}", inert(&before.to_string()), inert(&after.to_string())),
    };
    Out.line(&format!(
        "{:>6}  {}  {}  {}  {}{change}",
        recorded.no,
        recorded.at,
        inert(&entry.actor.words()),
        entry.deed.word(),
        inert(&entry.target.words()),
    ))
}

fn verify(store: &audit::Trail, args: &Args) -> Done {
    let expect = args.expect.as_deref().map(str::trim).map(str::to_lowercase);
    let found = store.verify(expect.as_deref()).map_err(|e| Failure::Refused(e.to_string()))?;
    let missing = expect.is_some() && !found.expected_seen;
    let broken = found.broken.as_ref().map(|b| json!({ "no": b.no, "why": b.why }));
    if args.json {
        Out.json(&json!({
            "entries": found.entries, "last_hash": found.last_hash, "broken": broken, "expected_missing": missing,
        }))?;
    }
    if let Some(broken) = found.broken {
        return Err(Failure::Refused(format!(
            "entry {} of the audit trail is broken: {}. {} before it are as they were written. Compare with a backup before anything else is changed",
            broken.no, broken.why, found.entries
        )));
    }
    if missing {
        return Err(Failure::Refused(format!(
            "the {} entries are a whole chain, but the hash you kept is not in it: entries were cut off at its end or the trail was made anew. Compare with a backup",
            found.entries
        )));
    }
    if args.json {
        return Ok(());
    }
    Out.line(&format!("{} entries, all as they were written; last hash {}", found.entries, found.last_hash))
}
