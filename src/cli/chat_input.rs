//! What a visitor in the terminal types: lines from standard input, read by a thread of its own.
//!
//! Invariant: each line arrives whole or is reported as one that cannot be sent; none is cut or skipped in silence (empty
//! ones say nothing and are left out).

use std::io::{BufRead, ErrorKind};

use tokio::sync::mpsc;

/// Longest line sent: the server's limit for a message, 8 KiB.
pub(super) const LONGEST: usize = 8 * 1024;

/// One line of input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    /// Say this.
    Say(String),
    /// `/person`: ask for a person by the button.
    Person,
    /// `/lead NAME EMAIL`: leave contact details.
    Lead { name: Option<String>, email: String },
    /// A line that cannot be sent, and why.
    Bad(String),
}

impl Input {
    /// Reads a line as a visitor means it; none: nothing to say.
    fn of(line: &str) -> Option<Self> {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            return None;
        }
        if trimmed == "/person" {
            return Some(Input::Person);
        }
        if trimmed == "/lead" || trimmed.starts_with("/lead ") {
            let mut words: Vec<&str> = trimmed.split_whitespace().skip(1).collect();
            return Some(match words.pop() {
                Some(email) if email.contains('@') => {
                    let name = (!words.is_empty()).then(|| words.join(" "));
                    Input::Lead { name, email: email.to_owned() }
                }
                _ => Input::Bad("write /lead NAME EMAIL, with the address last".into()),
            });
        }
        Some(Input::Say(line.to_owned()))
    }
}

/// Starts reading. The channel ends with the input; it is bounded, so a fast pipe waits for a slow server.
pub(super) fn start() -> mpsc::Receiver<Input> {
    let (send, receive) = mpsc::channel(16);
    std::thread::spawn(move || read_all(std::io::stdin().lock(), &send));
    receive
}

fn read_all(mut from: impl BufRead, to: &mpsc::Sender<Input>) {
    let mut number: u64 = 0;
    loop {
        let mut line = Vec::new();
        number += 1;
        let input = match read_line(&mut from, &mut line) {
            Ok(None) => return,
            Ok(Some(bytes)) if bytes > LONGEST => Some(Input::Bad(format!(
                "line {number} has {bytes} bytes; at most {LONGEST} are taken. It was not sent"
            ))),
            Ok(Some(_)) => match String::from_utf8(line) {
                Ok(line) => Input::of(&line),
                Err(_) => Some(Input::Bad(format!("line {number} is no UTF-8 text. It was not sent"))),
            },
            Err(e) => Some(Input::Bad(format!("the input cannot be read further: {e}"))),
        };
        let last = matches!(&input, Some(Input::Bad(why)) if why.starts_with("the input"));
        if let Some(input) = input
            && to.blocking_send(input).is_err()
        {
            return;
        }
        if last {
            return;
        }
    }
}

/// Reads to the line's end, keeping at most a little more than fits; returns its length without the line end, or none
/// at the end of input.
fn read_line(from: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<Option<usize>> {
    let mut len = 0;
    let mut any = false;
    loop {
        let chunk = match from.fill_buf() {
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            chunk => chunk?,
        };
        if chunk.is_empty() {
            break;
        }
        any = true;
        let end = chunk.iter().position(|b| *b == b'\n');
        let part = &chunk[..end.unwrap_or(chunk.len())];
        len += part.len();
        line.extend_from_slice(&part[..part.len().min((LONGEST + 2).saturating_sub(line.len()))]);
        let used = part.len() + usize::from(end.is_some());
        from.consume(used);
        if end.is_some() {
            break;
        }
    }
    if line.last() == Some(&b'\r') && line.len() == len {
        line.pop();
        len -= 1;
    }
    Ok(any.then_some(len))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufReader, Cursor};

    fn all(bytes: &[u8]) -> Vec<Input> {
        let (send, mut receive) = mpsc::channel(64);
        // A buffer of seven bytes, so that lines span reads.
        read_all(BufReader::with_capacity(7, Cursor::new(bytes)), &send);
        drop(send);
        let mut inputs = Vec::new();
        while let Ok(input) = receive.try_recv() {
            inputs.push(input);
        }
        inputs
    }

    #[test]
    fn lines_arrive_whole() {
        let said = |s: &str| Input::Say(s.into());
        assert_eq!(
            all(b"hello there\r\n\n   \n  two \nlast"),
            [said("hello there"), said("  two "), said("last")]
        );
        assert_eq!(all(b""), []);
        assert_eq!(all("caf\u{e9}, 你好\n".as_bytes()), [said("café, 你好")]);
    }

    #[test]
    fn what_cannot_be_sent_is_reported_and_the_rest_goes_on() {
        let mut bytes = vec![b'x'; LONGEST];
        bytes.push(b'\n');
        bytes.extend(vec![b'y'; LONGEST + 1]);
        bytes.extend(b"\n\xff\xfe\nafter\n");
        let inputs = all(&bytes);
        assert_eq!(inputs.len(), 4);
        assert!(matches!(&inputs[0], Input::Say(line) if line.len() == LONGEST));
        assert!(matches!(&inputs[1], Input::Bad(why) if why.contains("line 2 has 8193 bytes")));
        assert!(matches!(&inputs[2], Input::Bad(why) if why.contains("line 3 is no UTF-8")));
        assert_eq!(inputs[3], Input::Say("after".into()));
    }

    #[test]
    fn commands() {
        assert_eq!(all(b"/person\n"), [Input::Person]);
        let lead =
            |name: Option<&str>, email: &str| Input::Lead { name: name.map(Into::into), email: email.into() };
        assert_eq!(all(b"/lead Ada King ada@example.com\n"), [lead(Some("Ada King"), "ada@example.com")]);
        assert_eq!(all(b"/lead ada@example.com\n"), [lead(None, "ada@example.com")]);
        assert!(matches!(all(b"/lead Ada\n")[..], [Input::Bad(_)]));
        assert_eq!(all(b"/leader of the pack\n"), [Input::Say("/leader of the pack".into())]);
    }
}
