//! What a console may write to a terminal, as a list: everything else is foreign.
//!
//! A parser of its own, byte by byte, that knows neither how the console writes nor what the emulator of the other tests lets
//! pass. Allowed are printable text, the bell, and: where the cursor goes, styles of sixteen colours, clearing, the modes a
//! console takes and gives back (the cursor among them), a title of fixed words and counts, and links (OSC 8) to addresses of
//! the schemes that are opened, each closed before the frame ends.
#![allow(dead_code, reason = "each test file uses its part")]

/// Where in a sequence the parser is.
#[derive(Debug, Default)]
enum Place {
    #[default]
    Ground,
    Escape,
    Csi(Vec<u8>),
    Osc(Vec<u8>),
    /// An ESC inside an OSC: its end, or nothing of ours.
    OscEscape(Vec<u8>),
}

/// A stream, as far as it came.
#[derive(Debug, Default)]
pub struct Stream {
    place: Place,
    /// Bytes of a character that is not whole yet.
    utf8: Vec<u8>,
    /// What is none of ours, in the order it came.
    pub foreign: Vec<String>,
    pub bells: usize,
    pub titles: Vec<String>,
    /// The address of the link that is open.
    open: Option<String>,
    /// Modes that are set, as they were named.
    pub modes: std::collections::BTreeSet<String>,
}

/// The modes a console takes: cursor, alternate screen, focus, mouse, bracketed paste.
const MODES: [&str; 9] = ["?25", "?1049", "?1004", "?1000", "?1002", "?1003", "?1006", "?1007", "?2004"];

/// Whether a title is made of fixed words and counts.
pub fn is_title(title: &str) -> bool {
    let count = |words: &str, what: &str| {
        words.strip_suffix(what).is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    title.is_empty()
        || title == "baton"
        || title.strip_prefix("baton: ").is_some_and(|rest| {
            rest.split(", ").all(|part| count(part, " waiting") || count(part, " to answer"))
        })
}

/// Whether an address is what our parser puts out.
pub fn is_address(address: &str) -> bool {
    let scheme = ["https://", "http://", "mailto:"].iter().any(|scheme| address.starts_with(scheme));
    scheme && address.bytes().all(|b| b.is_ascii_graphic())
}

impl Stream {
    /// All of a stream at once; the parser must end where it began.
    pub fn whole(bytes: &[u8]) -> Self {
        let mut stream = Self::default();
        stream.push(bytes);
        stream.end();
        stream
    }

    /// The next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.byte(*byte);
        }
    }

    /// Nothing comes any more, or a frame is over.
    pub fn end(&mut self) {
        if !matches!(self.place, Place::Ground) || !self.utf8.is_empty() {
            let rest = format!("an unfinished {:?} {:?}", self.place, self.utf8);
            self.foreign.push(rest);
        }
        if let Some(address) = &self.open {
            self.foreign.push(format!("the link {address} is left open"));
        }
    }

    fn byte(&mut self, byte: u8) {
        match std::mem::take(&mut self.place) {
            Place::Ground => self.ground(byte),
            Place::Escape => match byte {
                b'[' => self.place = Place::Csi(Vec::new()),
                b']' => self.place = Place::Osc(Vec::new()),
                _ => self.foreign.push(format!("ESC {:?}", char::from(byte))),
            },
            Place::Csi(mut body) => match byte {
                0x40..=0x7e => self.csi(&body, byte),
                0x20..=0x3f => {
                    body.push(byte);
                    self.place = Place::Csi(body);
                }
                _ => self.foreign.push(format!("{byte:#x} inside CSI {:?}", String::from_utf8_lossy(&body))),
            },
            Place::Osc(mut body) => match byte {
                0x1b => self.place = Place::OscEscape(body),
                // We end ours with ST.
                0x20..=0x7e => {
                    body.push(byte);
                    self.place = Place::Osc(body);
                }
                _ => self.foreign.push(format!("{byte:#x} inside OSC {:?}", String::from_utf8_lossy(&body))),
            },
            Place::OscEscape(body) if byte == b'\\' => self.osc(&String::from_utf8_lossy(&body)),
            Place::OscEscape(body) => {
                self.foreign.push(format!("an OSC cut short: {:?}", String::from_utf8_lossy(&body)));
            }
        }
    }

    fn ground(&mut self, byte: u8) {
        if self.utf8.is_empty() {
            match byte {
                0x1b => return self.place = Place::Escape,
                0x07 => return self.bells += 1,
                0x20..=0x7e => return,
                0x00..=0x1f | 0x7f => return self.foreign.push(format!("the control character {byte:#x}")),
                _ => {}
            }
        }
        self.utf8.push(byte);
        match std::str::from_utf8(&self.utf8) {
            Ok(text) => {
                let c = text.chars().next().unwrap_or_default();
                if !printable(c) {
                    self.foreign.push(format!("U+{:04X}", u32::from(c)));
                }
                self.utf8.clear();
            }
            Err(error) if error.error_len().is_some() || self.utf8.len() > 3 => {
                self.foreign.push(format!("no UTF-8: {:?}", self.utf8));
                self.utf8.clear();
            }
            Err(_) => {}
        }
    }

    fn csi(&mut self, body: &[u8], last: u8) {
        let body = String::from_utf8_lossy(body).into_owned();
        let numbers = || body.split(';').map(|n| n.parse::<u16>());
        let ours = match last {
            b'H' => body.is_empty() || (numbers().count() == 2 && numbers().all(|n| n.is_ok())),
            b'm' => numbers().all(|n| matches!(n, Ok(0..=4 | 7 | 30..=37 | 40..=47 | 90..=97 | 100..=107))),
            b'J' => body == "2",
            // The title put aside and back; keys told apart and no longer.
            b't' => body == "22;0" || body == "23;0",
            b'u' => body == ">1" || body == "<",
            b'h' | b'l' => body.split(';').all(|mode| MODES.contains(&mode)),
            _ => false,
        };
        if !ours {
            return self.foreign.push(format!("CSI {body} {:?}", char::from(last)));
        }
        for mode in body.split(';') {
            match last {
                b'h' => drop(self.modes.insert(mode.to_owned())),
                b'l' => drop(self.modes.remove(mode)),
                _ => {}
            }
        }
    }

    fn osc(&mut self, body: &str) {
        if let Some(title) = body.strip_prefix("2;").filter(|title| is_title(title)) {
            self.titles.push(title.to_owned());
        } else if body == "8;;" {
            self.open = None;
        } else if let Some(address) = body.strip_prefix("8;;").filter(|address| is_address(address)) {
            self.open = Some(address.to_owned());
        } else {
            self.foreign.push(format!("OSC {body}"));
        }
    }
}

/// Whether a code point may stand in a cell. In its own words, not the cleaner's.
fn printable(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0e}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e001f}' | '\u{e0080}'..='\u{e0fff}' | '\u{e000}'..='\u{f8ff}')
}
