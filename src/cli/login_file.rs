//! What `baton login` keeps: the server's address, and the token or the program that prints it; readable by their owner only.

use std::fs;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use serde::{Deserialize, Serialize};

use super::out::complain;
use super::{Failure, token_command};

/// An address, and where its token is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    pub(super) url: String,
    /// The token itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
    /// Instead: a program and its words, which prints the token on its first line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) token_command: Option<Vec<String>>,
    /// A file of certificates to believe, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ca: Option<PathBuf>,
}

impl Login {
    /// The token, from the file or from the program.
    pub(super) fn token(&self) -> Result<String, Failure> {
        match (&self.token, &self.token_command) {
            (Some(token), None) => Ok(token.clone()),
            (None, Some(argv)) => token_command::run(argv),
            _ => Err(Failure::Refused(
                "the login file has to hold exactly one of token and token_command; run `baton login URL` again".into(),
            )),
        }
    }
}

/// `$XDG_CONFIG_HOME/baton/login.toml`, or the platform's place.
pub(super) fn path() -> Result<PathBuf, Failure> {
    let base = etcetera::choose_base_strategy().map_err(|_| {
        Failure::Refused("there is no home folder to keep a login in; use BATON_URL and BATON_TOKEN".into())
    })?;
    Ok(base.config_dir().join("baton").join("login.toml"))
}

/// What is kept, if anything.
pub(super) fn read() -> Result<Option<Login>, Failure> {
    let Ok(path) = path() else { return Ok(None) };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Failure::Refused(format!("{} cannot be read: {e}", path.display()))),
    };
    // The parser's own message would quote the line, and with it the token.
    let login: Login = toml::from_str(&text).map_err(|_| {
        Failure::Refused(format!(
            "{} is not what `baton login` wrote; run `baton login URL` again",
            path.display()
        ))
    })?;
    check_mode(&path, &login)?;
    Ok(Some(login))
}

/// A file that others can write must not name a program we run; one that others can read gives the token away.
fn check_mode(path: &Path, login: &Login) -> Result<(), Failure> {
    let mode = fs::metadata(path).map_or(0o600, |meta| meta.mode());
    if mode & 0o022 != 0 {
        return Err(Failure::Refused(format!(
            "{} can be written by others on this machine, so what it says is not followed; look at it, then chmod 600 {}",
            path.display(),
            path.display()
        )));
    }
    if mode & 0o044 != 0 && login.token.is_some() {
        complain(&format!(
            "others on this machine can read your token in {}; chmod 600 it, and ask for a new one (baton agent rotate)",
            path.display()
        ));
    }
    Ok(())
}

/// Keeps it: written beside, mode 0600 from its first byte, and moved into place.
pub(super) fn write(login: &Login) -> Result<PathBuf, Failure> {
    let path = path()?;
    let failed = |e: std::io::Error| Failure::Refused(format!("{} cannot be written: {e}", path.display()));
    let text = toml::to_string(login).map_err(|e| Failure::Refused(e.to_string()))?;
    let folder = path.parent().unwrap_or(&path);
    fs::create_dir_all(folder).map_err(failed)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(&path).map_err(|e| failed(e.error))?;
    Ok(path)
}
