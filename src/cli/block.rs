//! `baton block`, `baton unblock`, `baton blocks`: visitors and addresses that may not write.

use clap::{ArgGroup, Args as ClapArgs};
use jiff::{Timestamp, Zoned};

use super::out::{Out, inert};
use super::resolve_id::{self, Named};
use super::target::ServerArgs;
use super::{Done, Failure};
use crate::conversation::{SiteId, Time};
use crate::protocol::{AgentOp, BlockArg, BlockInfo, BlocksArg, BlocksOk, UnblockArg};
use crate::text::when;

/// Let a visitor, or an address, write no more.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Whoever is blocked is told so, and until when, not why. Their sockets are closed,
and the visitor's open conversation is ended. Agents may block the visitor they
talk to; supervisors any visitor of their sites, and addresses. Blocked again,
the new reason and end count. Times are written as in `baton snooze`.")]
#[command(group = ArgGroup::new("whom").args(["id", "address"]).required(true))]
pub(super) struct Args {
    /// A conversation of the visitor's: its id, or its first digits
    #[arg(value_parser = resolve_id::parse)]
    id: Option<Named>,
    /// An address or network instead, e.g. 192.0.2.7 or 2001:db8::/64
    #[arg(long, value_name = "CIDR")]
    address: Option<String>,
    /// With --address: on this site only
    #[arg(long, value_name = "SITE", requires = "address")]
    site: Option<SiteId>,
    /// Why, for your colleagues
    #[arg(long)]
    reason: String,
    /// When it ends, e.g. 7d; without it, when it is lifted
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Print an object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, ClapArgs)]
pub(super) struct UnblockArgs {
    /// The block's number, as `baton blocks` has it
    block: u64,
    /// Print an object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, ClapArgs)]
pub(super) struct ListArgs {
    /// Print one object a line
    #[arg(long)]
    json: bool,
}

pub(super) async fn block(args: Args, server: &ServerArgs) -> Done {
    let now = Zoned::now();
    let until = args.until.as_deref().map(|text| when::moment(text, &now)).transpose();
    let until = until.map_err(|e| Failure::Usage(e.to_string()))?;
    let mut session = server.session().await?;
    let conversation = match &args.id {
        Some(named) => Some(resolve_id::find(&mut session, named).await?),
        None => None,
    };
    let until_time = until.map(|then| Time(then.as_millisecond()));
    let (address, site, reason) = (args.address, args.site, args.reason);
    let op = AgentOp::Block(BlockArg { conversation, address, site, reason, until: until_time });
    let made: BlockInfo = session.get(&op).await?;
    session.close().await;
    if args.json {
        return Out.json(&made);
    }
    let until = until.map_or("until it is lifted".to_owned(), |then| match when::spoken(then, &now) {
        near if near.starts_with("in ") => format!("it ends {near}"),
        then => format!("until {then}"),
    });
    Out.line(&format!("blocked {}, {until}; `baton unblock {}` lifts it", whom(&made), made.block))
}

pub(super) async fn unblock(args: UnblockArgs, server: &ServerArgs) -> Done {
    let mut session = server.session().await?;
    let lifted: BlockInfo = session.get(&AgentOp::Unblock(UnblockArg { block: args.block })).await?;
    session.close().await;
    if args.json {
        return Out.json(&lifted);
    }
    Out.line(&format!("{} may write again", whom(&lifted)))
}

pub(super) async fn list(args: ListArgs, server: &ServerArgs) -> Done {
    let mut session = server.session().await?;
    let found: BlocksOk = session.get(&AgentOp::Blocks(BlocksArg {})).await?;
    session.close().await;
    if args.json {
        return found.blocks.iter().try_for_each(|block| Out.json(block));
    }
    if found.blocks.is_empty() {
        super::out::complain("nobody is blocked");
        return Ok(());
    }
    let now = Zoned::now();
    found.blocks.iter().try_for_each(|block| {
        let until = block.until.and_then(|t| Timestamp::from_millisecond(t.0).ok());
        let until =
            until.map_or("until lifted".to_owned(), |then| format!("ends {}", when::spoken(then, &now)));
        Out.line(&format!(
            "{:>4}  {}  {until}  by {}  {}",
            block.block,
            whom(block),
            inert(&block.by),
            inert(&block.reason)
        ))
    })
}

fn whom(block: &BlockInfo) -> String {
    let site = block.site.as_ref().map(|site| format!(" on {site}")).unwrap_or_default();
    match (&block.visitor, &block.address) {
        (Some(visitor), _) => format!("visitor {}{site}", &visitor.0.simple().to_string()[..8]),
        (None, Some(address)) => format!("address {}{site}", inert(address)),
        (None, None) => format!("somebody{site}"),
    }
}
