//! What `baton login` keeps: the server's address and the token, readable by their owner only.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use etcetera::BaseStrategy;
use serde::{Deserialize, Serialize};

use super::Failure;

/// An address and the token for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    pub(super) url: String,
    pub(super) token: String,
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
    toml::from_str(&text).map(Some).map_err(|_| {
        Failure::Refused(format!(
            "{} is not what `baton login` wrote; run `baton login URL` again",
            path.display()
        ))
    })
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
