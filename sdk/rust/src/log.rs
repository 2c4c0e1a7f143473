//! The operator's log.

pub use crate::host::logging::Level;

/// Writes a message to the operator's log; `context` groups messages that belong together. Most
/// extensions use [`log!`](crate::log!).
pub fn log(level: Level, context: &str, message: &str) {
    crate::host::logging::log(level, context, message);
}

/// Writes to the operator's log: `log!(Warn, "{rid} names no schema")`. Levels are those of
/// [`Level`](crate::log::Level); the context is the path of the module.
#[macro_export]
macro_rules! log {
    ($level:ident, $($message:tt)+) => {
        $crate::log::log(
            $crate::log::Level::$level,
            ::core::module_path!(),
            &::std::format!($($message)+),
        )
    };
}
