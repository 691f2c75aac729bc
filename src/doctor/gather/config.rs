//! The configuration, read as far as it can be: what is wrong with one site's docs or origins hides nothing else.

use std::path::{Path, PathBuf};

use toml_edit::{Document, Item, Table, Value};

use crate::doctor::facts::{ConfigSeen, FolderSeen, SiteSeen};
use crate::doctor::internet::Internet;
use crate::knowledge;
use crate::server::ServerConfig;
use crate::settings::ConfigError;

/// The name a configuration has if nobody names one.
const NAME: &str = "baton.toml";
/// Wrong keys passed over before the file counts as wrong altogether.
const PASSED: usize = 64;

/// Reads `named`, else `baton.toml` here, else the demonstration site a server would serve.
pub(super) fn config(named: Option<&Path>) -> ConfigSeen {
    let file = named.map_or_else(|| PathBuf::from(NAME), Path::to_owned);
    let mut seen = ConfigSeen {
        file: file.clone(),
        there: true,
        named: named.is_some(),
        error: None,
        sites: Vec::new(),
        internet: Internet::default(),
        listen: None,
    };
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            seen.there = false;
            if named.is_none() {
                let site =
                    |config| SiteSeen { config, docs: Vec::new(), docs_error: None, origins_error: None };
                seen.sites = ServerConfig::demo().sites.into_iter().map(site).collect();
            }
            return seen;
        }
        Err(e) => {
            let message = match e.kind() {
                std::io::ErrorKind::InvalidData => "the file is not UTF-8 text".to_owned(),
                _ => format!("the file cannot be read: {e}"),
            };
            seen.error = Some(ConfigError { file, line: None, key: None, message });
            return seen;
        }
    };
    seen.internet = Internet::read(&file, &text);
    let (parsed, passed) = lenient(&file, &text);
    match parsed {
        Err(error) => {
            // Where the server is can be looked at all the same.
            let table: toml::Table = text.parse().unwrap_or_default();
            let listen = table.get("server").and_then(|server| server.get("listen"));
            seen.listen = listen.and_then(toml::Value::as_str).and_then(|listen| listen.parse().ok());
            seen.error = Some(error);
        }
        Ok(parsed) => {
            seen.listen = parsed.listen;
            let base = file.parent().unwrap_or(Path::new(""));
            for (at, config) in parsed.sites.into_iter().enumerate() {
                let error =
                    |key: &str| passed.iter().find(|p| p.site == at && p.key == key).map(|p| p.error.clone());
                let docs = if error("docs").is_some() { Vec::new() } else { folders(&text, base, at) };
                let (docs_error, origins_error) = (error("docs"), error("origins"));
                seen.sites.push(SiteSeen { config, docs, docs_error, origins_error });
            }
        }
    }
    seen
}

/// A key of a site that was passed over.
struct Passed {
    site: usize,
    key: &'static str,
    error: ConfigError,
}

/// Parses; where a site's docs or origins are wrong, that is noted and it is parsed again without them. They are blanked
/// out, so that the lines of all other errors stay true.
fn lenient(file: &Path, text: &str) -> (Result<ServerConfig, ConfigError>, Vec<Passed>) {
    let mut text = text.to_owned();
    let mut passed = Vec::new();
    loop {
        let error = match ServerConfig::parse(file, &text) {
            Ok(parsed) => return (Ok(parsed), passed),
            Err(error) => error,
        };
        let key = match error.key.as_deref() {
            Some("site.docs") => "docs",
            Some("site.origins") => "origins",
            _ => return (Err(error), passed),
        };
        let place = error.line.and_then(|line| place(&text, key, line));
        let Some((site, span)) = place.filter(|_| passed.len() < PASSED) else {
            return (Err(error), passed);
        };
        let blank: String = text[span.clone()]
            .chars()
            .flat_map(|c| if c == '\n' { vec!['\n'] } else { vec![' '; c.len_utf8()] })
            .collect();
        text.replace_range(span, &blank);
        passed.push(Passed { site, key, error });
    }
}

/// The site whose key stands on this line, and where key and value stand.
fn place(text: &str, key: &str, line: usize) -> Option<(usize, std::ops::Range<usize>)> {
    let doc = Document::parse(text).ok()?;
    let lines = |at: usize| text[..at].matches('\n').count() + 1;
    doc.get("site")?.as_array_of_tables()?.iter().enumerate().find_map(|(at, site)| {
        let from = site.key(key)?.span()?.start;
        let to = site.get(key)?.span()?.end;
        (lines(from) <= line && line <= lines(to)).then_some((at, from..to))
    })
}

fn folders(text: &str, base: &Path, site: usize) -> Vec<FolderSeen> {
    let Ok(doc) = Document::parse(text) else { return Vec::new() };
    let all: Vec<&Table> = doc.get("site").and_then(Item::as_array_of_tables).into_iter().flatten().collect();
    let docs = all.get(site).and_then(|site| site.get("docs"));
    let names: Vec<&str> = match docs.and_then(Item::as_value) {
        Some(Value::String(one)) => vec![one.value()],
        Some(Value::Array(some)) => some.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let seen = |name: &str| {
        let path = base.join(name);
        let (passages, warnings) = knowledge::load_dir(&path).unwrap_or_default();
        let mut pages: Vec<&str> = passages.iter().map(|p| p.page.as_str()).collect();
        pages.sort_unstable();
        pages.dedup();
        FolderSeen {
            pages: pages.len(),
            passages: passages.len(),
            skipped: warnings.iter().map(|w| format!("{}: {}", w.file, w.problem)).collect(),
            path,
        }
    };
    names.into_iter().map(seen).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wrong_site_hides_nothing_else() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(dir.path().join("help")).expect("a folder");
        std::fs::write(dir.path().join("help/a.md"), "# A\n\nWords.").expect("written");
        std::fs::write(dir.path().join("help/b.png"), "x").expect("written");
        let file = dir.path().join("baton.toml");
        let text = "[[site]]\nid = \"a\"\ndocs = \"gone\"\norigins = [\n  \"https://é.example/x\",\n]\n\n[[site]]\nid = \"b\"\ndocs = [\"help\"]\norigins = [\"*\"]\n";
        std::fs::write(&file, text).expect("written");
        let seen = config(Some(&file));
        assert!(seen.error.is_none(), "{:?}", seen.error);
        let line = |e: &Option<ConfigError>| e.as_ref().and_then(|e| e.line);
        assert_eq!((line(&seen.sites[0].docs_error), line(&seen.sites[0].origins_error)), (Some(3), Some(5)));
        assert_eq!((line(&seen.sites[1].docs_error), line(&seen.sites[1].origins_error)), (None, Some(11)));
        let folder = &seen.sites[1].docs[0];
        assert_eq!((folder.pages, folder.passages, folder.skipped.len()), (1, 1, 1));

        std::fs::write(&file, format!("{text}nonsense = 1\n")).expect("written");
        assert_eq!(line(&config(Some(&file)).error), Some(12));
        let missing = config(Some(&dir.path().join("no.toml")));
        assert!(!missing.there && missing.sites.is_empty());
    }
}
