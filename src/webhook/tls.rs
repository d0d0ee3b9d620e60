//! PEM to a TLS configuration: one certificate, TLS 1.2 and 1.3, HTTP/1.1 alone.

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme,
};
use std::sync::Arc;

/// What the files hold.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Pem {
    /// The leaf first, then what leads to its CA.
    pub(super) cert: Vec<u8>,
    pub(super) key: Vec<u8>,
    pub(super) client_ca: Option<Vec<u8>>,
}

/// A certificate, ready to serve.
pub(super) struct Leaf {
    pub(super) config: Arc<ServerConfig>,
    /// Seconds since 1970.
    pub(super) not_before: i64,
    /// Seconds since 1970.
    pub(super) not_after: i64,
}

impl Leaf {
    /// Whether clients take it, by the clock of this machine.
    pub(super) fn is_valid_at(&self, seconds: i64) -> bool {
        (self.not_before..=self.not_after).contains(&seconds)
    }
}

/// Why a pair is refused. No text of the files, as one of them is a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unusable(String);

pub(super) fn provider() -> Arc<CryptoProvider> {
    #[cfg(feature = "aws-lc-rs")]
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    #[cfg(not(feature = "aws-lc-rs"))]
    let provider = rustls::crypto::ring::default_provider();
    Arc::new(provider)
}

/// What is wrong with PEM text. The library's own words quote it, and one of the files is a key.
fn damage(error: &rustls::pki_types::pem::Error) -> &'static str {
    use rustls::pki_types::pem::Error;
    match error {
        Error::NoItemsFound => "holds no PEM block of its kind",
        Error::Base64Decode(_) => "holds a PEM block that is no base64",
        Error::MissingSectionEnd { .. } => "holds a PEM block without an end",
        _ => "is no PEM",
    }
}

fn certificates(pem: &[u8], what: &str) -> Result<Vec<CertificateDer<'static>>, Unusable> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match all {
        Ok(all) if all.is_empty() => Err(Unusable(format!("the {what} holds no PEM certificate"))),
        Ok(all) => Ok(all),
        Err(error) => Err(Unusable(format!("the {what} {}", damage(&error)))),
    }
}

/// Builds the configuration. `names` are the common names that clients may carry; any where empty.
///
/// # Errors
/// Where the files are no PEM, hold nothing of use, or don't belong together.
pub(super) fn build(pem: &Pem, names: &[String]) -> Result<Leaf, Unusable> {
    let provider = provider();
    let chain = certificates(&pem.cert, "certificate file")?;
    let key = PrivateKeyDer::from_pem_slice(&pem.key)
        .map_err(|error| Unusable(format!("the key file {}", damage(&error))))?;
    let (_, parsed) = x509_parser::parse_x509_certificate(&chain[0])
        .map_err(|error| Unusable(format!("the certificate can not be read: {error}")))?;
    let validity = parsed.validity();
    let (not_before, not_after) = (validity.not_before.timestamp(), validity.not_after.timestamp());
    // Compares the public halves as well.
    let certified = CertifiedKey::from_der(chain.clone(), key, &provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => Unusable("the key is not that of the certificate".to_owned()),
        other => Unusable(format!("certificate and key can not be used: {other}")),
    })?;
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Unusable(error.to_string()))?;
    let builder = match &pem.client_ca {
        Some(ca) => builder.with_client_cert_verifier(verifier(ca, names, provider)?),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    // API servers speak HTTP/1.1 alone to webhooks of Services, as one HTTP/2 connection would not be balanced
    // (k8s.io/apiserver pkg/util/webhook/client.go, kubernetes#75791).
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // client-go keeps no session cache, so tickets would be made and stored for nobody; and a resumed session would
    // outlive the client CA that it was checked against.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(Leaf { config: Arc::new(config), not_before, not_after })
}

fn verifier(
    ca: &[u8],
    names: &[String],
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, Unusable> {
    let mut roots = RootCertStore::empty();
    for root in certificates(ca, "client CA file")? {
        roots.add(root).map_err(|error| Unusable(format!("a client CA can not be used: {error}")))?;
    }
    let inner = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| Unusable(format!("the client CA can not be used: {error}")))?;
    if names.is_empty() {
        return Ok(inner);
    }
    Ok(Arc::new(Named { inner, names: names.to_vec() }))
}

/// Checks the chain, and that the subject's common name is one of a list.
#[derive(Debug)]
struct Named {
    inner: Arc<dyn ClientCertVerifier>,
    names: Vec<String>,
}

impl ClientCertVerifier for Named {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let verified = self.inner.verify_client_cert(leaf, others, now)?;
        let (_, parsed) = x509_parser::parse_x509_certificate(leaf).map_err(|_| CertificateError::BadEncoding)?;
        let known = |name: &str| self.names.iter().any(|allowed| allowed == name);
        if parsed.subject().iter_common_name().any(|name| name.as_str().is_ok_and(known)) {
            Ok(verified)
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
