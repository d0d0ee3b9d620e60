//! `crashlint certs dev DIR`: a throw-away CA, and a certificate of it for trying the webhook.
//!
//! The CA's key is dropped as soon as it has signed, so nobody can ever sign with a CA that somebody trusted for a test.

use super::args::{Certs, DevCerts};
use crate::report::safe;
use anyhow::{Context as _, bail};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use x509_parser::pem::Pem;

/// Common name of every CA made here; files of other issuers are left alone.
const CA: &str = "crashlint throw-away CA";

/// Names that a server certificate always holds: the loopback's, and those of the service in the chart's own namespace.
const NAMES: &[&str] =
    &["localhost", "127.0.0.1", "::1", "crashlint.crashlint.svc", "crashlint.crashlint.svc.cluster.local"];

/// How long before now a certificate begins, so that a client whose clock is behind takes it too.
const EARLIER: Duration = Duration::from_secs(3600);

/// One file to write.
struct File {
    name: &'static str,
    text: String,
    about: String,
    /// Nobody but the owner may read it.
    secret: bool,
}

/// Makes what was asked for, and says what lies where.
pub(super) fn run(certs: &Certs, out: &mut dyn Write) -> anyhow::Result<()> {
    let Certs::Dev(args) = certs;
    fs::create_dir_all(&args.dir).with_context(|| shown(&args.dir))?;
    let stale = earlier(&args.dir)?;
    let begin = SystemTime::now().checked_sub(EARLIER).context("the clock stands before 1970")?;
    let end = begin + EARLIER + Duration::from_secs(u64::from(args.days) * 86_400);
    let files = files(args, begin, end).context("making certificates")?;
    for file in &files {
        write(&args.dir.join(file.name), file)?;
        writeln!(out, "{}: {}", safe::sentence(&shown(&args.dir.join(file.name))), file.about)?;
    }
    // The new CA does not vouch for them.
    for path in stale.iter().filter(|path| files.iter().all(|file| !path.ends_with(file.name))) {
        fs::remove_file(path).with_context(|| shown(path))?;
        writeln!(out, "{}: removed, it was of the CA before", safe::sentence(&shown(path)))?;
    }
    let end = jiff::Timestamp::try_from(end).context("the end of validity")?;
    writeln!(out, "valid until {end:.0}")?;
    Ok(())
}

/// What an earlier run left in the folder. Files that were not made here are an error: they are somebody's.
fn earlier(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for (certificate, key) in [("ca.crt", None), ("tls.crt", Some("tls.key")), ("client.crt", Some("client.key"))] {
        let certificate = dir.join(certificate);
        let ours = certificate.exists() && is_ours(&certificate);
        for path in [Some(certificate), key.map(|key| dir.join(key))].into_iter().flatten() {
            if !path.exists() {
                continue;
            }
            if !ours {
                bail!("{} was not made by `crashlint certs dev`; it is left as it is", shown(&path));
            }
            found.push(path);
        }
    }
    Ok(found)
}

/// Whether a certificate's issuer is a CA of this program. A key is told by the certificate beside it.
fn is_ours(path: &Path) -> bool {
    let Ok(text) = fs::read(path) else { return false };
    let mut certificates = Pem::iter_from_buffer(&text).flatten();
    certificates.next().is_some_and(|pem| {
        pem.parse_x509()
            .is_ok_and(|certificate| certificate.issuer().iter_common_name().any(|name| name.as_str() == Ok(CA)))
    })
}

/// Certificates and keys, in the order of writing: where a run ends half-way, no key is without its certificate, and the next
/// run knows it for its own.
fn files(args: &DevCerts, begin: SystemTime, end: SystemTime) -> anyhow::Result<Vec<File>> {
    let params = |name: &str| -> anyhow::Result<CertificateParams> {
        let mut params = CertificateParams::default();
        params.not_before = rcgen::date_time_ymd(1970, 1, 1) + begin.duration_since(UNIX_EPOCH)?;
        params.not_after = rcgen::date_time_ymd(1970, 1, 1) + end.duration_since(UNIX_EPOCH)?;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        Ok(params)
    };
    let mut ca = params(CA)?;
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate()?)?;

    let mut names: Vec<String> = Vec::new();
    for name in NAMES.iter().copied().chain(args.names.iter().map(String::as_str)) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    let about = format!("a server's certificate, for {}", names.join(", "));
    let mut server = params("crashlint")?;
    server.subject_alt_names = CertificateParams::new(names)?.subject_alt_names;
    let mut files = vec![File {
        name: "ca.crt",
        text: ca.pem(),
        about: "the CA, whose key is gone already".to_owned(),
        secret: false,
    }];
    files.extend(pair(["tls.crt", "tls.key"], server, ExtendedKeyUsagePurpose::ServerAuth, about, &ca)?);
    if let Some(name) = &args.client {
        let about = format!("a client's certificate, with the common name {}", safe::sentence(name));
        let kind = ExtendedKeyUsagePurpose::ClientAuth;
        files.extend(pair(["client.crt", "client.key"], params(name)?, kind, about, &ca)?);
    }
    Ok(files)
}

/// A leaf of the CA, and its key.
fn pair(
    [certificate, key]: [&'static str; 2],
    mut params: CertificateParams,
    purpose: ExtendedKeyUsagePurpose,
    about: String,
    ca: &CertifiedIssuer<'_, KeyPair>,
) -> anyhow::Result<[File; 2]> {
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![purpose];
    params.use_authority_key_identifier_extension = true;
    let pair = KeyPair::generate()?;
    let signed = params.signed_by(&pair, ca)?;
    Ok([
        File { name: certificate, text: signed.pem(), about, secret: false },
        File { name: key, text: pair.serialize_pem(), about: "its key".to_owned(), secret: true },
    ])
}

/// Writes beside and renames, so that a server that reads the folder meanwhile never sees half a file.
fn write(path: &Path, file: &File) -> anyhow::Result<()> {
    let beside = path.with_file_name(format!(".{}.{}", file.name, std::process::id()));
    let done = fill(&beside, file).and_then(|()| fs::rename(&beside, path));
    if done.is_err() {
        // What matters is the error before.
        let _ = fs::remove_file(&beside);
    }
    done.with_context(|| shown(path))
}

fn fill(path: &Path, file: &File) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(if file.secret { 0o600 } else { 0o644 });
    }
    options.open(path)?.write_all(file.text.as_bytes())
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
