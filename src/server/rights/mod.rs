//! Who may do what: one row an operation of agents and visitors, and one a page.
//!
//! The server asks [`check`] before it carries out an agent's operation; what a row says about single conversations is decided
//! where they are (`conversation::decide`, `engine::block`), and `tests/server_rights.rs` holds every row against a running
//! server. An operation without a row does not compile; a row that is not in its list, and a page without one, fail a test.
//! The README's table is made from here. Refused here: rights of commands on the server's machine: there, whoever owns the data
//! folder may do everything.

mod rows;

use crate::conversation::Role;
use crate::protocol::{AgentOp, WireError};

pub use rows::{AGENT, Route, VISITOR, of_agent, of_visitor};

/// What somebody may do an operation to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum May {
    /// Nothing.
    No,
    /// What is their own: the conversations they hold, the blocks they made; a visitor's own conversation.
    Own,
    /// The conversations they hold and those that nobody holds, of their sites.
    OwnOrUnheld,
    /// Everything of their sites.
    Site,
    /// There is nothing to distinguish.
    Yes,
}

impl May {
    /// As the table in the README says it.
    pub fn word(self) -> &'static str {
        match self {
            May::No => "no",
            May::Own => "own",
            May::OwnOrUnheld => "own, unheld",
            May::Site => "their sites",
            May::Yes => "yes",
        }
    }
}

/// An agent's operation.
#[derive(Debug, PartialEq, Eq)]
pub struct AgentRow {
    /// Its name on the wire; where it has two rows, with what tells them apart behind a blank.
    pub name: &'static str,
    /// What it is, for people.
    pub what: &'static str,
    /// An agent's right.
    pub agent: May,
    /// A supervisor's right.
    pub supervisor: May,
    /// An admin's right.
    pub admin: May,
}

impl AgentRow {
    /// The right of this role.
    pub fn may(&self, role: Role) -> May {
        match role {
            Role::Agent => self.agent,
            Role::Supervisor => self.supervisor,
            Role::Admin => self.admin,
        }
    }
}

/// A visitor's operation: all of them concern their own conversation alone, and a blocked visitor has none.
#[derive(Debug, PartialEq, Eq)]
pub struct VisitorRow {
    /// Its name on the wire.
    pub name: &'static str,
    /// What it is, for people.
    pub what: &'static str,
}

/// Refuses what a role may not do at all.
///
/// # Errors
/// `auth.forbidden`, in words.
pub fn check(role: Role, op: &AgentOp) -> Result<(), WireError> {
    let row = of_agent(op);
    if row.may(role) != May::No {
        return Ok(());
    }
    let lowest = [Role::Supervisor, Role::Admin].into_iter().find(|role| row.may(*role) != May::No);
    let who = lowest.map_or("nobody", Role::word);
    let words =
        format!("{} is for role {who} and above; yours is {}. Nothing was changed", row.what, role.word());
    Err(WireError::new("auth.forbidden", words))
}

/// The table for the README, as Markdown.
pub fn table_markdown() -> String {
    let mut text = String::from("| operation | agent | supervisor | admin |\n| --- | --- | --- | --- |\n");
    for row in AGENT {
        let [agent, supervisor, admin] = [row.agent, row.supervisor, row.admin].map(May::word);
        text.push_str(&format!("| {} (`{}`) | {agent} | {supervisor} | {admin} |\n", row.what, row.name));
    }
    let visitors: Vec<String> = VISITOR.iter().map(|row| format!("{} (`{}`)", row.what, row.name)).collect();
    text.push_str(&format!(
        "\nA visitor, in their own conversation and unless blocked: {}.\n",
        visitors.join(", ")
    ));
    let pages: Vec<String> =
        Route::ALL.iter().map(|route| format!("`{}` ({})", route.path(), route.who())).collect();
    text.push_str(&format!("\nAddresses: {}. All else is not found.\n", pages.join(", ")));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every address the router answers at stands in the table, and every address of the table is answered at.
    #[test]
    fn the_router_has_no_address_without_a_row() {
        let source: String = include_str!("../routes.rs").split_whitespace().collect();
        assert!(
            !source.contains(".route(\""),
            "routes are named by Route::…: give the new one a row in rights/rows.rs"
        );
        for route in Route::ALL {
            let named = format!(".route(Route::{route:?}.path()");
            assert!(source.contains(&named), "{route:?} has a row and no handler");
        }
    }

    #[test]
    fn a_higher_role_may_never_do_less() {
        let rank = |may: May| match may {
            May::No => 0,
            May::Own => 1,
            May::OwnOrUnheld => 2,
            May::Site | May::Yes => 3,
        };
        for row in AGENT {
            assert!(rank(row.agent) <= rank(row.supervisor), "{}", row.name);
            assert!(rank(row.supervisor) <= rank(row.admin), "{}", row.name);
        }
    }
}
