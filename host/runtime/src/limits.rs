//! The limits of a call, each declared once: what it bounds, its name, its default.
//!
//! A limit that is met ends the call, and nothing else, with [`CallError::Limit`](crate::CallError),
//! which names the limit, its value and the setting that changes it.

use std::time::Duration;

/// One row of the table of limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitInfo {
    /// The setting, such as `limits.cpu`.
    pub setting: &'static str,
    /// The environment variable that sets the node-wide default.
    pub environment: &'static str,
    /// What the number counts: `ms`, `bytes`, `calls` or `instructions`.
    pub unit: &'static str,
    /// The default, in that unit; [`UNLIMITED`] for none.
    pub default: u64,
    /// What is bounded.
    pub doc: &'static str,
}

/// A limit that is none.
pub const UNLIMITED: u64 = u64::MAX;

macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $field:ident: $kind:ident = $default:expr, $setting:literal, $environment:literal;)+) => {
        /// What one call may use up.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct Limits {
            $($(#[doc = $doc])+ pub $field: limits!(@type $kind),)+
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($field: limits!(@value $kind $default),)+ }
            }
        }

        impl Limits {
            /// Sets a limit by its setting, such as `limits.cpu`, in the unit of its row; false if
            /// there is no such setting.
            pub fn set(&mut self, setting: &str, value: u64) -> bool {
                match setting {
                    $($setting => self.$field = limits!(@value $kind value),)+
                    _ => return false,
                }
                true
            }

            /// A limit by its setting, in the unit of its row; none if there is no such setting.
            pub fn get(&self, setting: &str) -> Option<u64> {
                match setting {
                    $($setting => Some(limits!(@number $kind self.$field)),)+
                    _ => None,
                }
            }
        }

        /// The table of limits, for documentation and for configuration.
        pub const LIMITS: &[LimitInfo] = &[
            $(LimitInfo {
                setting: $setting,
                environment: $environment,
                unit: limits!(@unit $kind),
                default: $default,
                doc: concat!($($doc),+),
            },)+
        ];
    };
    (@type ms) => { Duration };
    (@type $other:ident) => { u64 };
    (@value ms $default:expr) => { Duration::from_millis($default) };
    (@value $other:ident $default:expr) => { $default };
    (@number ms $value:expr) => { u64::try_from($value.as_millis()).unwrap_or(u64::MAX) };
    (@number $other:ident $value:expr) => { $value };
    (@unit ms) => { "ms" };
    (@unit bytes) => { "bytes" };
    (@unit calls) => { "calls" };
    (@unit instructions) => { "instructions" };
}

limits! {
    /// CPU time that the guest and the host functions it calls spend on a thread.
    cpu: ms = 2_000, "limits.cpu", "KOI_MCP_LIMITS__CPU";
    /// WebAssembly instructions of the guest, so that a call ends at the same one on every machine.
    /// Only a node with `runtime.fuel` counts them; another one makes no call that has this limit.
    fuel: instructions = UNLIMITED, "limits.fuel", "KOI_MCP_LIMITS__FUEL";
    /// Time from the call until its answer, waiting included, less what it waits for a person.
    wall: ms = 30_000, "limits.wall", "KOI_MCP_LIMITS__WALL";
    /// Time that the call waits for a person to answer.
    person: ms = 300_000, "limits.person", "KOI_MCP_LIMITS__PERSON";
    /// Bytes of all linear memories and tables of the instance together.
    memory: bytes = 256 << 20, "limits.memory", "KOI_MCP_LIMITS__MEMORY";
    /// Bytes of what the guest answers.
    result: bytes = 8 << 20, "limits.result", "KOI_MCP_LIMITS__RESULT";
    /// Calls from the guest to the host's own interfaces.
    host_calls: calls = 100_000, "limits.host_calls", "KOI_MCP_LIMITS__HOST_CALLS";
    /// Bytes of log messages, standard output and standard error; what goes beyond is dropped.
    log_bytes: bytes = 256 << 10, "limits.log_bytes", "KOI_MCP_LIMITS__LOG_BYTES";
    /// Bytes that the guest sends out of the node, such as HTTP requests.
    sent: bytes = 16 << 20, "limits.sent", "KOI_MCP_LIMITS__SENT";
    /// Calls of one extension at the same time; never so many that they fill more than three quarters
    /// of the slots.
    concurrent: calls = 256, "limits.concurrent", "KOI_MCP_LIMITS__CONCURRENT";
    /// Calls of one extension that wait for their turn; one more is refused at once.
    queue: calls = 1024, "limits.queue", "KOI_MCP_LIMITS__QUEUE";
}

impl Limits {
    /// Whether instructions have to be counted.
    pub fn wants_fuel(&self) -> bool {
        self.fuel != UNLIMITED
    }

    /// Lowers a limit by its setting, in the unit of its row; a higher value changes nothing.
    pub fn lower(&mut self, setting: &str, value: u64) {
        if self.get(setting).is_some_and(|now| value < now) {
            self.set(setting, value);
        }
    }

    /// These limits, each lowered to that of `other`.
    pub fn lowered_to(mut self, other: &Self) -> Self {
        for limit in LIMITS {
            if let Some(value) = other.get(limit.setting) {
                self.lower(limit.setting, value);
            }
        }
        self
    }

    /// No limits: what others are lowered from.
    pub fn none() -> Self {
        let mut limits = Self::default();
        for limit in LIMITS {
            limits.set(limit.setting, UNLIMITED);
        }
        limits
    }

    /// The limits of `describe`: as the defaults, with 1 MiB of result and a shorter time.
    pub fn describe() -> Self {
        Self {
            wall: Duration::from_secs(10),
            result: 1 << 20,
            ..Self::default()
        }
    }
}
