//! `baton tag` and `baton priority`: what agents say about a conversation.

use clap::Args as ClapArgs;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::json;

use super::out::inert;
use super::resolve_id::{self, Named};
use super::target::ServerArgs;
use super::verbs::{Outcome, carry_out};
use super::{Done, Failure};
use crate::conversation::{LABEL_CHARS, Priority, label};
use crate::protocol::{AgentOp, PriorityArg, TagArg};

/// Give a conversation tags, and take tags away.
// No -h here: “-hot” is a tag to take away.
#[derive(Debug, ClapArgs)]
#[command(
    disable_help_flag = true,
    after_help = "\
Example:
  baton tag 3f2a9c41 +refund +vip -angry

A word without a sign is added. Options stand before the tags."
)]
pub(super) struct TagArgs {
    /// The conversation's id, or its first digits
    #[arg(value_parser = resolve_id::parse)]
    id: Named,
    /// +TAG adds, -TAG takes away
    #[arg(required = true, num_args = 1.., allow_hyphen_values = true, value_name = "+TAG|-TAG")]
    pub(super) tags: Vec<String>,
    /// Print one object
    #[arg(long)]
    pub(super) json: bool,
    /// Print help
    #[arg(long, action = clap::ArgAction::Help)]
    help: Option<bool>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct PriorityArgs {
    /// The conversation's id, or its first digits
    #[arg(value_parser = resolve_id::parse)]
    id: Named,
    /// How urgent it is
    #[arg(value_parser = priority_word())]
    priority: Priority,
    /// Print one object
    #[arg(long)]
    json: bool,
}

fn priority_word() -> impl TypedValueParser<Value = Priority> {
    PossibleValuesParser::new(Priority::ALL.map(Priority::word))
        .map(|word| word.parse().expect("the possible values are priorities"))
}

pub(super) async fn tag(args: TagArgs, server: &ServerArgs) -> Done {
    let Signs { add, remove, json } = signs(&args.tags)?;
    let json = json || args.json;
    let mut session = server.session().await?;
    let id = resolve_id::find(&mut session, &args.id).await?;
    let words: Vec<String> = (add.iter().map(|t| format!("+{}", inert(t))))
        .chain(remove.iter().map(|t| format!("-{}", inert(t))))
        .collect();
    let done = format!("tagged {}", words.join(" "));
    let more = json!({ "added": add, "removed": remove });
    let op = |conversation, cid| AgentOp::Tag(TagArg { conversation, cid, add, remove });
    carry_out(session, id, op, Outcome { done: &done, json, more }).await
}

pub(super) async fn priority(args: PriorityArgs, server: &ServerArgs) -> Done {
    let priority = args.priority;
    let mut session = server.session().await?;
    let id = resolve_id::find(&mut session, &args.id).await?;
    let done = format!("has priority {} now", priority.word());
    let op = |conversation, cid| AgentOp::Priority(PriorityArg { conversation, cid, priority });
    carry_out(
        session,
        id,
        op,
        Outcome { done: &done, json: args.json, more: json!({ "priority": priority }) },
    )
    .await
}

/// What is added, and what is taken away.
#[derive(Debug, Default, PartialEq, Eq)]
struct Signs {
    add: Vec<String>,
    remove: Vec<String>,
    /// Behind the first tag every word comes as a tag; `--json` is none.
    json: bool,
}

fn signs(words: &[String]) -> Result<Signs, Failure> {
    let mut signs = Signs::default();
    for word in words {
        if word == "--json" {
            signs.json = true;
            continue;
        }
        if word.starts_with("--") {
            return Err(Failure::Usage(format!(
                "“{}” is no tag; options stand before the tags, and tags are written +TAG or -TAG",
                inert(word)
            )));
        }
        let (list, tag) = match (word.strip_prefix('-'), word.strip_prefix('+')) {
            (Some(tag), _) => (&mut signs.remove, tag),
            (_, Some(tag)) => (&mut signs.add, tag),
            _ => (&mut signs.add, word.as_str()),
        };
        let tag = label(tag).ok_or_else(|| {
            let word = inert(word);
            Failure::Usage(format!("“{word}” is no tag: a tag has 1 to {LABEL_CHARS} characters on one line"))
        })?;
        list.push(tag);
    }
    if signs.add.is_empty() && signs.remove.is_empty() {
        return Err(Failure::Usage("which tags? Write +TAG or -TAG".into()));
    }
    Ok(signs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_say_which_way() {
        let words = |all: &[&str]| all.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let read = signs(&words(&["+vip", "-hot topic", "--json", "plain"])).expect("tags");
        let (add, remove) = (words(&["vip", "plain"]), words(&["hot topic"]));
        assert_eq!(read, Signs { add, remove, json: true });
        for bad in ["+", "-", "--jsn", "--json", "a\nb", &"x".repeat(41)] {
            assert_eq!(signs(&words(&[bad])).expect_err(bad).code(), 2);
        }
    }
}
