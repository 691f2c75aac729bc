//! The tabs, with how many lines each has.

use ratatui::buffer::Buffer;

use super::paint::{cells, own, put};
use super::{HitMap, Look, Target};
use crate::console::app::State;
use crate::console::app::layout::Area;
use crate::conversation::Tab;

/// A tab's title.
fn title(tab: Tab) -> &'static str {
    match tab {
        Tab::Queue => "Queue",
        Tab::Mine => "Mine",
        Tab::Assistant => "Assistant",
        Tab::Snoozed => "Snoozed",
        Tab::Resolved => "Resolved",
        Tab::All => "All",
    }
}

/// ```text
///  1 Queue 3   2 Mine 2, 4 new   3 Assistant 12   4 Snoozed   5 Resolved
/// ```
/// Where there is no room what is unread is a mere sum, then only the tab in front has its word: ` 1:3  2 Mine 2+4  3:12  4  5 `.
pub fn draw(buf: &mut Buffer, area: Area, state: &State, look: Look, hits: &mut HitMap) {
    let counts = Tab::CONSOLE.map(|tab| state.count(tab));
    for (short, sums) in [(false, false), (false, true), (true, true)] {
        let mut spans = Vec::new();
        let mut at = Vec::new();
        for (index, tab) in Tab::CONSOLE.into_iter().enumerate() {
            let count = counts[index];
            let front = index == state.tab;
            let number = index + 1;
            // How many are resolved is known only in part: no figure is better than a wrong one.
            let figure = if count == 0 || tab == Tab::Resolved { String::new() } else { format!(" {count}") };
            // Who waits in the queue is new to everybody; what counts there is how many.
            let unread = if matches!(tab, Tab::Mine | Tab::Snoozed) { state.unread_in(tab) } else { 0 };
            let figure = match unread {
                0 => figure,
                n if sums => format!("{figure}+{n}"),
                n => format!("{figure}, {n} new"),
            };
            let words = if short && !front {
                format!(" {number}{} ", figure.replace(' ', ":"))
            } else {
                format!(" {number} {}{figure} ", title(tab))
            };
            let urgent = tab == Tab::Queue && count > 0 || unread > 0;
            let style = match (front, urgent) {
                (true, _) => look.selected().patch(look.bold()),
                (false, true) => look.bold(),
                (false, false) => look.plain(),
            };
            at.push((cells(&spans), words.chars().count()));
            spans.push(own(words, style));
            spans.push(own(" ", look.plain()));
        }
        if cells(&spans) <= usize::from(area.w) || short {
            for (index, (x, w)) in at.into_iter().enumerate() {
                let cell = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
                let place = Area { x: area.x + cell(x), w: cell(w), ..area };
                hits.add(place, Target::Tab(u8::try_from(index).unwrap_or(0)));
            }
            put(buf, area, 0, 0, spans);
            return;
        }
    }
}
