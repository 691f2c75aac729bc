//! Answers to requests, and the little that visitors' and agents' requests have in common.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::protocol::{WireError, encode_response};

/// A response that all is well.
pub(super) fn good<T: Serialize>(id: &str, d: &T, seq: Option<u64>) -> String {
    encode_response(id, Ok(d), seq).expect("answers are plain data")
}

/// A response that it is not.
pub(super) fn refusal(id: &str, error: &WireError) -> String {
    encode_response(id, Err::<&(), _>(error), None).expect("errors are plain data")
}

/// The id of a frame that could not be understood, as far as it has one.
pub(super) fn id_of(text: &str) -> String {
    #[derive(Deserialize)]
    struct Lenient<'a> {
        #[serde(borrow)]
        id: Cow<'a, str>,
    }
    let id = serde_json::from_str::<Lenient<'_>>(text).map(|l| l.id).unwrap_or_default();
    if id.len() <= 64 { id.into_owned() } else { String::new() }
}

/// A text that came with a NUL: no editor makes one, and stores and terminals end words there.
pub(super) fn no_nul(text: &str) -> Result<(), WireError> {
    if text.contains('\0') {
        return Err(WireError::bad_request("text with a NUL character is not taken; nothing was saved"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_broken_frame_is_found_where_there_is_one() {
        assert_eq!(id_of(r#"{"t":"req","id":"r1","op":"x","surprise":1}"#), "r1");
        assert_eq!(id_of(r#"{"id":"a\"b"}"#), "a\"b");
        assert_eq!(id_of("not json"), "");
        assert_eq!(id_of(&format!(r#"{{"id":"{}"}}"#, "x".repeat(65))), "");
    }
}
