//! The status line: the link, what is unsent, who I am, and the note of whoever started the console.

use ratatui::buffer::Buffer;
use ratatui::text::Span;

use super::Look;
use super::paint::{cells, clipped, cut, own, put, put_right, safe};
use crate::console::app::State;
use crate::console::app::layout::Area;
use crate::console::app::sites::elsewhere;
use crate::console::app::state::Link;

/// ```text
/// live · 2 unsent · Ana, Available · all sites: Shop 2 · Docs 1        demo page http://127.0.0.1:4000/
/// live · Ana, Available · Shop (Docs 1 waiting)
/// ```
/// The site never goes: where there is no room the agent's name does.
pub fn draw(buf: &mut Buffer, area: Area, state: &State, look: Look) {
    let mut left = vec![own(" ", look.plain())];
    left.push(match &state.link {
        Link::Live => own("live", look.good()),
        Link::Syncing => own("catching up…", look.note_word()),
        Link::Connecting => own("connecting…", look.note_word()),
        Link::Down { .. } => own("NO LINK", look.bad()),
        Link::Stopped { .. } => own("STOPPED", look.bad()),
    });
    if state.unsent > 0 {
        left.push(own(format!(" · {} unsent", state.unsent), look.bad()));
    }
    let me = state.me.as_ref().map_or_else(Vec::new, |me| {
        let mut stands = vec![match me.available {
            true => own("Available", look.good()),
            false => own("Away", look.note_word()),
        }];
        if let Some(words) = state.away_words() {
            stands.extend([own(", ", look.plain()), safe(&words, look.dim())]);
        }
        vec![clipped(&me.name, 20, look.plain()), vec![own(", ", look.plain())], stands]
    });
    let mut mouse = Vec::new();
    if state.mouse != state.config.looks.mouse {
        let words = if state.mouse { " · mouse taken" } else { " · mouse free" };
        mouse.push(own(words, look.note_word()));
    }
    let room = usize::from(area.w).saturating_sub(cells(&left) + cells(&mouse) + 1);
    let site = [99, 16, 8].map(|most| site(state, most, look));
    // What fits best: all of it, then without the name, then with a shorter site.
    let whole: Vec<Span<'static>> = me.concat();
    let stands: Vec<Span<'static>> = me.last().cloned().unwrap_or_default();
    let tries = [(&whole, &site[0]), (&whole, &site[1]), (&stands, &site[1]), (&stands, &site[2])];
    let joined = |(me, site): &(&Vec<Span<'static>>, &Vec<Span<'static>>)| {
        let mut line = Vec::new();
        for part in [*site, *me] {
            if !part.is_empty() {
                line.push(own(" · ", look.dim()));
                line.extend(part.iter().cloned());
            }
        }
        line
    };
    let lines = tries.map(|pair| joined(&pair));
    let [_, _, _, shortest] = &lines;
    let fits = lines.iter().find(|line| cells(line) <= room).unwrap_or(shortest);
    left.extend(fits.iter().cloned());
    left.extend(mouse);
    let room = usize::from(area.w).saturating_sub(cells(&left) + 2);
    put(buf, area, 0, 0, left);
    if let Some(note) = state.status_note.as_ref().filter(|_| room >= 12) {
        put_right(buf, area, 0, cut(vec![safe(note, look.dim()), own(" ", look.dim())], room));
    }
}

/// Which site is shown, and how many wait elsewhere; `most` is what a name may take, and below 16 the counts go to a sum.
fn site(state: &State, most: usize, look: Look) -> Vec<Span<'static>> {
    let Some((only, _)) = state.sites.first() else { return Vec::new() };
    if !state.many_sites() {
        return super::site::tag(state, only, most, look);
    }
    let short = most < 16;
    let mut out = match &state.site {
        Some(shown) => super::site::tag(state, shown, most, look),
        None => vec![own("all sites", look.plain())],
    };
    let others = if state.site.is_some() { elsewhere(state) } else { state.waiting_by_site() };
    let sum: usize = others.iter().map(|site| site.waiting).sum();
    match (&state.site, sum) {
        (_, 0) => {}
        (None, _) if short => {}
        (Some(_), n) if short => out.push(own(format!(" +{n}"), look.bad())),
        (shown, _) => {
            out.push(own(if shown.is_some() { " (" } else { ": " }, look.plain()));
            for (index, other) in others.iter().enumerate() {
                if index > 0 {
                    out.push(own(" · ", look.dim()));
                }
                out.extend(super::site::tag(state, other.id, if most > 16 { most } else { 12 }, look));
                out.push(own(format!(" {}", other.waiting), look.bold()));
            }
            if shown.is_some() {
                out.push(own(" waiting)", look.plain()));
            }
        }
    }
    out
}
