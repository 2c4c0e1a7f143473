//! Ports for programs that are started again on the same one, or cannot pick one by themselves.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use tokio::net::TcpSocket;

/// A port that is kept from others for as long as this lives, whether or not the test's own program
/// listens on it: the system gives it to nobody, and lets a listener that shares addresses have it.
#[derive(Debug)]
pub struct Port(TcpSocket);

impl Port {
    /// Some port of the loopback.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn keep() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        Self(socket)
    }

    /// The address to listen on.
    ///
    /// # Panics
    /// If the system does not know it.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }
}

/// A port that was free a moment ago.
#[must_use]
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
