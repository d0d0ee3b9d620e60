//! `certs dev`: what it makes is what a TLS library takes, and nobody else can read or commit the keys.

use super::{crashlint, text};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, RootCertStore};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use x509_parser::prelude::{FromDer as _, GeneralName, ParsedExtension, X509Certificate};

const NAMES: [&str; 5] =
    ["localhost", "127.0.0.1", "::1", "crashlint.crashlint.svc", "crashlint.crashlint.svc.cluster.local"];

fn make(folder: &Path, more: &[&str]) -> String {
    let output = crashlint(folder, &[&["certs", "dev", "new/certs"], more].concat());
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    text(&output.stdout).to_owned()
}

fn certificate(folder: &Path, name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(folder.join("new/certs").join(name)).unwrap()
}

fn roots(folder: &Path) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate(folder, "ca.crt")).unwrap();
    Arc::new(roots)
}

/// Whether a client that trusts the CA takes the server's certificate for a name, some days from now.
fn verify(folder: &Path, name: &str, days: i64) -> Result<(), rustls::Error> {
    let verifier =
        WebPkiServerVerifier::builder_with_provider(roots(folder), default_provider().into()).build().unwrap();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(
        UnixTime::now().as_secs().checked_add_signed(days * 86_400).unwrap(),
    ));
    let leaf = certificate(folder, "tls.crt");
    verifier.verify_server_cert(&leaf, &[], &ServerName::try_from(name).unwrap(), &[], now).map(drop)
}

/// Whether the key is that of the certificate.
fn belong_together(folder: &Path, name: &str) {
    let key = PrivateKeyDer::from_pem_file(folder.join("new/certs").join(format!("{name}.key"))).unwrap();
    let key = default_provider().key_provider.load_private_key(key).unwrap();
    CertifiedKey::new(vec![certificate(folder, &format!("{name}.crt"))], key).keys_match().unwrap();
}

#[test]
fn a_client_that_trusts_the_ca_takes_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let said = make(folder.path(), &["--name", "kind-control-plane", "--name", "10.1.2.3", "--name", "*.example.com"]);
    for name in NAMES.into_iter().chain(["kind-control-plane", "10.1.2.3"]) {
        assert!(said.contains(name), "{name}: {said}");
        verify(folder.path(), name, 0).unwrap();
        verify(folder.path(), name, 29).unwrap();
    }
    verify(folder.path(), "a.example.com", 0).unwrap();
    let wrong = verify(folder.path(), "elsewhere.test", 0).unwrap_err();
    let rustls::Error::InvalidCertificate(wrong) = wrong else { panic!("{wrong}") };
    assert!(matches!(wrong, CertificateError::NotValidForNameContext { .. }), "{wrong}");
    belong_together(folder.path(), "tls");
}

#[test]
fn validity_begins_in_the_past_and_ends_when_it_was_said() {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path(), &["--days", "2"]);
    let der = certificate(folder.path(), "tls.crt");
    let (_, leaf) = X509Certificate::from_der(&der).unwrap();
    let now = UnixTime::now().as_secs().cast_signed();
    assert!((now - 3700..now - 3500).contains(&leaf.validity().not_before.timestamp()));
    assert!((now + 172_700..now + 172_801).contains(&leaf.validity().not_after.timestamp()));
    for days in [-1, 3] {
        verify(folder.path(), "localhost", days).unwrap_err();
    }
}

#[test]
fn extensions_say_what_each_certificate_is_for() {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path(), &["--client", "kube-apiserver"]);
    let [ca, leaf, client] = ["ca.crt", "tls.crt", "client.crt"].map(|name| certificate(folder.path(), name));
    let (_, ca) = X509Certificate::from_der(&ca).unwrap();
    let basic = ca.basic_constraints().unwrap().unwrap();
    assert!(basic.critical && basic.value.ca && basic.value.path_len_constraint == Some(0));
    let usage = ca.key_usage().unwrap().unwrap();
    assert!(usage.critical && usage.value.key_cert_sign() && !usage.value.digital_signature());
    let identifier = ca.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(identifier) => Some(identifier.0),
        _ => None,
    });
    for (der, server, common_name) in [(&leaf, true, "crashlint"), (&client, false, "kube-apiserver")] {
        let (_, leaf) = X509Certificate::from_der(der).unwrap();
        assert!(leaf.basic_constraints().unwrap().is_none_or(|basic| !basic.value.ca));
        let usage = leaf.key_usage().unwrap().unwrap().value;
        assert!(usage.digital_signature() && !usage.key_cert_sign());
        let purpose = leaf.extended_key_usage().unwrap().unwrap().value;
        assert_eq!((purpose.server_auth, purpose.client_auth), (server, !server));
        assert!(!purpose.any);
        let names: Vec<_> = leaf.subject().iter_common_name().map(|name| name.as_str().unwrap()).collect();
        assert_eq!(names, [common_name]);
        let issuer = leaf.extensions().iter().find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(identifier) => identifier.key_identifier.as_ref().map(|id| id.0),
            _ => None,
        });
        assert!(issuer.is_some() && issuer == identifier);
    }
    let (_, leaf) = X509Certificate::from_der(&leaf).unwrap();
    let names = &leaf.subject_alternative_name().unwrap().unwrap().value.general_names;
    assert_eq!(names.len(), NAMES.len());
    assert_eq!(names.iter().filter(|name| matches!(name, GeneralName::IPAddress(_))).count(), 2);
}

