//! A CA, those before it, and the certificate that the server shows: made, written as a Secret's data, read again.

use crate::webhook::tls;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Keys of the Secret: the CAs, newest first; the newest one's key; the server's certificate and key, by the names that a
/// Secret of type `kubernetes.io/tls` uses.
pub(super) const CA: &str = "ca.crt";
pub(super) const CA_KEY: &str = "ca.key";
pub(super) const CERT: &str = "tls.crt";
pub(super) const KEY: &str = "tls.key";

/// How the common name of every CA made here begins.
const NAME: &str = "crashlint CA ";

/// Seconds that a certificate begins before now, so that an API server whose clock is behind takes it too.
const EARLIER: i64 = 3600;

/// How much longer a CA lives than a certificate of it.
pub(super) const CA_LIVES: i64 = 4;

/// CAs that are trusted at once, at most: whatever goes wrong, the bundle does not grow without end.
const MOST: usize = 8;

/// What certificates are made for.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    /// The name that API servers call us by, then others.
    pub(super) names: Vec<String>,
    /// Seconds that a certificate lives.
    pub(super) validity: i64,
}

/// A CA's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Authority {
    der: CertificateDer<'static>,
    common_name: String,
    public_key: Vec<u8>,
    not_before: i64,
    /// Seconds since 1970.
    pub(super) not_after: i64,
}

/// What the Secret holds.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Keys {
    /// Newest first, never empty; the first one's key is at hand.
    authorities: Vec<Authority>,
    authority_key: String,
    leaf: Option<Pair>,
}

/// A certificate and its key, PEM.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::webhook) struct Pair {
    pub(in crate::webhook) cert: Vec<u8>,
    pub(in crate::webhook) key: Vec<u8>,
}

/// Why a Secret's data are of no use. No text of theirs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Broken(&'static str);

impl Authority {
    fn read(der: CertificateDer<'static>) -> Option<Self> {
        let (_, parsed) = x509_parser::parse_x509_certificate(&der).ok()?;
        let common_name = parsed.subject().iter_common_name().next()?.as_str().ok()?.to_owned();
        let public_key = parsed.public_key().subject_public_key.data.to_vec();
        let (not_before, not_after) =
            (parsed.validity().not_before.timestamp(), parsed.validity().not_after.timestamp());
        // One of ours: of another, neither the name nor the key could be written as its own certificates have them.
        if !parsed.is_ca() || !common_name.starts_with(NAME) {
            return None;
        }
        Some(Self { common_name, public_key, not_before, not_after, der })
    }

    /// Those of a bundle; what is no CA of ours is passed over.
    pub(super) fn all(pem: &[u8]) -> Vec<Self> {
        CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).filter_map(Self::read).collect()
    }

    pub(super) fn name(&self) -> &str {
        &self.common_name
    }

    pub(super) fn is_valid_at(&self, now: i64) -> bool {
        (self.not_before..=self.not_after).contains(&now)
    }
}

