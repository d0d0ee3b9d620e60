//! The least HTTP/1.1 over TLS that a load needs: one blocking connection a thread, a request written as bytes that were made
//! beforehand, an answer read as far as its length says. A client that costs little leaves the machine to the server.

use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Whom to ask.
#[derive(Clone)]
pub(crate) struct Target {
    address: SocketAddr,
    tls: Arc<ClientConfig>,
}

impl Target {
    pub(crate) fn new(address: SocketAddr, ca: &Path) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut tls = builder.with_root_certificates(roots).with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        // A new connection is to cost what a new API server's costs.
        tls.resumption = Resumption::disabled();
        Self { address, tls: Arc::new(tls) }
    }
}

/// A connection.
pub(crate) struct Client {
    stream: StreamOwned<ClientConnection, TcpStream>,
    buffer: Vec<u8>,
    /// The server said that it will close.
    pub(crate) closing: bool,
}

impl Client {
    /// Connects; the handshake itself is driven by the first request.
    pub(crate) fn connect(target: &Target) -> io::Result<Self> {
        let socket = TcpStream::connect(target.address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(Duration::from_secs(30)))?;
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(Arc::clone(&target.tls), name).map_err(io::Error::other)?;
        Ok(Self { stream: StreamOwned::new(connection, socket), buffer: vec![0; 32 << 10], closing: false })
    }

    /// Sends a request and reads the answer; gives status and body.
    pub(crate) fn ask(&mut self, request: &[u8]) -> io::Result<(u16, &[u8])> {
        self.stream.write_all(request)?;
        self.stream.flush()?;
        let mut filled = 0;
        let head = loop {
            filled += self.read(filled)?;
            if let Some(end) = find(&self.buffer[..filled], b"\r\n\r\n") {
                break end + 4;
            }
        };
        let text = std::str::from_utf8(&self.buffer[..head]).map_err(io::Error::other)?;
        let status = text.get(9..12).and_then(|code| code.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        let value = |name: &str| {
            text.lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|pair| pair.1.trim())
        };
        let length: usize =
            value("content-length").and_then(|length| length.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        self.closing = value("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        while filled < head + length {
            filled += self.read(filled)?;
        }
        Ok((status, &self.buffer[head..head + length]))
    }

    fn read(&mut self, filled: usize) -> io::Result<usize> {
        if filled == self.buffer.len() {
            self.buffer.resize(2 * filled, 0);
        }
        match self.stream.read(&mut self.buffer[filled..])? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => Ok(count),
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, what)
}
