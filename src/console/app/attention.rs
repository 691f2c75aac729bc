//! The attention ladder: whoever waits is told of, again and louder, until somebody has taken them or they have left.
//!
//! Derived from the state after every event, never from a single message that could be missed. Invariants: an alert
//! stops with its cause; what it says is made of fixed words and counts, and of the visitor's name only where the agent
//! allows it; in quiet hours nothing rings. Refused here: carrying anything out.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::clock;
use super::effect::{Alert, Effect};
use super::event::TimerId;
use super::state::{Focus, State};
use crate::console::config::{Class, Loud};
use crate::conversation::{ConversationId, State as Standing};
use crate::text::SafeText;

/// How much more often an escalated alert repeats.
const FASTER: u64 = 3;
/// No alert repeats more often than this, milliseconds.
const LEAST_MS: u64 = 5_000;
/// Cells of a visitor's name in a notification.
const NAME_CELLS: usize = 40;

/// What is known of one class of alert.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Alarm {
    /// Whom it is about.
    of: BTreeSet<ConversationId>,
    /// Since when there has been a cause without a break, on the monotonic clock.
    since: u64,
    /// When it was told last.
    told: u64,
    /// Whether it was told as escalated.
    escalated: bool,
}

/// What is known of all classes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ladder {
    alarms: [Alarm; 4],
    /// What I held when I looked last.
    mine: BTreeSet<ConversationId>,
    /// What came to me by another's doing or a snooze's end, and that I have not looked at.
    passed: BTreeSet<ConversationId>,
    /// When the timer is due.
    timer_at: Option<u64>,
    /// Whether the first snapshot was taken in: what waited before is told by the banner, and rings with its first repeat.
    begun: bool,
}

/// Looks at the state and tells what is due. After every event.
pub(super) fn check(state: &mut State, fx: &mut Vec<Effect>) {
    if !state.loaded {
        return;
    }
    let begun = std::mem::replace(&mut state.ladder.begun, true);
    note_arrivals(state, begun);
    let now = state.now.mono;
    let quiet = quiet(state);
    let mut next: Option<u64> = None;
    for (index, class) in Class::ALL.into_iter().enumerate() {
        let causes = causes(state, class);
        let loud = state.config.attention.of(class);
        let alarm = &mut state.ladder.alarms[index];
        if causes.is_empty() {
            if !alarm.of.is_empty() {
                *alarm = Alarm::default();
                fx.push(Effect::Unalert(class));
            }
            continue;
        }
        let began = alarm.of.is_empty();
        let news = causes.iter().any(|id| !alarm.of.contains(id));
        if began {
            *alarm = Alarm { since: now, told: now, ..Alarm::default() };
        }
        alarm.of = causes;
        let escalates = !alarm.escalated && loud.escalate_ms.is_some_and(|ms| now >= alarm.since + ms);
        let repeats = repeat_ms(loud, alarm.escalated).is_some_and(|ms| now >= alarm.told + ms);
        if (news && begun) || escalates || repeats {
            alarm.told = now;
            alarm.escalated |= escalates;
            let level = u8::from(alarm.escalated);
            if !quiet {
                tell(state, class, loud, level, fx);
            }
        }
        let alarm = &state.ladder.alarms[index];
        let escalation = loud.escalate_ms.filter(|_| !alarm.escalated).map(|ms| alarm.since + ms);
        let repeat = repeat_ms(loud, alarm.escalated).map(|ms| alarm.told + ms);
        next = [next, escalation, repeat].into_iter().flatten().min();
    }
    match next {
        // The timer is started anew only where it moved: this runs after every event.
        Some(at) if state.ladder.timer_at != Some(at) => {
            fx.push(Effect::StartTimer { id: TimerId::Attention, ms: at.saturating_sub(now).max(1) });
        }
        None if state.ladder.timer_at.is_some() => fx.push(Effect::CancelTimer(TimerId::Attention)),
        _ => {}
    }
    state.ladder.timer_at = next;
}

/// What became mine without my doing: passed on by a colleague, or woken from a snooze.
fn note_arrivals(state: &mut State, begun: bool) {
    let mine: BTreeSet<ConversationId> =
        state.rows.values().filter(|row| !row.gone && state.is_mine(row)).map(|row| row.id).collect();
    if begun {
        let came: Vec<ConversationId> =
            mine.difference(&state.ladder.mine).filter(|id| !state.acts_on(**id)).copied().collect();
        state.ladder.passed.extend(came);
    }
    let mut passed = std::mem::take(&mut state.ladder.passed);
    passed.retain(|id| mine.contains(id) && !looked_at(state, *id));
    state.ladder.passed = passed;
    state.ladder.mine = mine;
}

