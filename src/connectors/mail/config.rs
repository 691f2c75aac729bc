//! `[mail]` of `baton.toml`, and what it becomes.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};

use lettre::message::Mailbox;
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use reqwest::Url;
use serde::Deserialize;
use toml::Spanned;

use super::letter::MailTexts;
use super::smtp::{Smtp, Tls};
use crate::conversation::SiteId;
use crate::settings::{ConfigError, Source};

/// Where a password may stand, so that it stands in no file others read.
pub const PASSWORD_ENV: &str = "BATON_MAIL_PASSWORD";
/// Longest password, bytes; whatever is longer is some other file.
const PASSWORD: usize = 4096;

/// `[mail]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailKeys {
    host: Spanned<String>,
    port: Option<Spanned<u16>>,
    #[serde(default)]
    tls: TlsWord,
    #[serde(default)]
    allow_plain: bool,
    ca_file: Option<Spanned<String>>,
    user: Option<Spanned<String>>,
    password_file: Option<Spanned<String>>,
    password_command: Option<Spanned<Vec<String>>>,
    from: Spanned<String>,
    reply_to: Option<Spanned<String>>,
    #[serde(default = "a_minute")]
    delay_s: Spanned<u32>,
    #[serde(default = "a_while")]
    gone_after_s: u32,
    #[serde(default = "some")]
    max_per_hour: Spanned<u32>,
    #[serde(default)]
    texts: MailTexts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TlsWord {
    #[default]
    Starttls,
    Tls,
    None,
}

fn a_minute() -> Spanned<u32> {
    Spanned::new(0..0, 60)
}

fn a_while() -> u32 {
    45
}

fn some() -> Spanned<u32> {
    Spanned::new(0..0, 200)
}

/// What a `[[site]]` says about mail.
#[derive(Debug, Clone, Copy)]
pub struct SiteMailKeys<'a> {
    /// Which.
    pub id: &'a SiteId,
    /// A page of it with the widget.
    pub url: Option<&'a Spanned<String>>,
    /// Whether its replies go by mail.
    pub mail: bool,
    /// From whom, if not as everywhere.
    pub from: Option<&'a Spanned<String>>,
    /// Where answers go, if not as everywhere.
    pub reply_to: Option<&'a Spanned<String>>,
}

/// How a site's mail looks.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteMail {
    /// From whom; the name that is shown is the site's.
    pub from: Mailbox,
    /// Where answers go, if elsewhere.
    pub reply_to: Option<Mailbox>,
    /// A page with the widget, where links lead.
    pub url: Option<Url>,
}

/// Mail, ready to be used.
#[derive(Debug, Clone)]
pub struct MailConfig {
    /// The mail server.
    pub smtp: Smtp,
    /// The sites whose replies go by mail.
    pub sites: HashMap<SiteId, SiteMail>,
    /// How long a reply waits for more that go along, milliseconds.
    pub delay_ms: i64,
    /// How long a visitor must be gone to count as gone, milliseconds: a new page opens within seconds.
    pub gone_after_ms: i64,
    /// Mails an hour at most.
    pub max_per_hour: u32,
    /// The words of ours in a mail.
    pub texts: MailTexts,
}

/// Checks the mail keys and reads the password. `base`: the folder the file's paths are relative to.
///
/// # Errors
/// What cannot be used, with its place.
pub fn build(
    source: Source<'_>,
    base: &Path,
    keys: &MailKeys,
    sites: &[SiteMailKeys<'_>],
) -> Result<MailConfig, ConfigError> {
    let host = keys.host.get_ref().trim();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    if host.is_empty() || !host.chars().all(fits) {
        let words = "not the name of a mail server; write it as \"smtp.example.com\", its port under `port`";
        return Err(source.at(keys.host.span().start, words));
    }
    let loopback = matches!(host, "localhost" | "127.0.0.1" | "::1");
    if keys.tls == TlsWord::None && !loopback && !keys.allow_plain {
        let words = "without TLS everybody on the way reads every mail and the password: use \"starttls\" or \"tls\"; \"none\" is for a mail server on this machine, or with allow_plain = true";
        return Err(source.at_key("mail", "tls", words));
    }
    let port = match (&keys.port, keys.tls) {
        (Some(port), _) if *port.get_ref() == 0 => {
            return Err(source.at(port.span().start, "port 0 is none; mail servers listen on 587, 465 or 25"));
        }
        (Some(port), _) => *port.get_ref(),
        (None, TlsWord::Starttls) => 587,
        (None, TlsWord::Tls) => 465,
        (None, TlsWord::None) => 25,
    };
    let tls = match keys.tls {
        TlsWord::None => Tls::None,
        TlsWord::Starttls => Tls::Start(parameters(source, base, keys, host)?),
        TlsWord::Tls => Tls::Whole(parameters(source, base, keys, host)?),
    };
    let login = login(source, base, keys)?;
    if *keys.max_per_hour.get_ref() == 0 {
        let words = "0 mails an hour is no mail; leave the whole table [mail] out instead";
        return Err(source.at(keys.max_per_hour.span().start, words));
    }
    if *keys.delay_s.get_ref() > 3600 {
        return Err(source.at(keys.delay_s.span().start, "at most 3600: nobody waits longer for an answer"));
    }
    let from = mailbox(source, &keys.from)?;
    let reply_to = keys.reply_to.as_ref().map(|given| mailbox(source, given)).transpose()?;
    let mut all = HashMap::new();
    for site in sites {
        let own = |given: Option<&Spanned<String>>| given.map(|given| mailbox(source, given)).transpose();
        let mail = SiteMail {
            from: own(site.from)?.unwrap_or_else(|| from.clone()),
            reply_to: own(site.reply_to)?.or_else(|| reply_to.clone()),
            url: site.url.map(|given| page(source, given)).transpose()?,
        };
        if site.mail {
            all.insert(site.id.clone(), mail);
        }
    }
    Ok(MailConfig {
        smtp: Smtp::new(host.to_owned(), port, tls, login),
        sites: all,
        delay_ms: i64::from(*keys.delay_s.get_ref()) * 1000,
        gone_after_ms: i64::from(keys.gone_after_s) * 1000,
        max_per_hour: *keys.max_per_hour.get_ref(),
        texts: keys.texts.clone(),
    })
}

/// A page of a site, as configured.
///
/// # Errors
/// It is no page a browser could open.
pub fn page(source: Source<'_>, given: &Spanned<String>) -> Result<Url, ConfigError> {
    let bad = |why: &str| source.at(given.span().start, format!("{:?}: {why}", given.get_ref()));
    let url = Url::parse(given.get_ref())
        .map_err(|_| bad("no address of a page; write it as \"https://shop.example.com/help\""))?;
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
        return Err(bad("a page's address begins with https:// and has no user or password in it"));
    }
    Ok(url)
}

