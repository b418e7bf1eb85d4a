//! The proxy through which the API server reaches nodes, services and webhooks.
//!
//! The API server refuses loopback addresses for all of these, so they get documentation or
//! cluster addresses, and this proxy leads each to a server on loopback.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpStream, UnixListener, UnixStream};

use crate::background::Background;
use crate::error::{Context as _, Error, Result};

const LONGEST_REQUEST: usize = 8 * 1024;

type Routes = Arc<Mutex<BTreeMap<String, SocketAddr>>>;

/// The proxy and its table of routes.
#[derive(Debug)]
pub(crate) struct Egress {
    routes: Routes,
}

impl Egress {
    /// Serves `CONNECT` on a Unix socket.
    pub(crate) fn start(background: &Background, socket: &Path) -> Result<Self> {
        let _context = background.handle().enter();
        let listener =
            UnixListener::bind(socket).context(format!("listen on {}", socket.display()))?;
        let routes = Routes::default();
        background
            .handle()
            .spawn(accept(listener, Arc::clone(&routes)));
        Ok(Self { routes })
    }

    /// Leads `address` (`192.0.2.10:10250`) to a server on loopback; refuses any other target.
    pub(crate) fn route(&self, address: &str, backend: SocketAddr) -> Result<()> {
        if !backend.ip().is_loopback() {
            return Err(Error::document(
                "route",
                format!("{backend} is not on loopback"),
            ));
        }
        lock(&self.routes).insert(address.to_owned(), backend);
        Ok(())
    }
}

fn lock(routes: &Routes) -> std::sync::MutexGuard<'_, BTreeMap<String, SocketAddr>> {
    routes.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: UnixListener, routes: Routes) {
    while let Ok((stream, _)) = listener.accept().await {
        let routes = Arc::clone(&routes);
        // A failed connection is the API server's to report.
        tokio::spawn(async move { serve(stream, &routes).await });
    }
}

async fn serve(mut stream: UnixStream, routes: &Routes) -> std::io::Result<()> {
    let request = read_head(&mut stream).await?;
    let backend = target(&request).and_then(|target| lock(routes).get(target).copied());
    let connected = match backend {
        Some(backend) => TcpStream::connect(backend).await.ok(),
        None => None,
    };
    let Some(mut backend) = connected else {
        return stream
            .write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            .await;
    };
    stream
        .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
        .await?;
    copy_bidirectional(&mut stream, &mut backend).await?;
    Ok(())
}

/// Reads up to the empty line; the client sends nothing more before it has the answer.
async fn read_head(stream: &mut UnixStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > LONGEST_REQUEST || stream.read_buf(&mut head).await? == 0 {
            return Err(std::io::ErrorKind::InvalidData.into());
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// `192.0.2.10:10250` of `CONNECT 192.0.2.10:10250 HTTP/1.1`.
fn target(head: &str) -> Option<&str> {
    head.strip_prefix("CONNECT ")?.split_whitespace().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn connect(socket: &Path, target: &str) -> (UnixStream, String) {
        let mut stream = UnixStream::connect(socket).await.unwrap();
        let request = format!("CONNECT {target} HTTP/1.1\r\nHost: x\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let head = read_head(&mut stream).await.unwrap();
        (stream, head)
    }

    #[tokio::test]
    async fn only_routed_addresses_are_connected() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("s");
        let background = Background::start().unwrap();
        let egress = Egress::start(&background, &socket).unwrap();
        let backend = tokio::net::TcpListener::bind(("127.0.0.1", 0))
            .await
            .unwrap();
        egress
            .route("192.0.2.10:10250", backend.local_addr().unwrap())
            .unwrap();

        let (mut stream, head) = connect(&socket, "192.0.2.10:10250").await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let (mut accepted, _) = backend.accept().await.unwrap();
        accepted.write_all(b"hello").await.unwrap();
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"hello");

        let (_, head) = connect(&socket, "192.0.2.11:10250").await;
        assert!(head.starts_with("HTTP/1.1 502"), "{head}");
    }

    #[tokio::test]
    async fn routes_never_leave_loopback() {
        let folder = tempfile::tempdir().unwrap();
        let background = Background::start().unwrap();
        let egress = Egress::start(&background, &folder.path().join("s")).unwrap();
        assert!(egress.route("a:1", "192.0.2.1:1".parse().unwrap()).is_err());
    }
}
