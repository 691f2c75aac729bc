//! Everything that is wrong with a `console.toml`, not only what a reader stumbles over first.
//!
//! The reader stops at the first error, so its lines are blanked out and it reads again. Blanks keep the length: what is
//! found later stands at its own line. Refused: going on after what is no TOML, where every guess would be one.

use std::ops::Range;
use std::path::Path;

use super::Config;
use crate::settings::{ConfigError, Source};

/// So many errors are told.
const MOST: usize = 50;

/// The settings as far as they are right, and all that is wrong, in the order of the file. The keys are left as written:
/// with an error among them they make no keymap.
pub fn all(file: &Path, text: &str) -> (Config, Vec<ConfigError>) {
    let source = Source { file, text };
    let mut errors: Vec<ConfigError> = Vec::new();
    let mut left = text.to_owned();
    let mut config = Config::default();
    while errors.len() < MOST {
        match toml::from_str::<Config>(&left) {
            Ok(read) => {
                // What cannot be a keymap is told now, with its line, and not when the console opens.
                errors.extend(read.keys.keymap(source).err().unwrap_or_default());
                config = read;
                break;
            }
            Err(error) => {
                errors.push(source.toml(&error));
                let Some(span) = error.span().filter(|_| left.parse::<toml::Table>().is_ok()) else { break };
                let lines = lines(&left, &span);
                if left[lines.clone()].trim().is_empty() {
                    break;
                }
                left = blanked(&left, lines);
            }
        }
    }
    errors.sort_by_key(|error| error.line);
    (config, errors)
}

/// The lines of an error; of a table's head, all down to the next head: its keys must not become the table's before.
fn lines(text: &str, span: &Range<usize>) -> Range<usize> {
    let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let last = span.end.max(span.start + 1).min(text.len());
    let mut end = text[last.saturating_sub(1)..].find('\n').map_or(text.len(), |at| last - 1 + at + 1);
    if text[start..].trim_start().starts_with('[') {
        while end < text.len() && !text[end..].trim_start_matches(' ').starts_with('[') {
            end = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
        }
    }
    start..end
}

fn blanked(text: &str, lines: Range<usize>) -> String {
    let blank: String =
        text[lines.clone()].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect();
    format!("{}{blank}{}", &text[..lines.start], &text[lines.end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_of_every_section_is_told_in_order() {
        let text = "[looks]\nmous = true\nmouse = 3\n\n[nowhere]\nnote = 1\n\n[keys.panes]\nresolv = \"E\"\nhelp = []\nnote = \"ctrl-spce\"\n[composer]\nmacros = \"texts\"\n";
        let (config, errors) = all(Path::new("console.toml"), text);
        let lines: Vec<_> = errors.iter().map(|error| error.line).collect();
        assert_eq!(lines, [Some(2), Some(3), Some(5), Some(9), Some(11)], "{errors:#?}");
        assert_eq!(config.composer.macros, "texts", "what is right is read");
    }

    #[test]
    fn what_is_no_toml_is_one_error() {
        let (_, errors) = all(Path::new("console.toml"), "[keys\nnote = 1\n");
        assert_eq!(errors.len(), 1, "{errors:?}");
    }

    #[test]
    fn a_value_over_several_lines_ends_the_search_for_no_other() {
        let text = "[looks]\nmouse = [\n  \"é\",\n]\n[composer]\nnone = 1\n";
        let (_, errors) = all(Path::new("console.toml"), text);
        assert_eq!(
            errors.iter().map(|error| error.line).collect::<Vec<_>>(),
            [Some(2), Some(6)],
            "{errors:?}"
        );
    }
}
