//! The certificate that is served, and when another one takes its place.

use super::managed::Managed;
use super::tls::{self, Leaf, Pem};
use super::{Options, files};
use arc_swap::ArcSwapOption;
use rustls::ServerConfig;
use std::path::Path;
use std::sync::Arc;

/// Largest file that is read, in bytes: a Secret holds 1 MiB at most.
const LARGEST: u64 = 4 << 20;

/// The certificate that is served; none at first.
#[derive(Default)]
pub(super) struct Certificates {
    current: ArcSwapOption<Leaf>,
}

impl Certificates {
    /// For the next handshake.
    pub(super) fn config(&self) -> Option<Arc<ServerConfig>> {
        self.current.load().as_ref().map(|leaf| Arc::clone(&leaf.config))
    }

    /// Why clients would not take the certificate; none where they would.
    pub(super) fn fault(&self, now: i64) -> Option<&'static str> {
        match &*self.current.load() {
            None => Some("no certificate"),
            Some(leaf) if now > leaf.not_after => Some("the certificate has expired"),
            Some(leaf) if now < leaf.not_before => Some("the certificate is not valid yet"),
            Some(_) => None,
        }
    }
}

/// What a look at the files came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// The same as before.
    Unchanged,
    /// Another certificate is served from now on; it ends at these seconds since 1970.
    Taken {
        /// Seconds since 1970.
        not_after: i64,
    },
    /// Something is wrong with the files, for the first time in this way; what was served goes on to be.
    Refused(String),
}

/// Reads the files and remembers what it saw.
#[derive(Default)]
pub(super) struct Watcher {
    taken: Option<Pem>,
    refused: Option<(Option<Pem>, String)>,
}

impl Watcher {
    /// Looks at the files, or at what the server has made itself, and hands what is new and sound to `certificates`.
    pub(super) fn look(
        &mut self,
        options: &Options,
        managed: Option<&Managed>,
        certificates: &Certificates,
        now: i64,
    ) -> Look {
        let pem = match read(options, managed) {
            Ok(Some(pem)) => pem,
            Ok(None) => return Look::Unchanged,
            Err(unreadable) => return self.refuse(None, unreadable.to_string()),
        };
        if self.taken.as_ref() == Some(&pem) {
            self.refused = None;
            return Look::Unchanged;
        }
        let leaf = match tls::build(&pem, &options.client_name) {
            Ok(leaf) => leaf,
            Err(unusable) => return self.refuse(Some(pem), unusable.to_string()),
        };
        // A refused one is looked at again each time, as the clock may make it the better one.
        if !leaf.is_valid_at(now) && certificates.fault(now).is_none() {
            let word = if now > leaf.not_after { "has expired" } else { "is not valid yet" };
            return self.refuse(Some(pem), format!("the new certificate {word}, and the one in use is valid"));
        }
        let not_after = leaf.not_after;
        certificates.current.store(Some(Arc::new(leaf)));
        (self.taken, self.refused) = (Some(pem), None);
        Look::Taken { not_after }
    }

    fn refuse(&mut self, pem: Option<Pem>, message: String) -> Look {
        let refused = Some((pem, message.clone()));
        if self.refused == refused {
            return Look::Unchanged;
        }
        self.refused = refused;
        Look::Refused(message)
    }
}

/// None where the server has not made a certificate yet.
fn read(options: &Options, managed: Option<&Managed>) -> Result<Option<Pem>, files::Unreadable> {
    let named = [&options.cert, &options.key, &options.client_ca];
    let paths: Vec<&Path> = named.into_iter().flatten().map(|path| &**path).collect();
    let mut contents = files::contents(&paths, LARGEST)?.into_iter();
    let mut next = |named: &Option<_>| named.is_some().then(|| contents.next().unwrap_or_default());
    let (cert, key, client_ca) = (next(&options.cert), next(&options.key), next(&options.client_ca));
    Ok(match (cert.zip(key), managed) {
        (Some((cert, key)), _) => Some(Pem { cert, key, client_ca }),
        (None, Some(managed)) => managed.pair.load().as_ref().map(|pair| pair.pem(client_ca)),
        (None, None) => None,
    })
}
