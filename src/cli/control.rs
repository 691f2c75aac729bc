//! Asks the server that runs on a data folder, over its control socket. That none runs is no error: what commands change is
//! in the store, and a server reads it when it starts.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use super::Failure;
use crate::server::control::{self, Answer, LONGEST, Request};

/// How long an answer may take: cutting sockets and giving conversations back is quick, a backup is not.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks; none where no server runs on this folder.
///
/// # Errors
/// A server runs there, but it refused or could not be asked; the words say what is left to do.
pub(super) fn ask(data: &Path, request: &Request) -> Result<Option<Answer>, Failure> {
    ask_within(data, request, PATIENCE)
}

/// [`ask`], for what takes longer.
///
/// # Errors
/// As [`ask`].
pub(super) fn ask_within(
    data: &Path,
    request: &Request,
    patience: Duration,
) -> Result<Option<Answer>, Failure> {
    match exchange(data, request, patience) {
        Ok(Some(Answer::Failed { words })) => Err(Failure::Refused(words)),
        Ok(answer) => Ok(answer),
        Err(e) => Err(Failure::Refused(format!(
            "the server that runs on {} could not be asked ({e}); restart it, and it reads everything anew",
            data.display()
        ))),
    }
}

fn exchange(data: &Path, request: &Request, patience: Duration) -> io::Result<Option<Answer>> {
    let mut stream = match UnixStream::connect(control::path(data)) {
        Ok(stream) => stream,
        // Refused: the file outlived a server that was killed. Invalid: a path too long for a socket, so there is none.
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused | io::ErrorKind::InvalidInput
            ) =>
        {
            return Ok(None);
        }
        Err(e) => return Err(e),
    };
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut text = serde_json::to_vec(request)?;
    text.push(b'\n');
    stream.write_all(&text)?;
    let mut line = Vec::new();
    BufReader::new(stream).take(LONGEST as u64).read_until(b'\n', &mut line)?;
    if !line.ends_with(b"\n") {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it hung up"));
    }
    Ok(Some(serde_json::from_slice(&line)?))
}

/// Asks, and says on standard error what cannot be done now. For what is durable already: it is done whatever comes of this.
pub(super) fn tell(data: &Path, request: &Request) -> Option<Answer> {
    match ask(data, request) {
        Ok(answer) => answer,
        Err(Failure::Refused(words)) => {
            super::out::complain(&format!("it is done, but {words}"));
            None
        }
        Err(_) => None,
    }
}
