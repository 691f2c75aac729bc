//! The file `baton init` writes: the shipped default, every key with its explanation, with the answers in their places.

use std::path::Path;

use super::super::site::{as_written, string, strings};
use super::answers::{Answers, is_here};

const DEFAULT: &str = include_str!("../../../assets/default.toml");

/// The text of a configuration for these answers, to stand at `file`.
pub(super) fn render(answers: &Answers, file: &Path) -> String {
    let mut text = DEFAULT.to_owned();
    let mut fill = |table: &str, key: &str, value: String| text = filled(&text, table, key, &value);
    if let Some(listen) = answers.reached.listen {
        fill("[server]", "listen", string(&listen.to_string()));
    }
    if let Some(url) = &answers.reached.public_url {
        fill("[server]", "public_url", string(url));
    }
    fill("[[site]]", "id", string(answers.id.as_str()));
    fill("[[site]]", "name", string(&answers.name));
    if let Some(docs) = &answers.docs {
        fill("[[site]]", "docs", string(&as_written(docs, file)));
    }
    fill("[[site]]", "origins", strings(answers.origin.as_slice()));
    fill("[[site]]", "loopback_origins", is_here(answers.origin.as_deref()).to_string());
    text
}

/// The text with the value of a key of one table, where it stands as itself or in a comment. A key the default does not
/// have is left out.
fn filled(text: &str, table: &str, key: &str, value: &str) -> String {
    let begins = format!("{key} = ");
    let (mut within, mut done) = (false, false);
    let lines = text.lines().map(|line| {
        if line.starts_with('[') {
            within = line == table;
        }
        if within && !done && line.trim_start_matches("# ").starts_with(&begins) {
            done = true;
            return format!("{begins}{value}\n");
        }
        format!("{line}\n")
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::super::answers::Reached;
    use super::*;
    use crate::conversation::SiteId;
    use crate::server::ServerConfig;

    #[test]
    fn the_answers_stand_in_it_and_every_key_stays_explained() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(dir.path().join("help")).expect("a folder");
        std::fs::write(dir.path().join("help/a.md"), "# A\n\nWords.").expect("written");
        let answers = Answers {
            name: "The \"Shop\"".into(),
            id: SiteId::new("the-shop").expect("an id"),
            docs: Some("help".into()),
            origin: Some("https://shop.test".into()),
            reached: Reached {
                listen: Some("127.0.0.1:9000".parse().expect("an address")),
                public_url: None,
            },
            agent: "Ada".into(),
        };
        let file = dir.path().join("baton.toml");
        let help = dir.path().join("help");
        let text = render(&Answers { docs: Some(help), ..answers.clone() }, &file);
        let config = ServerConfig::parse(&file, &text).expect("the server takes it");
        let site = &config.sites[0];
        assert_eq!((site.id.as_str(), site.name.as_str()), ("the-shop", "The \"Shop\""));
        assert_eq!(site.origins, ["https://shop.test"]);
        assert!(!site.loopback_origins && !site.index.passages().is_empty());
        assert_eq!(config.listen, answers.reached.listen);
        assert_eq!(text.lines().count(), DEFAULT.lines().count());

        let here = Answers { docs: None, origin: None, reached: Reached::default(), ..answers };
        let config = ServerConfig::parse(&file, &render(&here, &file)).expect("the server takes it");
        assert!(config.sites[0].loopback_origins && config.sites[0].origins.is_empty());
    }
}
