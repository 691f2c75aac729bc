//! What of `baton.toml` concerns mail, gathered for the connector.

use std::path::Path;

use super::ConfigError;
use super::config_file::File;
use crate::connectors::mail::MailConfig;
use crate::connectors::mail::config::{self, SiteMailKeys};
use crate::settings::Source;

/// Mail as configured; none: there is no `[mail]`.
///
/// # Errors
/// What cannot be used, with its place, also where there is no `[mail]` for it to matter.
pub(super) fn build(source: Source<'_>, base: &Path, keys: &File) -> Result<Option<MailConfig>, ConfigError> {
    for site in &keys.site {
        site.url.as_ref().map(|url| config::page(source, url)).transpose()?;
        if let (None, Some(from)) = (&keys.mail, site.mail_from.as_ref().or(site.mail_reply_to.as_ref())) {
            let words = "no mail goes out: there is no table [mail] with the mail server";
            return Err(source.at(from.span().start, words));
        }
    }
    let Some(mail) = &keys.mail else { return Ok(None) };
    let sites: Vec<SiteMailKeys<'_>> = keys
        .site
        .iter()
        .map(|site| SiteMailKeys {
            id: site.id.get_ref(),
            url: site.url.as_ref(),
            mail: site.mail,
            from: site.mail_from.as_ref(),
            reply_to: site.mail_reply_to.as_ref(),
        })
        .collect();
    config::build(source, base, mail, &sites).map(Some)
}
