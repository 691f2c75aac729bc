//! Away with a reason and an end; auto-away; what a lost lease means.
//!
//! Invariant: nothing but a key of the agent's makes them Available. An end that has come is told, not acted upon.

use jiff::{Timestamp, Zoned};

use super::door;
use super::effect::Effect;
use super::event::TimerId;
use super::prompt::{self, Ask, Prompt};
use super::state::{Pending, State};
use super::update::say;
use crate::conversation::Time;
use crate::protocol::{AgentOp, AvailabilityInfo};
use crate::text::{SafeText, when};

/// A console's lease on its agent's presence, milliseconds (DESIGN.md 3): after it, nothing is offered.
pub(super) const LEASE_MS: u64 = 45_000;
/// Where the server gives what waits back to the queue after a lost lease, milliseconds.
const RETURNED_MS: u64 = 180_000;
/// The reason an auto-away gives.
const NO_KEY: &str = "no key for a while";

/// Asks why and until when.
pub(super) fn ask(state: &mut State) {
    let prompt = Prompt::line(Ask::Away, "away", "reason and end, such as: 30m lunch; empty: just Away");
    prompt::open(state, prompt);
}

pub(super) fn here(state: &State) -> Option<Zoned> {
    Some(Timestamp::from_millisecond(state.server_now().0).ok()?.to_zoned(state.tz.clone()))
}

pub(super) fn read(state: &State, line: &str) -> Result<when::Away, SafeText> {
    let now = here(state).ok_or(SafeText::literal("the clock of this machine is out of range"))?;
    when::away(line, &now).map_err(|e| door::line(&e.to_string()))
}

/// What a line would do.
pub(super) fn preview(state: &State, line: &str) -> Result<SafeText, SafeText> {
    let away = read(state, line)?;
    let mut words = vec![SafeText::literal("Away")];
    if let (Some(until), Some(now)) = (away.until, here(state)) {
        words.extend([SafeText::literal(", back "), door::line(&when::spoken(until, &now))]);
    }
    if let Some(reason) = &away.reason {
        words.extend([SafeText::literal(": "), door::line(reason)]);
    }
    words.push(SafeText::literal(". Nothing new is offered to you"));
    Ok(words.into_iter().collect())
}

/// Goes Away.
pub(super) fn away(state: &mut State, line: &str, fx: &mut Vec<Effect>) -> Result<(), SafeText> {
    let away = read(state, line)?;
    state.auto_away = false;
    set(state, away.reason, away.until.map(|at| Time(at.as_millisecond())), fx);
    Ok(())
}

fn set(state: &mut State, reason: Option<String>, until: Option<Time>, fx: &mut Vec<Effect>) {
    let tag = state.tag();
    state.pending.insert(tag, Pending::Availability(false));
    let info = AvailabilityInfo { available: false, reason, until };
    fx.push(Effect::Request { tag, op: AgentOp::AvailabilitySet(info) });
}

/// Keeps the timer of auto-away true: it runs while one is Available, from the last key on.
pub(super) fn watch_keys(state: &mut State, fx: &mut Vec<Effect>) {
    let minutes = u64::from(state.config.availability.auto_away_min);
    let wanted = minutes > 0 && state.live() && state.me.as_ref().is_some_and(|me| me.available);
    if wanted && !state.auto_away_armed {
        fx.push(Effect::StartTimer { id: TimerId::AutoAway, ms: minutes * 60_000 });
    } else if !wanted && state.auto_away_armed {
        fx.push(Effect::CancelTimer(TimerId::AutoAway));
    }
    state.auto_away_armed = wanted;
}

/// The timer of auto-away came: keys may have come since it was started.
pub(super) fn no_key(state: &mut State, fx: &mut Vec<Effect>) {
    let most = u64::from(state.config.availability.auto_away_min) * 60_000;
    let idle = state.now.mono.saturating_sub(state.last_key);
    if !state.auto_away_armed {
        return;
    }
    if idle < most {
        return fx.push(Effect::StartTimer { id: TimerId::AutoAway, ms: most - idle });
    }
    state.auto_away_armed = false;
    state.auto_away = true;
    set(state, Some(NO_KEY.to_owned()), None, fx);
    say(state, "no key for a while: you are Away. {availability} makes you Available again", fx);
}

/// How the console stands without its lease: what is no longer offered, and what went back.
pub(super) fn lease_words(state: &State) -> Option<&'static str> {
    let lost = state.now.mono.saturating_sub(state.lost_at?);
    match lost {
        RETURNED_MS.. => {
            Some("No link for 3 minutes: who waited for you is in the queue again; drafts are kept")
        }
        LEASE_MS.. => {
            Some("No link: your lease is lost, nothing is offered to you; what you send goes later")
        }
        _ => None,
    }
}

/// Milliseconds until [`lease_words`] says something else.
pub(super) fn until_lease_words_change(state: &State) -> Option<u64> {
    let lost = state.now.mono.saturating_sub(state.lost_at?);
    [LEASE_MS, RETURNED_MS].into_iter().find(|at| *at > lost).map(|at| at - lost)
}

impl State {
    /// Why and until when I am Away, in words; none while Available or where nothing was said.
    pub fn away_words(&self) -> Option<SafeText> {
        let me = self.me.as_ref().filter(|me| !me.available)?;
        let mut words = Vec::new();
        if let Some(until) = me.until {
            let at = Timestamp::from_millisecond(until.0).ok()?;
            let over = until <= self.server_now();
            let spoken = match here(self) {
                Some(now) if !over => when::spoken(at, &now),
                _ => at.to_zoned(self.tz.clone()).strftime("%H:%M").to_string(),
            };
            words.extend([SafeText::literal(if over { "until " } else { "back " }), door::line(&spoken)]);
        }
        if let Some(reason) = &me.reason {
            if !words.is_empty() {
                words.push(SafeText::literal(": "));
            }
            words.push(reason.truncated(30));
        }
        (!words.is_empty()).then(|| words.into_iter().collect())
    }

    /// Whether the end of being Away has come.
    pub fn away_is_over(&self) -> bool {
        let me = self.me.as_ref().filter(|me| !me.available);
        me.and_then(|me| me.until).is_some_and(|until| until <= self.server_now())
    }

    /// Milliseconds until it comes.
    pub(super) fn until_away_is_over(&self) -> Option<u64> {
        let until = self.me.as_ref().filter(|me| !me.available)?.until?;
        u64::try_from(until.since_ms(self.server_now())).ok().filter(|ms| *ms > 0)
    }
}
