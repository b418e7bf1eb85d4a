//! A port that stays ours while servers come and go behind it.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use tokio::net::TcpSocket;

use crate::error::{Context as _, Result};

/// A loopback port, held for sharing and never listened on by us.
///
/// The API server binds it with `--permit-port-sharing`; between two of them (an upgrade) nobody
/// else can take it, because only sockets that share may bind it.
#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    _held: TcpSocket,
}

impl Port {
    /// Takes a free port, trying again if another process takes it in between.
    pub(crate) fn reserve() -> Result<Self> {
        let mut attempts = 0;
        loop {
            match Self::try_reserve() {
                Err(_) if attempts < 20 => attempts += 1,
                outcome => return outcome.context("reserve a loopback port"),
            }
        }
    }

    fn try_reserve() -> std::io::Result<Self> {
        // A plain bind finds a port that nobody shares; the sharing bind then holds it.
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let number = free.local_addr()?.port();
        drop(free);
        let held = TcpSocket::new_v4()?;
        held.set_reuseport(true)?;
        held.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, number)))?;
        Ok(Self {
            number,
            _held: held,
        })
    }

    pub(crate) fn number(&self) -> u16 {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserved_port_cannot_be_taken_by_a_stranger_but_can_be_shared() {
        let port = Port::reserve().unwrap();
        assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, port.number())).is_err());
        let sharing = TcpSocket::new_v4().unwrap();
        sharing.set_reuseport(true).unwrap();
        sharing
            .bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port.number())))
            .unwrap();
    }
}
