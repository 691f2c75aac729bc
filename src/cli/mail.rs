//! `baton mail`: what of agents' replies is to leave by mail, left, or failed; and a mail to try the configuration with.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use serde_json::json;

use super::out::{Out, complain, inert};
use super::target::ServerArgs;
use super::view::wait_words;
use super::{Done, Failure};
use crate::connectors::mail::{self, MailConfig, Outcome};
use crate::conversation::{SiteId, Time};
use crate::protocol::{AgentOp, MailArg, MailInfo, MailListArg, MailListOk, MailState};
use crate::server::ServerConfig;

#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Cmd,
}

#[derive(Debug, Subcommand)]
enum Cmd {
    /// List mails, the latest changed first
    List(ListArgs),
    /// Try a mail that failed, or waits, again at once
    Retry(WhichArgs),
    /// Take mails that failed, or wait, out of the outbox: they are not sent
    Drop(WhichArgs),
    /// Send a mail with the configuration of a server, and say what the mail server says; asks no server of Baton's
    Test(TestArgs),
}

#[derive(Debug, ClapArgs)]
struct ListArgs {
    /// Only mails that are: waiting, sending, sent or failed
    #[arg(long, value_name = "STATE")]
    state: Option<MailState>,
    /// Mails at most
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
    /// Print one array
    #[arg(long)]
    json: bool,
}

