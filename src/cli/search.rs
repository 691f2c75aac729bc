//! `baton search`: conversations found by words and operators.

use clap::Args as ClapArgs;
use serde_json::Value;

use super::out::{Out, inert};
use super::target::ServerArgs;
use super::view::{row_json, row_line};
use super::{Done, Failure};
use crate::protocol::query::{QueryError, parse};
use crate::protocol::{AgentOp, SearchArg, SearchOk};

/// Hits asked for at a time.
const PAGE: usize = 200;

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
All must hold: words and \"phrases\" occur in one message, and
  from:    visitor, assistant, agent, or part of a name or e-mail address
  page:    part of the address of a page that was visited
  tag:     a tag
  is:      queued, active, mine, assistant, snoozed, resolved, open, ticket, waiting
  site:    the site's id
  before:, after:   2026-01-31, 7d, 12h, today, yesterday (days of UTC)
  has:     note, link, email, page
A leading - turns any of them round; put -- before the query where it begins with one:
  baton search -- -is:resolved refund

With --json, one array: objects as of `queue --json`, and \"excerpt\" and \"message_version\".")]
pub(super) struct Args {
    /// What to find
    #[arg(required = true, value_name = "QUERY")]
    query: Vec<String>,
    /// Conversations at most
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: usize,
    /// Print one array
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, server: &ServerArgs) -> Done {
    let query = args.query.join(" ");
    let mut session = server.session().await?;
    let now = session.welcome().server_time;
    if let Err(error) = parse(&query, now) {
        session.close().await;
        return Err(Failure::Usage(pointed(&query, &error)));
    }
    let mut rows: Vec<Value> = Vec::new();
    let mut left = args.limit;
    let mut cursor = None;
    while left > 0 {
        let limit = Some(left.min(PAGE) as u32);
        let ask = SearchArg { query: query.clone(), cursor, limit };
        let page: SearchOk = session.get(&AgentOp::Search(ask)).await?;
        for hit in page.hits.iter().take(left) {
            if args.json {
                let mut value = row_json(&hit.row, now);
                value["excerpt"] = Value::String(hit.excerpt.clone());
                value["message_version"] = hit.version.into();
                rows.push(value);
            } else {
                Out.line(&format!("{}\n          > {}", row_line(&hit.row, now), inert(&hit.excerpt)))?;
            }
        }
        left -= page.hits.len().min(left);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    session.close().await;
    if args.json {
        Out.json(&rows)
    } else if left == args.limit {
        Out.line("nothing found")
    } else {
        Ok(())
    }
}

/// The query with a mark under what is wrong.
fn pointed(query: &str, error: &QueryError) -> String {
    format!("{error}\n  {}\n  {}{}", inert(query), " ".repeat(error.at), "^".repeat(error.len.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::Time;

    #[test]
    fn what_is_wrong_is_pointed_at() {
        let error = parse("hello frm:mia", Time(0)).expect_err("no operator");
        let said = pointed("hello frm:mia", &error);
        assert_eq!(said, "there is no `frm:`; did you mean `from:`?\n  hello frm:mia\n        ^^^^^^^");
    }
}
