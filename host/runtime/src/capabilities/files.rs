//! `wasi:filesystem`, whose writes count towards the call's limit of sent bytes.
//!
//! The library does all of it; here stand in front of it the three functions by which bytes come into
//! a file. What would exceed the limit is refused with the interface's own `quota`, and nothing of it
//! is written.

use std::sync::Arc;

use bytes::Bytes;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemView};
use wasmtime_wasi::p2::bindings::filesystem::types::{ErrorCode, HostDescriptor};
use wasmtime_wasi::p2::{
    DynOutputStream, FsResult, OutputStream, Pollable, StreamError, StreamResult,
};

use crate::meter::Sent;
use crate::state::State;

/// The interface as the library links it.
const INTERFACE: &str = "wasi:filesystem/types@0.2.12";

type Written<T> = wasmtime::Result<(Result<T, ErrorCode>,)>;

/// Takes the place of the library's functions that write.
pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut types = linker.instance(INTERFACE)?;
    types.func_wrap_async(
        "[method]descriptor.write",
        |mut store, (file, bytes, offset): (Resource<Descriptor>, Vec<u8>, u64)| {
            Box::new(async move {
                let state: &mut State = store.data_mut();
                if !state.meter.sent().count(bytes.len() as u64) {
                    return Ok((Err(ErrorCode::Quota),));
                }
                answer(state.filesystem().write(file, bytes, offset).await)
            })
        },
    )?;
    types.func_wrap(
        "[method]descriptor.write-via-stream",
        |mut store, (file, offset): (Resource<Descriptor>, u64)| {
            let state: &mut State = store.data_mut();
            let stream = state.filesystem().write_via_stream(file, offset);
            counted(state, stream)
        },
    )?;
    types.func_wrap(
        "[method]descriptor.append-via-stream",
        |mut store, (file,): (Resource<Descriptor>,)| {
            let state: &mut State = store.data_mut();
            let stream = state.filesystem().append_via_stream(file);
            counted(state, stream)
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

fn answer<T>(result: FsResult<T>) -> Written<T> {
    match result {
        Ok(value) => Ok((Ok(value),)),
        Err(error) => Ok((Err(error.downcast()?),)),
    }
}

/// The stream, with the limit before it.
fn counted(
    state: &mut State,
    stream: FsResult<Resource<DynOutputStream>>,
) -> Written<Resource<DynOutputStream>> {
    let (stream,) = answer(stream)?;
    let stream = match stream {
        Ok(stream) => stream,
        Err(code) => return Ok((Err(code),)),
    };
    let sent = state.meter.sent();
    let inner = state.table.delete(stream)?;
    let counted: DynOutputStream = Box::new(Counted { inner, sent });
    Ok((Ok(state.table.push(counted)?),))
}

/// A stream into a file.
struct Counted {
    inner: DynOutputStream,
    sent: Arc<Sent>,
}

#[async_trait::async_trait]
impl Pollable for Counted {
    async fn ready(&mut self) {
        self.inner.ready().await;
    }
}

#[async_trait::async_trait]
impl OutputStream for Counted {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if !self.sent.count(bytes.len() as u64) {
            return Err(StreamError::LastOperationFailed(ErrorCode::Quota.into()));
        }
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.inner.flush()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.inner.check_write()
    }

    async fn cancel(&mut self) {
        self.inner.cancel().await;
    }
}
