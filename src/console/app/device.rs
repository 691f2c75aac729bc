//! A browser's own account of itself, in a few sober words: `Firefox 140 · Linux`; and the time zone it runs in.
//!
//! Knows the handful of browsers and systems nearly all visitors have; everything else is shown as it came, shortened. What a
//! browser says of itself is a claim. Refused here: guessing versions of systems, models of telephones, and robots' names.

use jiff::tz::TimeZone;

use super::door::line;
use crate::text::SafeText;

/// Cells an unknown account is cut to.
const UNKNOWN: usize = 48;

/// What tells a browser, the first that is there counts: most call themselves several things for old times' sake.
const BROWSERS: [(&str, &str); 9] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
];

/// What tells a system.
const SYSTEMS: [(&str, &str); 7] = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows NT", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// A user agent in words; none for an empty one.
pub fn words(user_agent: &str) -> Option<SafeText> {
    let told = user_agent.trim();
    if told.is_empty() {
        return None;
    }
    let browser = BROWSERS.iter().find_map(|(token, name)| {
        let (_, after) = told.split_once(token)?;
        // `Version/` is said by Safari only where `Safari/` is said too.
        (*name != "Safari" || told.contains("Safari/")).then(|| {
            let version: String = after.chars().take_while(char::is_ascii_digit).take(4).collect();
            if version.is_empty() { (*name).to_owned() } else { format!("{name} {version}") }
        })
    });
    let system = SYSTEMS.iter().find(|(token, _)| told.contains(token)).map(|(_, name)| *name);
    Some(match (browser, system) {
        (Some(browser), Some(system)) => line(&format!("{browser} · {system}")),
        (Some(browser), None) => line(&browser),
        (None, _) => line(told).truncated(UNKNOWN),
    })
}

/// A visitor's time zone.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    /// Its name, as told.
    pub name: SafeText,
    /// Its rules; none: this system knows no such zone.
    pub rules: Option<TimeZone>,
}

impl Zone {
    /// The zone of a name. Rules are looked up only for another name than before: the table of zones is the system's, and a
    /// visitor may tell a name that is not in it with every page.
    pub(super) fn of(name: Option<&str>, before: Option<&Zone>) -> Option<Self> {
        let name = name.filter(|name| !name.is_empty() && name.len() <= 64)?;
        let shown = line(name);
        match before {
            Some(known) if known.name == shown => Some(known.clone()),
            _ => Some(Self { rules: TimeZone::get(name).ok(), name: shown }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_ones_are_told_and_the_others_shown_shortened() {
        for (told, words_wanted) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox 140 · Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0",
                "Edge 138 · Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
                "Safari 18 · macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/138.0 Mobile/15E148 Safari/604.1",
                "Chrome 138 · iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 15; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
                "Samsung Internet 28 · Android",
            ),
            ("curl/8.9.1", "curl/8.9.1"),
            ("Firefox/", "Firefox"),
        ] {
            assert_eq!(words(told).map(|w| w.to_string()).as_deref(), Some(words_wanted));
        }
        assert_eq!(words("  "), None);
        let long = words(&"x".repeat(5_000)).expect("something");
        assert_eq!(long.cells(), UNKNOWN);
        let hostile = words("evil\u{1b}]0;x\u{7} \u{202e}thing").expect("something");
        assert!(!hostile.as_str().chars().any(char::is_control), "{hostile}");
    }
}