#[test]
fn a_server_that_trusts_the_ca_takes_the_client() {
    let folder = tempfile::tempdir().unwrap();
    let said = make(folder.path(), &["--client", "kube-apiserver"]);
    assert!(said.contains("kube-apiserver"), "{said}");
    belong_together(folder.path(), "client");
    let verifier = WebPkiClientVerifier::builder_with_provider(roots(folder.path()), default_provider().into());
    let verifier = verifier.build().unwrap();
    let verify = |name| verifier.verify_client_cert(&certificate(folder.path(), name), &[], UnixTime::now()).map(drop);
    verify("client.crt").unwrap();
    verify("tls.crt").unwrap_err();
}

#[test]
fn openssl_agrees() {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path(), &["--client", "kube-apiserver"]);
    let verify = |arguments: &[&str]| {
        let mut command = Command::new("openssl");
        command.current_dir(folder.path().join("new/certs")).args(["verify", "-x509_strict", "-CAfile", "ca.crt"]);
        command.args(arguments).output()
    };
    for arguments in [
        ["-purpose", "sslserver", "-verify_hostname", "localhost", "tls.crt"],
        ["-purpose", "sslserver", "-verify_ip", "::1", "tls.crt"],
        ["-purpose", "sslclient", "-verify_depth", "1", "client.crt"],
    ] {
        // It is a second opinion; where it is not installed there is none.
        let Ok(output) = verify(&arguments) else { return };
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_keys() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    make(folder.path(), &["--client", "me"]);
    for file in std::fs::read_dir(folder.path().join("new/certs")).unwrap() {
        let file = file.unwrap();
        let key = file.file_name().to_str().unwrap().ends_with(".key");
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert!(if key { mode == 0o600 } else { mode & 0o133 == 0 }, "{:?}: {mode:o}", file.file_name());
    }
}

fn listing(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder.join("new/certs")).unwrap();
    let mut names: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn running_it_again_renews() {
    let folder = tempfile::tempdir().unwrap();
    make(folder.path(), &["--client", "me"]);
    assert_eq!(listing(folder.path()), ["ca.crt", "client.crt", "client.key", "tls.crt", "tls.key"]);
    let before = ["ca.crt", "tls.crt"].map(|name| certificate(folder.path(), name));
    let said = make(folder.path(), &[]);
    assert_ne!(before, ["ca.crt", "tls.crt"].map(|name| certificate(folder.path(), name)));
    verify(folder.path(), "localhost", 0).unwrap();
    belong_together(folder.path(), "tls");
    // The new CA does not vouch for the old client.
    assert!(said.contains("client.key: removed"), "{said}");
    assert_eq!(listing(folder.path()), ["ca.crt", "tls.crt", "tls.key"]);
}

#[test]
fn files_of_others_are_left_as_they_are() {
    for (name, content) in [("tls.key", "mine"), ("ca.crt", "mine"), ("client.crt", "mine")] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("new/certs")).unwrap();
        std::fs::write(folder.path().join("new/certs").join(name), content).unwrap();
        let output = crashlint(folder.path(), &["certs", "dev", "new/certs"]);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("was not made by"), "{}", text(&output.stderr));
        assert_eq!(listing(folder.path()), [name]);
        assert_eq!(std::fs::read_to_string(folder.path().join("new/certs").join(name)).unwrap(), content);
    }
}

#[test]
fn wrong_words_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["certs"][..],
        &["certs", "dev"],
        &["certs", "dev", "x", "--name", "not a name"],
        &["certs", "dev", "x", "--name", "*.10.0.0.1"],
        &["certs", "dev", "x", "--name", ""],
        &["certs", "dev", "x", "--days", "0"],
        &["certs", "dev", "x", "--days", "826"],
        &["certs", "dev", "x", "--client", ""],
    ] {
        let output = crashlint(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!folder.path().join("x").exists(), "{arguments:?}");
    }
}

#[test]
fn git_takes_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("certs-dev");
    let git = |arguments: &[&str]| Command::new("git").current_dir(folder.path()).args(arguments).output();
    match git(&["init", "--quiet"]) {
        Ok(output) => assert!(output.status.success(), "{}", text(&output.stderr)),
        // Without it there is nothing to ask.
        Err(_) => return,
    }
    make(folder.path(), &["--client", "me"]);
    for name in [".gitignore", "README.md"] {
        std::fs::copy(kept.join(name), folder.path().join("new/certs").join(name)).unwrap();
    }
    std::fs::write(folder.path().join("new/certs/.tls.key.4711"), "half a key").unwrap();
    let output = git(&["status", "--porcelain", "--untracked-files=all"]).unwrap();
    assert_eq!(text(&output.stdout), "?? new/certs/.gitignore\n?? new/certs/README.md\n");
    let output = git(&["check-ignore", "new/certs/tls.key", "new/certs/client.key"]).unwrap();
    assert_eq!(text(&output.stdout), "new/certs/tls.key\nnew/certs/client.key\n");
}

#[test]
fn help_completions_and_man_page_know_it() {
    for (arguments, word) in [
        (&["--help"][..], "certs"),
        (&["certs", "dev", "--help"], "--client"),
        (&["completions", "bash"], "certs__subcmd__dev"),
        (&["man"], "certs"),
    ] {
        let output = crashlint(Path::new("."), arguments);
        assert!(text(&output.stdout).contains(word), "{arguments:?}: {}", text(&output.stdout));
    }
}
