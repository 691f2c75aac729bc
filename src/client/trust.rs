//! Whom a client believes to be the server: the system's certificates, and one file more for a self-made one.
//!
//! One choice for the whole process, made once at its start: a program speaks with one server. Refused here: trusting
//! nobody in particular. There is no way to turn the check off.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

/// Longest file read.
const LONGEST: u64 = 4 * 1024 * 1024;

static TRUSTED: OnceLock<Arc<ClientConfig>> = OnceLock::new();

/// A file of certificates that cannot be used; in words, with the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadCa(String);

/// Believes the certificates in this PEM file, too, from now on: a self-made one, or that of an authority of one's own.
/// Call before the first connection; the first call of a process holds.
///
/// # Errors
/// [`BadCa`]: the file cannot be read or holds no certificate that can be used.
pub fn trust(file: &Path) -> Result<(), BadCa> {
    let shown = file.display();
    let bad = |why: String| BadCa(format!("the certificates in {shown} cannot be used: {why}"));
    let meta = std::fs::metadata(file).map_err(|e| bad(e.to_string()))?;
    if !meta.is_file() || meta.len() > LONGEST {
        return Err(bad("it is no file of certificates".into()));
    }
    let pem = std::fs::read(file).map_err(|e| bad(e.to_string()))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = found.map_err(|e| bad(e.to_string()))?;
    if found.is_empty() {
        return Err(bad("it holds none; it is a PEM file with -----BEGIN CERTIFICATE-----".into()));
    }
    let mut roots = system();
    for certificate in found.iter().cloned() {
        roots.add(certificate).map_err(|e| bad(e.to_string()))?;
    }
    let mut config = config(roots.clone()).map_err(bad)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let usual = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|e| bad(e.to_string()))?;
    config.dangerous().set_certificate_verifier(Arc::new(OrGiven { usual, given: found }));
    let _ = TRUSTED.set(Arc::new(config));
    Ok(())
}

/// What connections are made with.
///
/// # Errors
/// In words: there is nothing to check a server's certificate with.
pub fn trusted() -> Result<Arc<ClientConfig>, String> {
    if let Some(config) = TRUSTED.get() {
        return Ok(Arc::clone(config));
    }
    let roots = system();
    if roots.is_empty() {
        return Err(
            "this system has no certificates to check a server with; install them (ca-certificates), or give the server's with --ca FILE"
                .into(),
        );
    }
    let config = Arc::new(config(roots)?);
    Ok(Arc::clone(TRUSTED.get_or_init(|| config)))
}

fn config(roots: RootCertStore) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| format!("TLS cannot be spoken: {e}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The platform's certificates; `SSL_CERT_FILE` and `SSL_CERT_DIR` say others. One that cannot be read is left out.
fn system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// The usual check, and one thing more: a server may present exactly a certificate the person gave, also where that one
/// calls itself an authority. `openssl req -x509` makes them so, and RFC 5280 (section 4.2.1.9) forbids them to serve; that
/// person said which they mean. Time, name and possession of the key are checked as ever.
#[derive(Debug)]
struct OrGiven {
    usual: Arc<WebPkiServerVerifier>,
    given: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for OrGiven {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let usual = self.usual.verify_server_cert(end_entity, intermediates, server_name, ocsp, now);
        match &usual {
            // The check of the time comes before the one that fails with this.
            Err(Error::InvalidCertificate(CertificateError::Other(why)))
                if why.to_string().contains("CaUsedAsEndEntity")
                    && self.given.iter().any(|given| given == end_entity) =>
            {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            _ => usual,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(authority: bool) -> (CertificateDer<'static>, OrGiven) {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut params = rcgen::CertificateParams::new(vec!["chat.test".into()]).expect("a name");
        if authority {
            params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        }
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2030, 1, 1);
        let certificate = params.self_signed(&key).expect("signed").der().clone();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).expect("a root");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let usual =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().expect("a check");
        (certificate.clone(), OrGiven { usual, given: vec![certificate] })
    }

    fn check(given: &OrGiven, shown: &CertificateDer<'_>, name: &'static str, year: u64) -> bool {
        let name = ServerName::try_from(name).expect("a name");
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs((year - 1970) * 31_557_600));
        given.verify_server_cert(shown, &[], &name, &[], now).is_ok()
    }

    #[test]
    fn exactly_the_given_certificate_with_its_name_in_its_time() {
        for authority in [false, true] {
            let (certificate, given) = made(authority);
            assert!(check(&given, &certificate, "chat.test", 2025), "authority: {authority}");
            assert!(!check(&given, &certificate, "other.test", 2025), "another name");
            assert!(!check(&given, &certificate, "chat.test", 2040), "expired");
            assert!(!check(&given, &certificate, "chat.test", 2015), "not yet");
            let (stranger, _) = made(authority);
            assert!(!check(&given, &stranger, "chat.test", 2025), "a stranger's");
        }
    }

    #[test]
    fn files_that_hold_no_certificate_are_named() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("ca.pem");
        for (text, why) in [(None, "No such file"), (Some("words"), "it holds none")] {
            if let Some(text) = text {
                std::fs::write(&file, text).expect("written");
            }
            let said = trust(&file).expect_err("no certificate").to_string();
            assert!(said.contains("ca.pem") && said.contains(why), "{said}");
        }
    }
}