fn repeat_ms(loud: Loud, escalated: bool) -> Option<u64> {
    loud.repeat_ms.map(|ms| if escalated { ms / FASTER } else { ms }.max(LEAST_MS))
}

/// Whom a class is about, now.
fn causes(state: &State, class: Class) -> BTreeSet<ConversationId> {
    let Some(me) = &state.me else { return BTreeSet::new() };
    let rows = state.rows.values().filter(|row| !row.gone);
    match class {
        Class::Handoff => {
            if !me.available && !state.config.attention.when_away {
                return BTreeSet::new();
            }
            // Whoever left, or is answered by mail, waits without being in a hurry: the list shows them.
            rows.filter(|row| row.state == Standing::Queued && !row.ticket && state.left(row.id).is_none())
                .map(|row| row.id)
                .collect()
        }
        Class::Passed => state.ladder.passed.clone(),
        Class::Overdue => rows
            .filter(|row| state.reply_timer(row).is_some_and(|timer| timer.warn_in <= 0))
            .map(|row| row.id)
            .collect(),
        Class::Reply => rows
            .filter(|row| {
                state.is_mine(row) && row.answered && row.waiting_since.is_some() && !looked_at(state, row.id)
            })
            .map(|row| row.id)
            .collect(),
    }
}

/// Whether the agent has a conversation before their eyes.
fn looked_at(state: &State, id: ConversationId) -> bool {
    state.focused && state.open.as_ref().is_some_and(|open| open.id == id) && state.focus != Focus::List
}

/// Whether quiet hours hold.
fn quiet(state: &State) -> bool {
    if state.config.attention.quiet.is_empty() {
        return false;
    }
    let Ok(now) = Timestamp::from_millisecond(state.now.wall.0) else { return false };
    let here = now.to_zoned(state.tz.clone());
    state.config.attention.quiet.iter().any(|quiet| quiet.holds(here.weekday(), here.time()))
}

/// Tells of a class, as loud as it may be.
fn tell(state: &State, class: Class, loud: Loud, level: u8, fx: &mut Vec<Effect>) {
    let index = Class::ALL.iter().position(|c| *c == class).unwrap_or_default();
    let of = &state.ladder.alarms[index].of;
    let waited = of.iter().filter_map(|id| state.rows.get(id)).filter_map(|row| state.waits_ms(row)).max();
    let waited = waited.unwrap_or(0);
    if loud.bell {
        fx.push(Effect::Bell);
    }
    let alert = Alert {
        class,
        level,
        count: of.len(),
        longest_s: u64::try_from(waited / 1_000).unwrap_or(0),
        words: words(state, class, of, waited),
    };
    // While one looks at the console, bell and banner say it; a desktop notification would say it twice. An escalated one
    // comes all the same: looking is not always seeing.
    if loud.notify && (!state.focused || level > 0) {
        fx.push(Effect::Notify(alert.clone()));
    }
    if loud.command && !state.config.attention.command.is_empty() {
        fx.push(Effect::RunHook(alert));
    }
}

/// What a notification says: fixed words and counts; one visitor's name where that is allowed.
fn words(state: &State, class: Class, of: &BTreeSet<ConversationId>, waited: i64) -> SafeText {
    let n = of.len();
    let sentence = match (class, n) {
        (Class::Handoff, 1) => format!("1 visitor waits for a person, {}", clock::wait(waited)),
        (Class::Handoff, n) => format!("{n} visitors wait for a person, longest {}", clock::wait(waited)),
        (Class::Passed, 1) => "a conversation has come to you".to_owned(),
        (Class::Passed, n) => format!("{n} conversations have come to you"),
        (Class::Overdue, 1) => "1 conversation of yours is about to return to the queue".to_owned(),
        (Class::Overdue, n) => format!("{n} conversations of yours are about to return to the queue"),
        (Class::Reply, 1) => "a visitor of yours has written".to_owned(),
        (Class::Reply, n) => format!("{n} visitors of yours have written"),
    };
    let sentence = super::door::line(&sentence);
    let only = of.first().filter(|_| n == 1 && state.config.attention.names);
    match only.and_then(|id| state.rows.get(id)) {
        Some(row) => {
            let name = row.name.truncated(NAME_CELLS);
            [name, SafeText::literal(": "), sentence].into_iter().collect()
        }
        None => sentence,
    }
}
