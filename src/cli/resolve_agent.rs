//! From what a person types to an agent: a name, the beginning of one, or an id.

use super::Failure;
use super::out::inert;
use crate::protocol::AgentInfo;
use crate::settings::nearest;

/// Most names an error lists.
const LISTED: usize = 12;

/// Finds the agent. A whole name wins over the beginning of another; case does not matter.
pub(super) fn find<'a>(agents: &'a [AgentInfo], typed: &str) -> Result<&'a AgentInfo, Failure> {
    let wanted = typed.trim().to_lowercase();
    if wanted.is_empty() {
        return Err(Failure::Usage("which agent? The name is empty".into()));
    }
    if let Some(agent) = agents.iter().find(|a| a.id.to_string() == wanted) {
        return Ok(agent);
    }
    let whole: Vec<&AgentInfo> = agents.iter().filter(|a| a.name.to_lowercase() == wanted).collect();
    let fits = match whole.is_empty() {
        false => whole,
        true => agents.iter().filter(|a| a.name.to_lowercase().starts_with(&wanted)).collect(),
    };
    match fits[..] {
        [agent] => Ok(agent),
        [] => {
            let names: Vec<String> = agents.iter().map(|a| a.name.to_lowercase()).collect();
            let known: Vec<&str> = names.iter().map(String::as_str).collect();
            let near = nearest(&wanted, &known)
                .and_then(|near| agents.iter().find(|a| a.name.to_lowercase() == near))
                .map(|agent| format!("did you mean {}?", inert(&agent.name)));
            let hint = near.unwrap_or_else(|| format!("agents are {}", list(agents.iter(), false)));
            Err(Failure::Refused(format!("there is no agent “{}”; {hint}", inert(typed))))
        }
        _ => Err(Failure::Refused(format!(
            "“{}” may be {}; type more of the name, or the id",
            inert(typed),
            list(fits.iter().copied(), true)
        ))),
    }
}

/// Names in a sentence; with ids where names alone may not tell them apart.
fn list<'a>(agents: impl Iterator<Item = &'a AgentInfo>, ids: bool) -> String {
    let mut names: Vec<String> =
        agents.map(|a| if ids { format!("{} ({})", inert(&a.name), a.id) } else { inert(&a.name) }).collect();
    names.sort();
    let more = names.len().saturating_sub(LISTED);
    names.truncate(LISTED);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn agents(names: &[&str]) -> Vec<AgentInfo> {
        let agent = |(n, name): (u128, &&str)| {
            let value = json!({
                "id": uuid::Uuid::from_u128(n), "name": name, "role": "agent", "present": true,
                "availability": { "available": true },
            });
            serde_json::from_value(value).expect("an agent")
        };
        (1..).zip(names).map(agent).collect()
    }

    #[test]
    fn names_and_their_beginnings() {
        let agents = agents(&["Ada", "Adam", "Bea", "Özil"]);
        for (typed, name) in [
            ("Ada", "Ada"),
            ("ada", "Ada"),
            ("adam", "Adam"),
            (" b ", "Bea"),
            ("özil", "Özil"),
            ("00000000-0000-0000-0000-000000000003", "Bea"),
        ] {
            assert_eq!(find(&agents, typed).expect(typed).name, name, "{typed}");
        }
        for (typed, words) in [
            ("ad", "Ada (0000"),
            ("beaa", "did you mean Bea?"),
            ("nobody at all", "agents are Ada, Adam, Bea, Özil"),
            ("\u{1b}[2J", "“␛[2J”"),
            ("", "empty"),
        ] {
            let failure = find(&agents, typed).expect_err(typed);
            assert!(failure.words().is_some_and(|w| w.contains(words)), "{typed}: {failure:?}");
        }
    }
}
