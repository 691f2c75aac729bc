//! Why a command cannot be carried out: each reason names what stands in the way and the key that helps, as `{command}`,
//! which becomes the key the agent has for it.

use super::state::{Focus, Link, State};
use crate::client::DraftKind;
use crate::conversation::State as Standing;

/// A reason, or none.
pub type May = Result<(), &'static str>;

const NOTHING: &str = "no conversation is selected: {down} and {up} move, {next-tab} changes the tab";
const OFFLINE: &str = "no link: this must wait for it; {reply} and {note} work meanwhile";
const RESOLVED: &str = "it is resolved: {reopen} reopens it";
/// How a reason begins that a colleague stands in the way: their name is put there where it is shown.
pub(super) const COLLEAGUE: &str = "a colleague";
const OTHERS: &str = "a colleague holds it: {note} leaves them a note";
const GONE: &str = "it is no longer visible to you: {settle} clears the list";

/// Always possible.
pub fn always(_: &State) -> May {
    Ok(())
}

/// Needs a conversation.
pub fn target(s: &State) -> May {
    s.target().map(|_| ()).ok_or(NOTHING)
}

/// Needs an open conversation.
pub fn reading(s: &State) -> May {
    if s.focus == Focus::List { Err("you are in the list already: {quit} quits") } else { Ok(()) }
}

/// Needs the composer.
pub fn composing(s: &State) -> May {
    if s.composing.is_some() { Ok(()) } else { Err("that is for the composer: {reply} or {note} opens it") }
}

/// Needs the link.
pub fn online(s: &State) -> May {
    match s.link {
        Link::Live | Link::Syncing => Ok(()),
        Link::Stopped { .. } => Err("not connected for good: {quit} leaves, then start baton again"),
        Link::Connecting | Link::Down { .. } => Err(OFFLINE),
    }
}

/// Who stands between the agent and the conversation.
fn mine_or_free(s: &State) -> May {
    let row = s.target_row().ok_or(NOTHING)?;
    if row.gone {
        return Err(GONE);
    }
    match row.holder.agent() {
        Some(id) if s.me.as_ref().is_none_or(|me| me.id != id) => Err(OTHERS),
        _ => Ok(()),
    }
}

fn supervises(s: &State) -> bool {
    s.me.as_ref().is_some_and(|me| me.supervises)
}

/// Accept or take over.
pub fn accept(s: &State) -> May {
    let row = s.target_row().ok_or(NOTHING)?;
    online(s)?;
    match row.state {
        _ if row.gone => Err(GONE),
        Standing::Resolved => Err(RESOLVED),
        Standing::Active if s.is_mine(row) => Err("you hold it already: {reply} replies"),
        Standing::Active if !supervises(s) => Err("a colleague holds it: only a supervisor can take it over"),
        _ => Ok(()),
    }
}

/// Reply. Works without the link: it is kept and sent later.
pub fn reply(s: &State) -> May {
    let row = s.target_row().ok_or(NOTHING)?;
    if row.state == Standing::Resolved {
        return Err(RESOLVED);
    }
    mine_or_free(s)
}

/// Note. Works without the link.
pub fn note(s: &State) -> May {
    let row = s.target_row().ok_or(NOTHING)?;
    if row.gone { Err(GONE) } else { Ok(()) }
}

/// Hello.
pub fn hello(s: &State) -> May {
    let row = s.target_row().ok_or(NOTHING)?;
    if s.hello.is_some() {
        return Err("a hello is on its way already: {undo} recalls it");
    }
    match row.state {
        Standing::Resolved => Err(RESOLVED),
        _ if !s.is_mine(row) => Err("hello is for a conversation you hold: {accept} accepts it"),
        _ if row.answered => Err("you have answered already: {reply} replies"),
        _ if s.draft(row.id, DraftKind::Reply).is_some() => {
            Err("you have begun a reply: {reply} goes on with it")
        }
        _ => Ok(()),
    }
}

/// Resolve.
pub fn resolve(s: &State) -> May {
    let row = s.target_row().ok_or(NOTHING)?;
    online(s)?;
    if row.state == Standing::Resolved {
        return Err("it is resolved already: {reopen} reopens it");
    }
    if supervises(s) && !row.gone {
        return Ok(());
    }
    mine_or_free(s)
}

/// Release, snooze: what an agent holds.
pub fn held(s: &State) -> May {
    let row = s.target_row().ok_or(NOTHING)?;
    online(s)?;
    match row.state {
        Standing::Resolved => Err(RESOLVED),
        Standing::Assistant | Standing::Queued => Err("nobody holds it: {accept} takes it first"),
        _ if supervises(s) && !row.gone => Ok(()),
        _ => mine_or_free(s),
    }
}

/// Transfer: what is queued or held.
pub fn transfer(s: &State) -> May {
    let row = s.target_row().ok_or(NOTHING)?;
    online(s)?;
    match row.state {
        Standing::Resolved => Err(RESOLVED),
        Standing::Assistant => Err("the assistant has it: {accept} takes it over first"),
        _ if supervises(s) && !row.gone => Ok(()),
        _ => mine_or_free(s),
    }
}

/// Tags and priority: any conversation in sight.
pub fn label(s: &State) -> May {
    let row = s.target_row().ok_or(NOTHING)?;
    online(s)?;
    if row.gone { Err(GONE) } else { Ok(()) }
}

/// Hand back.
pub fn hand_back(s: &State) -> May {
    let row = s.target_row().ok_or(NOTHING)?;
    online(s)?;
    match row.state {
        Standing::Assistant => Err("the assistant has it already: {accept} takes it over"),
        Standing::Resolved => Err(RESOLVED),
        _ if supervises(s) => Ok(()),
        _ => mine_or_free(s),
    }
}

/// Needs earlier conversations of the visitor.
pub fn earlier(s: &State) -> May {
    match &s.open {
        None => Err("no conversation is open: Enter opens one"),
        Some(open) if open.earlier.is_empty() => Err("this visitor has no earlier conversations"),
        Some(_) => Ok(()),
    }
}

/// Reopen.
pub fn reopen(s: &State) -> May {
    let row = s.target_row().ok_or(NOTHING)?;
    online(s)?;
    if row.state == Standing::Resolved {
        Ok(())
    } else {
        Err("it is not resolved: {accept} accepts it, {reply} replies")
    }
}

/// Undo.
pub fn undo(s: &State) -> May {
    if s.hello.is_some() {
        return Ok(());
    }
    if s.undo.is_none() {
        return Err("nothing to undo: no resolve in this session, no held hello");
    }
    online(s)
}

#[cfg(test)]
mod tests {
    #[test]
    fn reasons_name_commands_that_exist() {
        let mut named = 0;
        let reasons = include_str!("availability.rs").lines().take_while(|line| *line != "#[cfg(test)]");
        for line in reasons.filter(|line| line.contains('"')) {
            for name in line.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
            {
                if name.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !name.is_empty() {
                    assert!(super::super::command::named(name).is_some(), "{name}: {line}");
                    named += 1;
                }
            }
        }
        assert!(named > 15);
    }
}