fn mailbox(source: Source<'_>, given: &Spanned<String>) -> Result<Mailbox, ConfigError> {
    let text = given.get_ref();
    let bad = || {
        let words = format!("{text:?} is no mail address; write it as \"help@example.com\"");
        source.at(given.span().start, words)
    };
    if text.chars().any(char::is_control) {
        return Err(bad());
    }
    text.trim().parse().map_err(|_| bad())
}

fn parameters(
    source: Source<'_>,
    base: &Path,
    keys: &MailKeys,
    host: &str,
) -> Result<TlsParameters, ConfigError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    let mut at = keys.host.span().start;
    if let Some(file) = &keys.ca_file {
        at = file.span().start;
        let path = base.join(file.get_ref());
        let pem = std::fs::read(&path)
            .map_err(|e| source.at(at, format!("the certificate {} cannot be read: {e}", path.display())))?;
        let bad = |e: lettre::transport::smtp::Error| {
            source.at(at, format!("{} holds no certificate in PEM: {e}", path.display()))
        };
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(bad)?);
    }
    builder.build_rustls().map_err(|e| source.at(at, format!("TLS cannot be used: {e}")))
}

fn login(source: Source<'_>, base: &Path, keys: &MailKeys) -> Result<Option<(String, String)>, ConfigError> {
    let given = std::env::var(PASSWORD_ENV).ok().filter(|password| !password.is_empty());
    let (at, password) = match (&keys.password_file, &keys.password_command) {
        (Some(_), Some(command)) => {
            let words = "give password_file or password_command, not both";
            return Err(source.at(command.span().start, words));
        }
        (Some(file), None) => {
            let at = file.span().start;
            let path = base.join(file.get_ref());
            let read = || std::fs::read_to_string(&path);
            let words = |e| source.at(at, format!("the password {} cannot be read: {e}", path.display()));
            (at, Some(given.map_or_else(read, Ok).map_err(words)?))
        }
        (None, Some(command)) => {
            let at = command.span().start;
            let words = |why| source.at(at, why);
            (at, Some(given.map_or_else(|| ask(command.get_ref()), Ok).map_err(words)?))
        }
        (None, None) => (keys.user.as_ref().map_or(0, |user| user.span().start), given),
    };
    match (&keys.user, password) {
        (None, None) => Ok(None),
        // The environment may be set for another purpose; a file or a command without a user is a mistake.
        (None, Some(_)) if keys.password_file.is_none() && keys.password_command.is_none() => Ok(None),
        (None, Some(_)) => Err(source.at(at, "a password needs a `user` to go with it")),
        (Some(_), None) => {
            let words = format!(
                "a user needs a password: set {PASSWORD_ENV} in the environment, or give password_file or password_command"
            );
            Err(source.at(at, words))
        }
        (Some(user), Some(password)) => {
            let password = password.trim_end_matches(['\r', '\n']);
            if password.is_empty() || password.len() > PASSWORD || password.contains('\0') {
                return Err(source.at(at, "what was given as the password is empty, or is something else"));
            }
            Ok(Some((user.get_ref().clone(), password.to_owned())))
        }
    }
}

/// Asks a program for the password.
fn ask(command: &[String]) -> Result<String, String> {
    let Some((program, arguments)) = command.split_first() else {
        return Err("password_command is a program and its arguments: [\"pass\", \"show\", \"mail\"]".into());
    };
    let asked = Command::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let said = asked.map_err(|e| format!("the password command {program:?} cannot be run: {e}"))?;
    if !said.status.success() {
        return Err(format!("the password command {program:?} failed: {}", said.status));
    }
    String::from_utf8(said.stdout).map_err(|_| format!("what {program:?} printed is no text"))
}
