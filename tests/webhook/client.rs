//! A client of one connection, plain enough to misbehave.

use super::PATIENCE;
use super::pki::Pair;
use super::server::Server;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};
use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// How a client speaks TLS.
#[derive(Clone)]
pub(super) struct Tls(Arc<ClientConfig>);

impl Tls {
    pub(super) fn trusting(ca: &str) -> Self {
        Self::with(&[ca], None, &["http/1.1"], rustls::ALL_VERSIONS)
    }

    /// One by whose clock it is so many seconds since 1970.
    pub(super) fn trusting_at(ca: &str, seconds: i64) -> Self {
        let mut config = (*Self::trusting(ca).0).clone();
        config.time_provider = Arc::new(At(seconds));
        Self(Arc::new(config))
    }

    pub(super) fn with(
        cas: &[&str],
        identity: Option<&Pair>,
        protocols: &[&str],
        versions: &[&'static SupportedProtocolVersion],
    ) -> Self {
        let mut roots = RootCertStore::empty();
        for root in cas.iter().flat_map(|ca| CertificateDer::pem_slice_iter(ca.as_bytes())) {
            roots.add(root.unwrap()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
        let builder = builder.with_root_certificates(roots);
        let mut config = match identity {
            Some(pair) => builder.with_client_auth_cert(pair.chain(), pair.private()).unwrap(),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Self(Arc::new(config))
    }
}

/// A clock that stands.
#[derive(Debug)]
struct At(i64);

impl rustls::time_provider::TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(self.0.try_into().ok()?)))
    }
}

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    /// Whether the server ends the connection.
    pub(super) fn is_last(&self) -> bool {
        self.header("connection") == Some("close")
    }

    #[track_caller]
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

/// A connection.
pub(super) struct Client {
    pub(super) stream: BufReader<StreamOwned<ClientConnection, TcpStream>>,
}

pub(super) fn tcp(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

impl Client {
    pub(super) fn connect(address: SocketAddr, tls: &Tls) -> io::Result<Self> {
        Self::connect_to("localhost", address, tls)
    }

    /// The same, where the server must be of another name.
    pub(super) fn connect_to(name: &str, address: SocketAddr, tls: &Tls) -> io::Result<Self> {
        let mut stream = tcp(address)?;
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let mut connection = ClientConnection::new(Arc::clone(&tls.0), name).map_err(io::Error::other)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream)?;
        }
        // Small: some tests hold thousands.
        Ok(Self { stream: BufReader::with_capacity(512, StreamOwned::new(connection, stream)) })
    }

    #[track_caller]
    pub(super) fn of(server: &Server) -> Self {
        Self::connect(server.listen, &server.tls()).unwrap()
    }

    pub(super) fn tls(&self) -> &ClientConnection {
        &self.stream.get_ref().conn
    }

    pub(super) fn socket(&self) -> &TcpStream {
        &self.stream.get_ref().sock
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)?;
        self.stream.get_mut().flush()
    }

    pub(super) fn receive(&mut self) -> io::Result<Reply> {
        receive(&mut self.stream)
    }

    pub(super) fn request(&mut self, head: &str, body: &[u8]) -> io::Result<Reply> {
        let head = format!("{head}\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n", body.len());
        self.send(head.as_bytes())?;
        self.send(body)?;
        self.receive()
    }

    pub(super) fn try_post(&mut self, path: &str, body: &str) -> io::Result<Reply> {
        self.request(&format!("POST {path} HTTP/1.1\r\ncontent-type: application/json"), body.as_bytes())
    }

    #[track_caller]
    pub(super) fn post(&mut self, path: &str, body: &str) -> Reply {
        self.try_post(path, body).unwrap()
    }

    /// Whether the server has ended the connection, whatever it said before; waits until it has.
    pub(super) fn is_ended(&mut self) -> bool {
        match io::copy(&mut self.stream, &mut io::sink()) {
            Ok(_) => true,
            // Without the end of TLS, or reset.
            Err(error) => !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut),
        }
    }
}

/// Reads an answer whose body has a length.
pub(super) fn receive(stream: &mut BufReader<impl Read>) -> io::Result<Reply> {
    let mut line = || -> io::Result<String> {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    };
    let status = line()?.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    let mut headers = Vec::new();
    loop {
        let line = line()?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut reply = Reply { status, headers, body: Vec::new() };
    let length = reply.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    reply.body.resize(length, 0);
    stream.read_exact(&mut reply.body)?;
    Ok(reply)
}
