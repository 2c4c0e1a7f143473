//! What a person sees while something takes longer than a second: one line on the terminal that goes
//! again. Where standard error is no terminal there is none.

use std::io::{IsTerminal, Write};
use std::pin::pin;
use std::time::Duration;

use super::print::{Breaks, printable};

const SECOND: Duration = Duration::from_secs(1);

/// Waits for something, and says so after a second.
pub(super) async fn while_waiting<T>(what: &str, work: impl Future<Output = T>) -> T {
    while_doing(|| what.to_owned(), work).await
}

/// Waits for something of several steps, and says after a second and then each second which one it is at.
pub(super) async fn while_doing<T>(what: impl Fn() -> String, work: impl Future<Output = T>) -> T {
    if !std::io::stderr().is_terminal() {
        return work.await;
    }
    let mut work = pin!(work);
    let mut seconds = 0;
    let done = loop {
        match tokio::time::timeout(SECOND, work.as_mut()).await {
            Ok(done) => break done,
            Err(_) => {
                seconds += 1;
                let what = what();
                let what = printable(&what, Breaks::Escaped);
                say(&format!("\r\x1b[K{what} … {seconds} s"));
            }
        }
    };
    if seconds > 0 {
        // Back to the beginning of the line, and the rest of it away.
        say("\r\x1b[K");
    }
    done
}

/// A terminal that is gone hears nothing.
fn say(text: &str) {
    let mut terminal = std::io::stderr();
    let _ = terminal
        .write_all(text.as_bytes())
        .and_then(|()| terminal.flush());
}
