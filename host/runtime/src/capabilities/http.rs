//! `wasi:http`, outgoing: each request goes as a whole to the port, each response comes as a whole
//! from it.
//!
//! A request that the port refuses is one of the interface's own error codes to the guest; which
//! grant is missing goes to the log and stands beside the call's failure. Requests count towards the
//! call's limit of sent bytes; one that would exceed it is refused, and nothing of it is sent.
//! Requests that are under way end with the call.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime_wasi_http::{
    Error, RequestOptions, Result, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks,
    WasiHttpView,
};

use crate::meter::Sent;
use crate::ports::{CallContext, Denial, Http, HttpError, Order, Ports};
use crate::state::State;

/// Exchanges of one call whose response the guest has not yet let go of. Each may hold a whole
/// response in the host's memory.
const MAX_OPEN: usize = 8;

/// Bytes of the headers of one request or response, as the interface counts them.
const MAX_HEADER_BYTES: usize = 64 << 10;

/// What stands behind `wasi:http` in one call.
pub(crate) struct Outgoing {
    context: WasiHttpCtx,
    exchanges: Exchanges,
}

#[derive(Clone)]
struct Exchanges {
    port: Arc<dyn Http>,
    order: Option<Arc<dyn Order>>,
    call: CallContext,
    sent: Arc<Sent>,
    open: Arc<Semaphore>,
    denied: Arc<Mutex<Vec<Denial>>>,
}

impl Outgoing {
    /// For the call of that context.
    pub(crate) fn new(ports: &Ports, call: CallContext, sent: Arc<Sent>) -> Self {
        let mut context = WasiHttpCtx::new();
        context.set_field_size_limit(MAX_HEADER_BYTES);
        Self {
            context,
            exchanges: Exchanges {
                port: ports.http.clone(),
                order: ports.order.clone(),
                call,
                sent,
                open: Arc::new(Semaphore::new(MAX_OPEN)),
                denied: Arc::default(),
            },
        }
    }

    /// What was denied since this was asked last.
    pub(crate) fn take_denied(&self) -> Vec<Denial> {
        let denied = &self.exchanges.denied;
        std::mem::take(&mut *denied.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let Self {
            http,
            table,
            ports,
            context,
            meter,
            ..
        } = self;
        let outgoing = http
            .get_or_insert_with(|| Box::new(Outgoing::new(ports, context.clone(), meter.sent())));
        WasiHttpCtxView {
            hooks: &mut outgoing.exchanges,
            table,
            ctx: &mut outgoing.context,
        }
    }
}

type Io = Box<dyn Future<Output = Result<()>> + Send>;
type Responding = Box<dyn Future<Output = Result<(http::Response<WasiBody>, Io)>> + Send>;

impl WasiHttpHooks for Exchanges {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Io,
    ) -> Responding {
        let (head, body) = request.into_parts();
        if let Some(order) = &self.order {
            order.begins(&head);
        }
        let request = http::Request::from_parts(head, body);
        let exchange = self.clone().exchange(request, options);
        Box::new(async move {
            let response = exchange.await?;
            Ok((response, Box::new(async { Ok(()) }) as Io))
        })
    }
}

impl Exchanges {
    async fn exchange(
        self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
    ) -> Result<http::Response<WasiBody>> {
        let permit = self
            .open
            .clone()
            .try_acquire_owned()
            .map_err(|_| Error::ConnectionLimitReached)?;
        let request = self.whole(request).await?;
        let time_out = options.and_then(|options| options.first_byte_timeout);
        let exchanged = self.port.exchange(&self.call, request, time_out).await;
        let response = exchanged.map_err(|error| self.told(error))?;
        Ok(response.map(|bytes| Whole::new(bytes, permit).boxed_unsync()))
    }

    /// The request with all of its body, counted.
    async fn whole(&self, request: http::Request<WasiBody>) -> Result<http::Request<Bytes>> {
        let (parts, mut body) = request.into_parts();
        let target = parts.uri.path().len() + parts.uri.query().map_or(0, str::len);
        let headers = parts.headers.iter();
        let headers: usize = headers
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        self.count(target + headers)?;
        let mut whole = Vec::new();
        while let Some(frame) = body.frame().await {
            // Trailers are of no use where all is known before it is sent.
            if let Ok(data) = frame?.into_data() {
                self.count(data.len())?;
                whole.extend_from_slice(&data);
            }
        }
        Ok(http::Request::from_parts(parts, Bytes::from(whole)))
    }

    fn count(&self, bytes: usize) -> Result<()> {
        if self.sent.count(bytes as u64) {
            return Ok(());
        }
        Err(Error::HttpRequestBodySize(Some(self.sent.limit())))
    }

    /// The interface's word for a failure.
    fn told(&self, error: HttpError) -> Error {
        tracing::debug!(
            extension = %self.call.extension,
            correlation = %self.call.correlation,
            %error,
            "an HTTP exchange came to nothing"
        );
        match error {
            HttpError::Denied(denial) => {
                let mut denied = self.denied.lock().unwrap_or_else(PoisonError::into_inner);
                if !denied.contains(&denial) && denied.len() < MAX_OPEN {
                    denied.push(denial);
                }
                Error::HttpRequestDenied
            }
            HttpError::Name(reason) => Error::DnsError {
                rcode: Some(reason),
                info_code: None,
            },
            HttpError::Connection(_) => Error::ConnectionRefused,
            HttpError::TimedOut(_) => Error::HttpResponseTimeout,
            HttpError::TooLarge(_) => Error::HttpResponseBodySize(None),
            HttpError::Protocol(_) => Error::HttpProtocolError,
        }
    }
}

/// A response's body, which counts as open for as long as the guest holds it.
struct Whole {
    bytes: Option<Bytes>,
    _open: OwnedSemaphorePermit,
}

impl Whole {
    fn new(bytes: Bytes, open: OwnedSemaphorePermit) -> Self {
        Self {
            bytes: Some(bytes).filter(|bytes| !bytes.is_empty()),
            _open: open,
        }
    }
}

impl http_body::Body for Whole {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>>>> {
        Poll::Ready(
            self.bytes
                .take()
                .map(|bytes| Ok(http_body::Frame::data(bytes))),
        )
    }
}
