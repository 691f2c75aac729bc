//! The clipboard, by way of the terminal: OSC 52, through tmux and GNU screen where they stand between.
//!
//! Invariant: what goes out is one sequence of ours around base64, so no text can end it. No terminal says whether it took it.
//! Refused here: reading the clipboard.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What stands between the console and the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Between {
    /// Nothing that is known.
    Nothing,
    /// tmux: it takes OSC 52 itself (`set-clipboard on`), or passes on what is wrapped (`allow-passthrough on`).
    Tmux,
    /// GNU screen: it passes on what is wrapped, in pieces: it cuts strings of more than 768 bytes.
    Screen,
}

/// Bytes of a piece that screen passes on.
const PIECE: usize = 240;

impl Between {
    /// What the environment tells.
    pub fn of(var: impl Fn(&str) -> Option<String>) -> Self {
        let filled = |name: &str| var(name).is_some_and(|value| !value.is_empty());
        if filled("TMUX") {
            Self::Tmux
        } else if filled("STY") {
            Self::Screen
        } else {
            Self::Nothing
        }
    }

    /// The sequence that puts a text on the clipboard.
    pub fn copy(self, text: &str) -> Vec<u8> {
        let coded = STANDARD.encode(text);
        let plain = format!("\x1b]52;c;{coded}\x1b\\");
        match self {
            Self::Nothing => plain.into_bytes(),
            Self::Tmux => {
                let wrapped = plain.replace('\x1b', "\x1b\x1b");
                format!("\x1bPtmux;{wrapped}\x1b\\{plain}").into_bytes()
            }
            Self::Screen => {
                let whole = format!("\x1b]52;c;{coded}\x07");
                let mut out = Vec::with_capacity(whole.len() + whole.len() / PIECE * 4 + 4);
                for piece in whole.as_bytes().chunks(PIECE) {
                    out.extend_from_slice(b"\x1bP");
                    out.extend_from_slice(piece);
                    out.extend_from_slice(b"\x1b\\");
                }
                out
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_stands_between_the_text_arrives() {
        assert_eq!(Between::Nothing.copy("hello"), b"\x1b]52;c;aGVsbG8=\x1b\\");
        assert_eq!(
            Between::Tmux.copy("hello"),
            b"\x1bPtmux;\x1b\x1b]52;c;aGVsbG8=\x1b\x1b\\\x1b\\\x1b]52;c;aGVsbG8=\x1b\\"
        );
        let long = Between::Screen.copy(&"x".repeat(1_000));
        let pieces: Vec<u8> = String::from_utf8(long)
            .expect("ASCII")
            .split_inclusive("\x1b\\")
            .flat_map(|piece| {
                assert!(piece.len() <= 768);
                piece.strip_prefix("\x1bP").and_then(|p| p.strip_suffix("\x1b\\")).expect("wrapped").bytes()
            })
            .collect();
        let whole = String::from_utf8(pieces).expect("ASCII");
        let coded =
            whole.strip_prefix("\x1b]52;c;").and_then(|w| w.strip_suffix('\x07')).expect("one sequence");
        assert_eq!(STANDARD.decode(coded).expect("base64"), "x".repeat(1_000).as_bytes());
    }

    #[test]
    fn the_environment_tells() {
        let of = |name: &'static str| Between::of(move |var| (var == name).then(|| "1".to_owned()));
        assert_eq!((of("TMUX"), of("STY"), of("x")), (Between::Tmux, Between::Screen, Between::Nothing));
    }
}
