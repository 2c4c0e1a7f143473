//! What MCP clients may take of the node: `[mcp.limits]`. Times are milliseconds.

use std::num::NonZero;
use std::time::Duration;

use koi_mcp_server::McpOptions;
use serde::{Deserialize, Serialize};

macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $field:ident: $type:ty = $($option:ident).+),+ $(,)?) => {
        /// Bounds of the MCP server. Each is in force for all endpoints together.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct McpLimits {
            $($(#[doc = $doc])+ pub $field: $type,)+
        }

        impl Default for McpLimits {
            fn default() -> Self {
                let options = McpOptions::default();
                Self { $($field: Setting::of(&options.$($option).+),)+ }
            }
        }

        impl McpLimits {
            /// Puts them into the server's options.
            pub(crate) fn put_into(&self, options: &mut McpOptions) {
                $(options.$($option).+ = Setting::option(&self.$field);)+
            }
        }
    };
}

limits! {
    /// Most bytes of a request's body, and of a message on a WebSocket.
    body: usize = max_body,
    /// Most sessions of clients of the older protocol era; all of them are in the store.
    sessions: usize = max_sessions,
    /// Most of them that are in memory too.
    live_sessions: usize = max_live_sessions,
    /// After this long without a message or an open stream a session is forgotten.
    session_idle: NonZero<u64> = session_idle,
    /// After this long it leaves memory; the next request brings it back.
    park_after: NonZero<u64> = park_after,
    /// Most streams at once on which clients hear of changes.
    streams: usize = max_streams,
    /// Most of them of one principal.
    streams_each: usize = max_streams_each,
    /// Most WebSockets at once.
    sockets: usize = max_sockets,
    /// Most of them of one principal.
    sockets_each: usize = max_sockets_each,
    /// Most connections at once; more clients wait.
    connections: usize = max_connections,
    /// Most calls at once that wait for a client's answers or work as tasks.
    open_calls: usize = calls.most,
    /// Most of them of one principal.
    open_calls_each: usize = calls.most_each,
    /// How long a client has for its answers.
    answer_time: NonZero<u64> = calls.answer_time,
    /// How long a task can be asked for, from its beginning.
    task_time: NonZero<u64> = calls.task_time,
}

/// A limit as it is written, and as the server takes it.
trait Setting<O> {
    fn of(option: &O) -> Self;
    fn option(&self) -> O;
}

impl Setting<usize> for usize {
    fn of(option: &usize) -> Self {
        *option
    }

    fn option(&self) -> usize {
        *self
    }
}

impl Setting<Duration> for NonZero<u64> {
    fn of(option: &Duration) -> Self {
        let milliseconds = u64::try_from(option.as_millis()).unwrap_or(u64::MAX);
        Self::new(milliseconds).unwrap_or(Self::MIN)
    }

    fn option(&self) -> Duration {
        Duration::from_millis(self.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_as_the_server_has_it() {
        let mut options = McpOptions::default();
        McpLimits::default().put_into(&mut options);
        assert_eq!(
            format!("{options:?}"),
            format!("{:?}", McpOptions::default())
        );
    }

    #[test]
    fn a_limit_that_is_set_is_in_force() {
        let limits: McpLimits =
            serde_json::from_str(r#"{"park_after": 250, "open_calls": 3}"#).unwrap();
        let mut options = McpOptions::default();
        limits.put_into(&mut options);
        assert_eq!(options.park_after, Duration::from_millis(250));
        assert_eq!(options.calls.most, 3);
        assert_eq!(
            options.calls.most_each,
            McpOptions::default().calls.most_each
        );
    }
}
