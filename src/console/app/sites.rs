//! Sites: one or all, and what waits on the others.
//!
//! Invariant: choosing a site hides lines and nothing else: alerts, the title and what is open stay as they are, and what
//! waits elsewhere is counted in sight. Where there is one site nothing of this shows but its name.

use super::door::RowView;
use super::effect::Effect;
use super::prompt::{self, Ask, Choice, Prompt};
use super::state::State;
use super::update::{say, toast};
use crate::conversation::{State as Standing, Tab};
use crate::text::SafeText;

/// What stands for all sites among the choices: no site can be called that.
const ALL: &str = "*";

impl State {
    /// Whether there is more than one site.
    pub fn many_sites(&self) -> bool {
        self.sites.len() > 1
    }

    /// A site's name, by its id; the id where the server never named it.
    pub fn site_name<'a>(&'a self, id: &'a SafeText) -> &'a SafeText {
        self.sites.iter().find(|(known, _)| known == id).map_or(id, |(_, name)| name)
    }

    /// A site's place among the sites: what its colour is chosen by.
    pub fn site_place(&self, id: &SafeText) -> usize {
        self.sites.iter().position(|(known, _)| known == id).unwrap_or(self.sites.len())
    }

    /// Whether a line's site is shown.
    pub fn site_shown(&self, row: &RowView) -> bool {
        self.site.as_ref().is_none_or(|site| *site == row.site)
    }

    /// How many wait for a person on each site, in the order of the sites; sites where nobody waits are left out.
    pub fn waiting_by_site(&self) -> Vec<Waiting<'_>> {
        let mut sites: Vec<Waiting<'_>> =
            self.sites.iter().map(|(id, name)| Waiting { id, name, waiting: 0 }).collect();
        for row in self.rows.values().filter(|row| row.state == Standing::Queued && !row.gone) {
            if let Some(site) = sites.iter_mut().find(|site| *site.id == row.site) {
                site.waiting += 1;
            }
        }
        sites.retain(|site| site.waiting > 0);
        sites
    }
}

/// How many wait for a person on a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting<'a> {
    /// The site's id.
    pub id: &'a SafeText,
    /// Its name.
    pub name: &'a SafeText,
    /// How many.
    pub waiting: usize,
}

/// How many wait on the sites that are not shown.
pub fn elsewhere(state: &State) -> Vec<Waiting<'_>> {
    let Some(shown) = &state.site else { return Vec::new() };
    state.waiting_by_site().into_iter().filter(|site| site.id != shown).collect()
}

/// `shop 2 · docs 1`.
pub fn counts(sites: &[Waiting<'_>]) -> String {
    let words: Vec<String> = sites.iter().map(|site| format!("{} {}", site.name, site.waiting)).collect();
    words.join(" · ")
}

/// Asks which site is shown.
pub(super) fn ask(state: &mut State, fx: &mut Vec<Effect>) {
    let [_, _, ..] = state.sites.as_slice() else {
        return match state.sites.first() {
            Some((_, name)) => {
                let words = [SafeText::literal("there is one site: "), name.clone()];
                toast(state, words.into_iter().collect(), false, fx);
            }
            None => say(state, "the sites are not known yet: no link so far", fx),
        };
    };
    let me = state.me.as_ref().map(|me| me.id);
    let detail = |site: Option<&SafeText>| {
        let rows = || state.rows.values().filter(|row| site.is_none_or(|site| row.site == *site));
        let waiting = rows().filter(|row| row.state == Standing::Queued && !row.gone).count();
        let mine = rows().filter(|row| me.is_some_and(|me| row.in_tab(Tab::Mine, me))).count();
        super::door::line(&match (waiting, mine) {
            (0, 0) => String::new(),
            (n, 0) => format!("{n} waiting"),
            (0, n) => format!("{n} yours"),
            (n, m) => format!("{n} waiting, {m} yours"),
        })
    };
    let mut choices =
        vec![Choice { label: SafeText::literal("All sites"), detail: detail(None), value: ALL.to_owned() }];
    choices.extend(state.sites.iter().map(|(id, name)| Choice {
        label: name.clone(),
        detail: detail(Some(id)),
        value: id.as_str().to_owned(),
    }));
    let mut prompt = Prompt::choice(Ask::Site, "sites", "one site or all; Enter shows it", choices);
    prompt.at = state.site.as_ref().map_or(0, |site| state.site_place(site) + 1).min(state.sites.len());
    prompt::open(state, prompt);
}

/// Shows one site, or all.
pub(super) fn choose(state: &mut State, value: &str, fx: &mut Vec<Effect>) -> Result<(), SafeText> {
    let site = state.sites.iter().find(|(id, _)| id.as_str() == value).map(|(id, _)| id.clone());
    if site.is_none() && value != ALL {
        return Err(SafeText::literal("there is no such site any more"));
    }
    state.site = site;
    state.stale = true;
    state.settle();
    state.settle_others();
    if state.tab() == Tab::Resolved {
        super::commands::fetch_resolved(state, fx);
    }
    let words = match &state.site {
        None => SafeText::literal("all sites are shown"),
        Some(site) => {
            let name = state.site_name(site).clone();
            [name, SafeText::literal(" only; others still alert you")].into_iter().collect()
        }
    };
    toast(state, words, false, fx);
    Ok(())
}
