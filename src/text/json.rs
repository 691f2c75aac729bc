//! JSON that no terminal acts on.

/// Escapes what JSON allows raw and a terminal acts on: DEL, C1, bidirectional controls, separators and tags. In JSON
/// text such characters stand inside strings only, where the escape means the same: nothing is lost.
///
/// ```
/// assert_eq!(baton::text::inert_json("\"a\u{202e}\""), "\"a\\u202e\"");
/// ```
pub fn inert_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if acts(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

fn acts(c: char) -> bool {
    matches!(c,
        '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_terminal_acts_on_is_escaped() {
        let json =
            serde_json::to_string("a\u{1b}[31m\u{9b}31m\u{202e}\u{7f}\u{e0041}é你").expect("has a form");
        assert_eq!(inert_json(&json), r#""a\u001b[31m\u009b31m\u202e\u007f\udb40\udc41é你""#);
    }

    proptest! {
        #[test]
        fn escaping_changes_no_meaning(text in any::<String>()) {
            let json = serde_json::to_string(&text).expect("has a form");
            let escaped = inert_json(&json);
            prop_assert!(!escaped.chars().any(|c| c.is_control() || acts(c)));
            prop_assert_eq!(serde_json::from_str::<String>(&escaped).expect("is JSON"), text);
        }
    }
}