#[derive(Debug, ClapArgs)]
struct WhichArgs {
    /// The mails' numbers, as `baton mail list` prints them
    #[arg(required_unless_present = "failed", conflicts_with = "failed", value_name = "NUMBER")]
    ids: Vec<u64>,
    /// All that failed
    #[arg(long)]
    failed: bool,
    /// Print one object a line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, ClapArgs)]
struct TestArgs {
    /// Where the mail goes; without one it only connects and signs in
    address: Option<String>,
    /// The server's configuration, with its table [mail]
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// As which site it is sent; default: the first that sends mail
    #[arg(long, value_name = "ID")]
    site: Option<SiteId>,
    /// Print one object
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, server: &ServerArgs) -> Done {
    match args.command {
        Cmd::List(args) => list(args, server).await,
        Cmd::Retry(args) => each(args, server, true).await,
        Cmd::Drop(args) => each(args, server, false).await,
        Cmd::Test(args) => test(args).await,
    }
}

async fn list(args: ListArgs, server: &ServerArgs) -> Done {
    let mut session = server.session().await?;
    let ask = MailListArg { state: args.state, limit: Some(args.limit) };
    let ok: MailListOk = session.get(&AgentOp::MailList(ask)).await?;
    session.close().await;
    if args.json {
        return Out.json(&ok.mails);
    }
    if !ok.configured {
        complain("no mail is configured on your sites: replies to visitors who left are not delivered");
    }
    if ok.mails.is_empty() {
        return Out.line(match args.state {
            Some(_) => "no mail is in that state",
            None => "no mail",
        });
    }
    for mail in &ok.mails {
        Out.line(&line(mail, ok.server_time))?;
    }
    Ok(())
}

/// A mail on one line.
fn line(mail: &MailInfo, now: Time) -> String {
    let to = mail.to.as_deref().map_or_else(|| "(no address)".to_owned(), inert);
    let attempts = match mail.attempts {
        0 => String::new(),
        1 => " after 1 attempt".to_owned(),
        n => format!(" after {n} attempts"),
    };
    let next = mail.next.filter(|_| mail.state == MailState::Waiting).map(|at| {
        let minutes = (at.since_ms(now).max(0) + 59_999) / 60_000;
        if minutes == 0 { ", next now".to_owned() } else { format!(", next in {minutes} min") }
    });
    let why = mail.reason.as_deref().map(|why| format!(": {}", inert(why))).unwrap_or_default();
    format!(
        "{:>5}  {:<7}  {}  {:>4}  {to}{attempts}{}{why}",
        mail.id,
        mail.state.word(),
        mail.conversation.short(),
        wait_words(now.since_ms(mail.at).max(0) / 1000),
        next.unwrap_or_default(),
    )
}

async fn each(args: WhichArgs, server: &ServerArgs, retry: bool) -> Done {
    let mut session = server.session().await?;
    let ids = if args.failed {
        let ask = MailListArg { state: Some(MailState::Failed), limit: Some(500) };
        let ok: MailListOk = session.get(&AgentOp::MailList(ask)).await?;
        ok.mails.iter().map(|mail| mail.id).collect()
    } else {
        args.ids
    };
    let mut refused = Vec::new();
    for id in &ids {
        let which = MailArg { id: *id };
        let op = if retry { AgentOp::MailRetry(which) } else { AgentOp::MailDrop(which) };
        match session.request(&op).await.map_err(Failure::from) {
            Ok(_) if args.json => {
                Out.json(&json!({ "id": id, "done": if retry { "retry" } else { "drop" } }))?;
            }
            Ok(_) => Out.line(&format!("{id}: {}", if retry { "is tried again" } else { "dropped" }))?,
            Err(Failure::Refused(why)) => refused.push(format!("{id}: {why}")),
            Err(other) => return Err(other),
        }
    }
    session.close().await;
    if ids.is_empty() && !args.json {
        return Out.line("no mail failed");
    }
    if refused.is_empty() { Ok(()) } else { Err(Failure::Refused(refused.join("\n"))) }
}

async fn test(args: TestArgs) -> Done {
    let config = ServerConfig::load(&args.config).map_err(|e| Failure::Refused(e.to_string()))?;
    let Some(mail) = &config.mail else {
        let file = args.config.display();
        return Err(Failure::Refused(format!(
            "{file}: no mail is configured; add a table [mail] (assets/default.toml has one)"
        )));
    };
    let id = which_site(mail, &config, args.site)?;
    let place = format!("{}:{}", mail.smtp.host, mail.smtp.port);
    let Some(address) = &args.address else {
        let checked = mail.smtp.check().await;
        if args.json {
            Out.json(&json!({ "usable": checked.is_ok(), "said": checked.as_ref().err() }))?;
        } else if checked.is_ok() {
            Out.line(&format!("{place} can be used; give an address to send it a mail"))?;
        }
        return checked.map_err(Failure::Refused);
    };
    let name = config.sites.iter().find(|s| s.id == id).map_or_else(|| id.to_string(), |s| s.name.clone());
    let written = mail::letter::trial(&name, &mail.sites[&id], address, now()).map_err(Failure::Usage)?;
    let outcome = mail.smtp.deliver(&written.envelope, &written.bytes).await;
    let (ok, said) = match &outcome {
        Outcome::Taken => (
            true,
            format!("{}:{} took the mail; look for it at {}", mail.smtp.host, mail.smtp.port, inert(address)),
        ),
        Outcome::Again(why) => (false, format!("not sent, and a reply would be tried again later: {why}")),
        Outcome::Refused(why) => (false, format!("refused for good: {why}")),
    };
    if args.json {
        Out.json(&json!({ "sent": ok, "said": said }))?;
    } else if ok {
        Out.line(&said)?;
    }
    if ok { Ok(()) } else { Err(Failure::Refused(said)) }
}

fn which_site(mail: &MailConfig, config: &ServerConfig, asked: Option<SiteId>) -> Result<SiteId, Failure> {
    match asked {
        Some(id) if mail.sites.contains_key(&id) => Ok(id),
        Some(id) => {
            Err(Failure::Usage(format!("there is no site {id} that sends mail in this configuration")))
        }
        None => {
            let first = config.sites.iter().map(|s| &s.id).find(|id| mail.sites.contains_key(id));
            first.cloned().ok_or_else(|| Failure::Usage("no site of this configuration sends mail".into()))
        }
    }
}

fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
