//! `[composer]` of `console.toml`: writing.

use serde::{Deserialize, Deserializer, de};

/// The longest a sent reply can be held back, seconds.
const HOLD_MOST: u8 = 10;

/// `[composer]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Composer {
    /// `fold_paste_lines`: a paste of more lines than this stands as one word until Ctrl-G shows it. Default 12.
    pub fold_paste_lines: usize,
    /// `hold_s`: a sent reply is held back for so many seconds, and `u` recalls it. 0 to 10, default 0: not at all.
    #[serde(deserialize_with = "hold_s")]
    pub hold_s: u8,
    /// `macros`: the folder of ready texts; `~/` is the home folder, a relative path counts from the folder of
    /// `console.toml`. Default: `macros` beside `console.toml`.
    pub macros: String,
}

impl Default for Composer {
    fn default() -> Self {
        Self { fold_paste_lines: 12, hold_s: 0, macros: "macros".to_owned() }
    }
}

fn hold_s<'de, D: Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
    let seconds = u64::deserialize(from)?;
    u8::try_from(seconds)
        .ok()
        .filter(|seconds| *seconds <= HOLD_MOST)
        .ok_or_else(|| de::Error::custom(format!("hold_s is 0 to {HOLD_MOST} seconds, not {seconds}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::config::Config;
    use std::path::Path;

    #[test]
    fn keys_are_read_and_wrong_ones_named() {
        let parse = |text: &str| Config::parse(Path::new("console.toml"), text);
        let config =
            parse("[composer]\nhold_s = 10\nfold_paste_lines = 3\nmacros = \"~/m\"\n").expect("is right");
        assert_eq!(config.composer, Composer { fold_paste_lines: 3, hold_s: 10, macros: "~/m".into() });
        let wrong = parse("[composer]\nhold_s = 11\n").expect_err("is too long").to_string();
        assert!(wrong.contains("line 2") && wrong.contains("0 to 10 seconds"), "{wrong}");
        let unknown = parse("[composer]\nhold = 1\n").expect_err("is unknown").to_string();
        assert!(unknown.contains("did you mean `hold_s`?"), "{unknown}");
    }
}
