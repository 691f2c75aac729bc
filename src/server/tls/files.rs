//! The two files of a certificate, and every way they are wrong.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::SystemTime;

use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::TlsFiles;

/// Longest file read: a chain is a few kilobytes.
const LONGEST: u64 = 1024 * 1024;

/// What the files look like from outside: changes when they are written or exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Print([Option<(u64, SystemTime)>; 2]);

impl Print {
    pub(super) fn of(files: &TlsFiles) -> Print {
        let one = |path: &Path| {
            let meta = fs::metadata(path).ok()?;
            Some((meta.len(), meta.modified().ok()?))
        };
        Print([one(&files.cert), one(&files.key)])
    }
}

/// The cryptography: ring, as everywhere in this program.
pub(super) fn provider() -> CryptoProvider {
    rustls::crypto::ring::default_provider()
}

/// Reads and checks a pair.
///
/// # Errors
/// In words, beginning with the file.
pub(super) fn read(files: &TlsFiles) -> Result<CertifiedKey, String> {
    let (cert, key) = (files.cert.display(), files.key.display());
    let pem = text(&files.cert)?;
    let chain = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| format!("{cert} is no PEM file ({e})"))?;
    if chain.is_empty() {
        let swapped = PrivateKeyDer::from_pem_slice(&pem).is_ok();
        let why = if swapped {
            "holds a private key and no certificate; are cert and key swapped?"
        } else {
            "holds no certificate; it is a PEM file with -----BEGIN CERTIFICATE-----"
        };
        return Err(format!("{cert} {why}"));
    }
    let pem = text(&files.key)?;
    let private = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| {
        let encrypted = String::from_utf8_lossy(&pem).contains("ENCRYPTED");
        let why = if encrypted {
            "is encrypted; a server needs it without a passphrase (openssl pkey -in … -out …), readable by it alone"
        } else if CertificateDer::from_pem_slice(&pem).is_ok() {
            "holds a certificate and no private key; are cert and key swapped?"
        } else {
            "holds no private key; it is a PEM file with -----BEGIN PRIVATE KEY-----"
        };
        format!("{key} {why}")
    })?;
    CertifiedKey::from_der(chain, private, &provider()).map_err(|e| match e {
        rustls::Error::InconsistentKeys(_) => {
            format!("{key} is not the key of the certificate in {cert}; they come in pairs")
        }
        rustls::Error::InvalidCertificate(why) => {
            format!("{cert} holds a certificate that cannot be read: {why}")
        }
        other => format!("{key} holds a key that cannot be used: {other}"),
    })
}

fn text(path: &Path) -> Result<Vec<u8>, String> {
    let shown = path.display();
    let failed = |e: std::io::Error| match e.kind() {
        ErrorKind::NotFound => {
            format!("{shown} does not exist; paths are relative to the configuration file")
        }
        ErrorKind::PermissionDenied => format!("{shown} may not be read by the user this server runs as"),
        _ => format!("{shown} cannot be read: {e}"),
    };
    let meta = fs::metadata(path).map_err(failed)?;
    if !meta.is_file() {
        return Err(format!("{shown} is no file"));
    }
    if meta.len() > LONGEST {
        return Err(format!("{shown} is too large for a certificate or a key"));
    }
    fs::read(path).map_err(failed)
}
