//! Reading the bodies of requests, before anything is known about who sends them: within a time, up to
//! a length, and all together within a part of the memory.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a body may take. Peers wait five seconds for their answers.
const BODY_WITHIN: Duration = Duration::from_secs(20);

/// How much of all bodies is held at once, in pieces of 1 KB. Only what has arrived counts, not what is
/// announced.
const PIECES: usize = 256 * 1024;
const PIECE: usize = 1024;

/// Room for the bodies of all requests.
pub(crate) struct Bodies {
    /// Longest one that is read, in bytes.
    longest: usize,
    room: Arc<Semaphore>,
}

/// A whole body. Its room is free again when it is dropped.
pub(crate) struct Received {
    pub(crate) bytes: Vec<u8>,
    _room: Option<OwnedSemaphorePermit>,
}

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreceived {
    #[error("the request is longer than {0} bytes")]
    TooLong(usize),
    #[error("the request takes too long to arrive")]
    TooSlow,
    #[error("the node reads as many requests as it can; try again later")]
    NoRoom,
    #[error("the request broke off")]
    Broken,
}

impl Bodies {
    /// Reads bodies up to a length, in bytes.
    pub(crate) fn up_to(longest: usize) -> Self {
        Self {
            longest,
            room: Arc::new(Semaphore::new(PIECES)),
        }
    }

    pub(crate) async fn read(&self, body: Body) -> Result<Received, Unreceived> {
        let read = tokio::time::timeout(BODY_WITHIN, self.read_all(body));
        read.await.unwrap_or(Err(Unreceived::TooSlow))
    }

    async fn read_all(&self, mut body: Body) -> Result<Received, Unreceived> {
        let too_long = Unreceived::TooLong(self.longest);
        let announced = body.size_hint().lower();
        if announced > self.longest as u64 {
            return Err(too_long);
        }
        let mut bytes = Vec::new();
        let mut room: Option<OwnedSemaphorePermit> = None;
        while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await
        {
            let Ok(piece) = frame.map_err(|_| Unreceived::Broken)?.into_data() else {
                continue;
            };
            if bytes.len() + piece.len() > self.longest {
                return Err(too_long);
            }
            let held = room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
            let more = (bytes.len() + piece.len()).div_ceil(PIECE) - held;
            let more = u32::try_from(more).map_err(|_| too_long)?;
            let more = self.room.clone().try_acquire_many_owned(more);
            let more = more.map_err(|_| Unreceived::NoRoom)?;
            match &mut room {
                Some(room) => room.merge(more),
                None => room = Some(more),
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(Received { bytes, _room: room })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bodies_share_their_room_and_give_it_back() {
        let bodies = Bodies {
            longest: 4096,
            room: Arc::new(Semaphore::new(3)),
        };
        let first = bodies.read(Body::from(vec![0; 1500])).await.unwrap();
        assert_eq!(first.bytes.len(), 1500);
        let second = bodies.read(Body::from(vec![0; 1500])).await;
        assert_eq!(second.err(), Some(Unreceived::NoRoom));
        drop(first);
        assert!(bodies.read(Body::from(vec![0; 1500])).await.is_ok());
        assert_eq!(bodies.room.available_permits(), 3);
    }

    #[tokio::test]
    async fn a_body_that_is_announced_too_long_is_not_read() {
        let read = Bodies::up_to(10).read(Body::from(vec![0; 11])).await;
        assert_eq!(read.err(), Some(Unreceived::TooLong(10)));
    }
}