fn params(name: &str, begin: i64, end: i64) -> CertificateParams {
    let date = |seconds: i64| {
        rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
    };
    let mut params = CertificateParams::default();
    (params.not_before, params.not_after) = (date(begin), date(end));
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn authority(now: i64, wish: &Wish) -> Result<(Authority, String), rcgen::Error> {
    let key = KeyPair::generate()?;
    // A name of its own, so that verifiers which look for an issuer by name find the right one in a bundle.
    let name = format!("{NAME}{now}-{:08x}", fingerprint(key.public_key_raw()));
    let mut params = params(&name, now - EARLIER, now.saturating_add(wish.validity.saturating_mul(CA_LIVES)));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let der = params.self_signed(&key)?.der().clone();
    let authority = Authority::read(der).ok_or(rcgen::Error::CouldNotParseCertificate)?;
    Ok((authority, key.serialize_pem()))
}

/// Some bits of a public key, to tell two apart that were made in the same second.
fn fingerprint(key: &[u8]) -> u32 {
    key.iter().rev().take(4).fold(0, |all, byte| all << 8 | u32::from(*byte))
}

impl Keys {
    /// A new CA beside `older` ones, and a certificate of it.
    ///
    /// # Errors
    /// Where the system gives no random numbers.
    pub(super) fn new(now: i64, wish: &Wish, older: Vec<Authority>) -> Result<Self, rcgen::Error> {
        let (first, authority_key) = authority(now, wish)?;
        let mut keys = Self { authorities: vec![first], authority_key, leaf: None };
        keys.authorities.extend(older);
        keys.authorities.truncate(MOST);
        keys.issue(now, wish)?;
        Ok(keys)
    }

    /// A new CA, trusted beside those before. The certificate that is served stays that of an older one.
    pub(super) fn replace_authority(&mut self, now: i64, wish: &Wish) -> Result<(), rcgen::Error> {
        let (first, key) = authority(now, wish)?;
        self.authorities.insert(0, first);
        self.authorities.truncate(MOST);
        self.authority_key = key;
        Ok(())
    }

    /// A new certificate of the newest CA. None outlives its CA.
    pub(super) fn issue(&mut self, now: i64, wish: &Wish) -> Result<(), rcgen::Error> {
        let authority = self.authority();
        let issuer_key = KeyPair::from_pem(&self.authority_key)?;
        let issuer = Issuer::new(params(&authority.common_name, authority.not_before, authority.not_after), issuer_key);
        let end = now.saturating_add(wish.validity).min(authority.not_after);
        let mut params = params("crashlint", now - EARLIER, end);
        params.subject_alt_names = CertificateParams::new(wish.names.clone())?.subject_alt_names;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let cert = params.signed_by(&key, &issuer)?.pem();
        self.leaf = Some(Pair { cert: cert.into(), key: key.serialize_pem().into() });
        Ok(())
    }

    /// The newest CA.
    pub(super) fn authority(&self) -> &Authority {
        &self.authorities[0]
    }

    pub(super) fn leaf(&self) -> Option<&Pair> {
        self.leaf.as_ref()
    }

    /// Seconds since 1970 at which the certificate ends.
    pub(super) fn leaf_ends(&self) -> Option<i64> {
        let der = CertificateDer::from_pem_slice(&self.leaf.as_ref()?.cert).ok()?;
        let (_, parsed) = x509_parser::parse_x509_certificate(&der).ok()?;
        Some(parsed.validity().not_after.timestamp())
    }

    /// Forgets CAs that have ended, but for the newest.
    pub(super) fn forget_ended(&mut self, now: i64) {
        let mut first = true;
        self.authorities.retain(|authority| std::mem::take(&mut first) || authority.not_after >= now);
    }

    /// The CAs, as PEM: what belongs into `caBundle`.
    pub(super) fn bundle(&self) -> Vec<u8> {
        let block = |authority: &Authority| pem(&authority.der);
        self.authorities.iter().map(block).collect::<String>().into_bytes()
    }

    /// Whether an API server that trusts all CAs here would take the pair for the first name.
    pub(super) fn vouch(&self, pair: &Pair, now: i64, wish: &Wish) -> bool {
        accepts(&self.authorities, pair, now, wish)
    }

    /// The same for one that trusts the newest CA alone.
    pub(super) fn newest_vouches(&self, pair: &Pair, now: i64, wish: &Wish) -> bool {
        accepts(&self.authorities[..1], pair, now, wish)
    }

    /// As data of a Secret.
    pub(super) fn data(&self) -> BTreeMap<String, Vec<u8>> {
        let mut data = BTreeMap::from([
            (CA.to_owned(), self.bundle()),
            (CA_KEY.to_owned(), self.authority_key.clone().into_bytes()),
        ]);
        if let Some(leaf) = &self.leaf {
            data.insert(CERT.to_owned(), leaf.cert.clone());
            data.insert(KEY.to_owned(), leaf.key.clone());
        }
        data
    }

    /// What a Secret's data say; a certificate that is of no use is left out, as another is easily made.
    ///
    /// # Errors
    /// Where there is no CA with its key.
    pub(super) fn read<'d>(get: impl Fn(&str) -> Option<&'d [u8]>) -> Result<Self, Broken> {
        let authorities = Authority::all(get(CA).unwrap_or_default());
        let first = authorities.first().ok_or(Broken("`ca.crt` holds no CA that was made here"))?;
        let text = get(CA_KEY).and_then(|key| std::str::from_utf8(key).ok()).ok_or(Broken("there is no `ca.key`"))?;
        let key = KeyPair::from_pem(text).map_err(|_| Broken("`ca.key` is no key"))?;
        if key.public_key_raw() != first.public_key {
            return Err(Broken("`ca.key` is not the key of the first CA in `ca.crt`"));
        }
        let authority_key = text.to_owned();
        let leaf = get(CERT).zip(get(KEY)).map(|(cert, key)| Pair { cert: cert.to_vec(), key: key.to_vec() });
        let leaf = leaf.filter(|pair| tls::build(&pair.pem(None), &[]).is_ok());
        Ok(Self { authorities, authority_key, leaf })
    }
}

impl Pair {
    /// With what else the listener needs.
    pub(in crate::webhook) fn pem(&self, client_ca: Option<Vec<u8>>) -> tls::Pem {
        tls::Pem { cert: self.cert.clone(), key: self.key.clone(), client_ca }
    }
}

fn pem(der: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let text = STANDARD.encode(der);
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    // Lines of RFC 7468.
    for line in text.as_bytes().chunks(64) {
        pem.extend(line.iter().map(|byte| char::from(*byte)));
        pem.push('\n');
    }
    pem + "-----END CERTIFICATE-----\n"
}

/// Asks a client's verifier.
fn accepts(authorities: &[Authority], pair: &Pair, now: i64, wish: &Wish) -> bool {
    let mut roots = RootCertStore::empty();
    for authority in authorities.iter().filter(|authority| authority.is_valid_at(now)) {
        if roots.add(authority.der.clone()).is_err() {
            return false;
        }
    }
    let Ok(der) = CertificateDer::from_pem_slice(&pair.cert) else { return false };
    let Ok(verifier) = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), tls::provider()).build() else {
        return false;
    };
    let at = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now).unwrap_or_default()));
    wish.names.iter().all(|name| {
        let Ok(name) = ServerName::try_from(name.clone()) else { return false };
        verifier.verify_server_cert(&der, &[], &name, &[], at).is_ok()
    })
}
