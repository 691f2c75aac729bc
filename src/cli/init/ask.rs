//! Questions on a terminal or a pipe: one line an answer, a bad one is asked again with the reason.
//!
//! Invariant: an input that ends before the last question is no answer to it.

use std::io::{BufRead, Read, Write};

use super::super::Failure;
use super::super::out::inert;

/// Longest line read, in bytes.
const LONGEST: u64 = 4096;
/// Bad answers to one question before it is given up.
const TRIES: usize = 10;

/// Asks one question after the other.
pub(super) struct Questions<'a> {
    input: &'a mut dyn BufRead,
    output: &'a mut dyn Write,
    asked: usize,
    of: usize,
}

impl<'a> Questions<'a> {
    /// Questions are written to `output` and numbered out of `of`.
    pub(super) fn new(input: &'a mut dyn BufRead, output: &'a mut dyn Write, of: usize) -> Self {
        Self { input, output, asked: 0, of }
    }

    /// Asks until `check` takes the answer. An empty line is `default`, where there is one.
    pub(super) fn ask<T>(
        &mut self,
        question: &str,
        default: Option<&str>,
        check: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Failure> {
        self.asked += 1;
        for _ in 0..TRIES {
            let hint = default.map(|default| format!(" [{}]", inert(default))).unwrap_or_default();
            self.say(&format!("{}/{} {question}{hint}: ", self.asked, self.of));
            let answer = match self.line()? {
                Ok(line) => line,
                Err(why) => {
                    self.say(&format!("  {why}\n"));
                    continue;
                }
            };
            match check(if answer.is_empty() { default.unwrap_or("") } else { &answer }) {
                Ok(taken) => return Ok(taken),
                Err(why) => self.say(&format!("  {}\n", inert(&why))),
            }
        }
        Err(Failure::Usage(format!(
            "question {} was answered wrong {TRIES} times; nothing was written",
            self.asked
        )))
    }

    fn say(&mut self, text: &str) {
        // Where nobody listens there is nobody to ask; the answers may come all the same.
        let _ = self.output.write_all(text.as_bytes()).and_then(|()| self.output.flush());
    }

    /// The next line; inside: what is wrong with it.
    fn line(&mut self) -> Result<Result<String, String>, Failure> {
        let failed = |e: std::io::Error| Failure::Refused(format!("the answer cannot be read: {e}"));
        let mut line = Vec::new();
        Read::take(&mut *self.input, LONGEST).read_until(b'\n', &mut line).map_err(failed)?;
        if line.is_empty() {
            return Err(Failure::Usage(format!(
                "the input ended at question {} of {}; nothing was written. Answer all of them, give flags (`baton init --help`), or take the defaults with --yes",
                self.asked, self.of
            )));
        }
        if line.last() != Some(&b'\n') && line.len() as u64 == LONGEST {
            return Err(Failure::Usage("an answer is longer than a line may be; nothing was written".into()));
        }
        Ok(match String::from_utf8(line) {
            Ok(text) if text.trim().chars().any(char::is_control) => {
                Err("that has control characters in it".to_owned())
            }
            Ok(text) => Ok(text.trim().to_owned()),
            Err(_) => Err("that is no UTF-8 text".to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(input: &[u8]) -> (Result<u32, Failure>, String) {
        let (mut input, mut output) = (input, Vec::new());
        let mut questions = Questions::new(&mut input, &mut output, 5);
        let answer = questions.ask("How many", Some("3"), |text| {
            text.parse::<u32>().map_err(|_| format!("“{text}” is no number"))
        });
        (answer, String::from_utf8(output).expect("text"))
    }

    #[test]
    fn an_answer_is_taken_and_a_bad_one_asked_again() {
        let (answer, said) = ask(b"many\n\xff\n 7 \r\n");
        assert_eq!(answer.ok(), Some(7));
        let lines: Vec<&str> = said.split('\n').collect();
        assert_eq!(
            lines,
            [
                "1/5 How many [3]:   “many” is no number",
                "1/5 How many [3]:   that is no UTF-8 text",
                "1/5 How many [3]: "
            ]
        );
    }

    #[test]
    fn an_empty_line_is_the_default_and_an_end_is_none() {
        assert_eq!(ask(b"\n").0.ok(), Some(3));
        assert!(matches!(ask(b"").0, Err(Failure::Usage(why)) if why.contains("question 1 of 5")));
        assert!(matches!(ask(b"many\n").0, Err(Failure::Usage(why)) if why.contains("nothing was written")));
        assert!(matches!(ask(&b"x\n".repeat(30)).0, Err(Failure::Usage(why)) if why.contains("10 times")));
        assert!(ask(&[b'x'; 9000]).0.is_err());
    }
}
