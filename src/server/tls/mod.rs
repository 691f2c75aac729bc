//! TLS at our own door, by rustls: certificate and key out of PEM files, read anew when they change.
//!
//! Invariant: what is presented is always a certificate with its own key. Files that cannot be used stop a start with their
//! name; later they change nothing, the last good pair is kept and the log says so. Open sockets keep the session they have.
//! Refused here: client certificates, and getting certificates from anybody (a proxy or an ACME client does that).

mod files;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use serde::Deserialize;
use toml::Spanned;

use self::files::{Print, read};
use crate::settings::{ConfigError, Source};

/// `[tls]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TlsKeys {
    /// The certificate and its chain.
    cert: Spanned<PathBuf>,
    /// Its private key.
    key: Spanned<PathBuf>,
}

/// Where certificate and key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate and the chain above it, PEM.
    pub cert: PathBuf,
    /// Its private key, PEM (PKCS #8, PKCS #1 or SEC 1).
    pub key: PathBuf,
}

/// What is presented just now.
#[derive(Debug)]
struct Presented {
    pair: Arc<CertifiedKey>,
    /// What the files were when the pair was read.
    print: Print,
}

#[derive(Debug)]
struct Shown(RwLock<Presented>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner).pair))
    }
}

/// A usable certificate, and what connections are taken with. Cheap to clone; clones present the same.
#[derive(Clone)]
pub struct Tls {
    files: TlsFiles,
    shown: Arc<Shown>,
    config: Arc<rustls::ServerConfig>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tls").field(&self.files).finish()
    }
}

/// What to remember between two looks at the files.
#[derive(Debug, Default)]
pub(super) struct Look {
    before: Option<Print>,
    refused: Option<Print>,
}

impl Tls {
    /// Reads a pair.
    ///
    /// # Errors
    /// In words: which file, what is wrong with it, what to do.
    pub fn load(files: TlsFiles) -> Result<Tls, String> {
        let print = Print::of(&files);
        let pair = Arc::new(read(&files)?);
        let shown = Arc::new(Shown(RwLock::new(Presented { pair, print })));
        let mut config = rustls::ServerConfig::builder_with_provider(Arc::new(files::provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| format!("TLS cannot be spoken: {e}"))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&shown) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Tls { files, shown, config: Arc::new(config) })
    }

    /// Where the pair came from.
    pub fn files(&self) -> &TlsFiles {
        &self.files
    }

    pub(super) fn acceptor(&self) -> tokio_rustls::TlsAcceptor {
        Arc::clone(&self.config).into()
    }

    /// Reads the files again if they changed and have stood still since the last look (who writes them writes one after
    /// the other). Some: they changed; an error: and cannot be used, said once, the pair before is kept.
    pub(super) fn refresh(&self, look: &mut Look) -> Option<Result<(), String>> {
        let print = Print::of(&self.files);
        let still = look.before.replace(print) == Some(print);
        let shown = self.shown.0.read().unwrap_or_else(PoisonError::into_inner).print;
        if print == shown || !still || look.refused == Some(print) {
            return None;
        }
        Some(match read(&self.files) {
            Ok(pair) => {
                let mut shown = self.shown.0.write().unwrap_or_else(PoisonError::into_inner);
                *shown = Presented { pair: Arc::new(pair), print };
                Ok(())
            }
            Err(why) => {
                look.refused = Some(print);
                Err(why)
            }
        })
    }
}

/// Builds what `[tls]` says; paths are relative to `base`.
///
/// # Errors
/// As [`Tls::load`], with the key's line.
pub(super) fn build(source: Source<'_>, base: &std::path::Path, keys: &TlsKeys) -> Result<Tls, ConfigError> {
    let files = TlsFiles { cert: base.join(keys.cert.get_ref()), key: base.join(keys.key.get_ref()) };
    let key_file = files.key.display().to_string();
    Tls::load(files).map_err(|why| {
        let about_key = why.starts_with(&key_file);
        source.at(if about_key { keys.key.span() } else { keys.cert.span() }.start, why)
    })
}
