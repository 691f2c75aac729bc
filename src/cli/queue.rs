//! `baton queue`: lists conversations.

use clap::Args as ClapArgs;
use serde_json::Value;

use super::Done;
use super::out::Out;
use super::resolve_id::PAGE;
use super::target::ServerArgs;
use super::view::{row_json, row_line};
use crate::conversation::{SiteId, Tab};
use crate::protocol::{AgentOp, ListArg, ListOk};

#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// Which: queue, mine, assistant, snoozed, resolved or all
    #[arg(long, default_value = "queue")]
    tab: Tab,
    /// Only this site
    #[arg(long)]
    site: Option<SiteId>,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Print one array
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, server: &ServerArgs) -> Done {
    let mut session = server.session().await?;
    let most = args.limit.unwrap_or(usize::MAX);
    let mut rows: Vec<Value> = Vec::new();
    let mut printed = 0;
    let mut cursor = None;
    while printed < most {
        let limit = u32::try_from(most - printed).unwrap_or(PAGE).min(PAGE);
        let op =
            AgentOp::List(ListArg { tab: args.tab, site: args.site.clone(), cursor, limit: Some(limit) });
        let page: ListOk = session.get(&op).await?;
        for row in page.rows.iter().take(most - printed) {
            printed += 1;
            if args.json {
                rows.push(row_json(row, page.server_time));
            } else {
                Out.line(&row_line(row, page.server_time))?;
            }
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    session.close().await;
    if args.json {
        Out.json(&rows)
    } else if printed == 0 {
        Out.line(match args.tab {
            Tab::Queue => "nobody is waiting",
            _ => "nothing here",
        })
    } else {
        Ok(())
    }
}
