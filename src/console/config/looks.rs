//! `[looks]` of `console.toml`: what is drawn with.

use serde::Deserialize;

use crate::console::ui::Glyphs;

/// What opens a link where nothing is set.
const OPENER: &str = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };

/// `[looks]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Looks {
    /// `glyphs = "unicode"` or `"ascii"`; none: what locale and terminal suggest.
    pub glyphs: Option<Glyphs>,
    /// Whether our own lines about links carry them (OSC 8); none: where the terminal is known to take them.
    pub links: Option<bool>,
    /// Whether click and wheel are the console's; a key leaves them to the terminal meanwhile.
    pub mouse: bool,
    /// The program links are opened with, and its words; the address comes last. Empty: none, links are copied.
    pub open: Vec<String>,
}

impl Default for Looks {
    fn default() -> Self {
        Self { glyphs: None, links: None, mouse: true, open: vec![OPENER.to_owned()] }
    }
}
