//! The `requestState` that goes with questions: which call they belong to, signed.
//!
//! It is good for the principal, the method, the name and the arguments of the request that it was
//! given to, and for as long as the questions can be answered. The key is made anew with each run of
//! the server: the calls do not outlive it either.

use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{RequestStateCodec, RequestStateError, SealOptions};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Longest state that is looked at, in bytes; ours are shorter.
const MAX_BYTES: usize = 1024;

/// The request that a call belongs to.
#[derive(Clone)]
pub(crate) struct Binding(Arc<[u8]>);

impl Binding {
    /// `arguments` is JSON text; in which order its members are does not matter.
    pub(crate) fn new(principal: Option<&str>, method: &str, name: &str, arguments: &str) -> Self {
        let arguments: Value = serde_json::from_str(arguments).unwrap_or_default();
        let bound = json!([principal, method, name, arguments]);
        // What cannot be brought into canonical form is bound as it is.
        let bound = serde_json_canonicalizer::to_vec(&bound)
            .unwrap_or_else(|_| bound.to_string().into_bytes());
        Self(bound.into())
    }
}

/// What a state says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RequestState {
    /// The call.
    pub(crate) call: String,
    /// The how many-eth questions of the call.
    pub(crate) round: u32,
}

/// Why a state is not heeded.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadState {
    /// The time for the answers is over.
    #[error(
        "the time for these answers is over: call again without `requestState` and `inputResponses`"
    )]
    Expired,
    /// It was changed, or was given to another request or by another server.
    #[error(
        "this `requestState` was not given to this request by this server: give back what came with \
         the questions, under the same name and with the same arguments, or call again without it"
    )]
    Foreign,
    /// The call is no more.
    #[error(
        "the call that asked is no longer there: call again without `requestState` and \
         `inputResponses`"
    )]
    Gone,
}

/// Makes and checks states.
pub(crate) struct States(RequestStateCodec);

impl States {
    pub(crate) fn new() -> Self {
        let key: [u8; 32] = rand::random();
        Self(RequestStateCodec::new_unchecked(key.to_vec()))
    }

    pub(crate) fn seal(&self, state: &RequestState, binding: &Binding, good: Duration) -> String {
        let options = SealOptions::new().associated_data(&binding.0).ttl(good);
        // Text and a number always serialise.
        let payload = serde_json::to_vec(state).unwrap_or_default();
        self.0.seal_with(&payload, &options)
    }

    /// # Errors
    /// If it is none of this request.
    pub(crate) fn open(&self, sealed: &str, binding: &Binding) -> Result<RequestState, BadState> {
        if sealed.len() > MAX_BYTES {
            return Err(BadState::Foreign);
        }
        let opened = self.0.open_json_with(sealed, &binding.0);
        opened.map_err(|error| match error {
            RequestStateError::Expired => BadState::Expired,
            _ => BadState::Foreign,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn binding() -> Binding {
        Binding::new(Some("alice"), "tools/call", "a", r#"{"x":1,"y":[2]}"#)
    }

    fn state() -> RequestState {
        RequestState {
            call: "c".to_owned(),
            round: 3,
        }
    }

    #[test]
    fn a_state_is_good_for_the_request_it_was_given_to_whatever_the_order_of_its_arguments() {
        let states = States::new();
        let sealed = states.seal(&state(), &binding(), MINUTE);
        assert_eq!(states.open(&sealed, &binding()), Ok(state()));
        let reordered = Binding::new(Some("alice"), "tools/call", "a", r#"{ "y":[2], "x":1 }"#);
        assert_eq!(states.open(&sealed, &reordered), Ok(state()));
    }

    #[test]
    fn a_state_is_good_for_no_other_request() {
        let states = States::new();
        let sealed = states.seal(&state(), &binding(), MINUTE);
        let arguments = r#"{"x":1,"y":[2]}"#;
        for other in [
            Binding::new(Some("bob"), "tools/call", "a", arguments),
            Binding::new(None, "tools/call", "a", arguments),
            Binding::new(Some("alice"), "prompts/get", "a", arguments),
            Binding::new(Some("alice"), "tools/call", "b", arguments),
            Binding::new(Some("alice"), "tools/call", "a", r#"{"x":2,"y":[2]}"#),
        ] {
            assert_eq!(states.open(&sealed, &other), Err(BadState::Foreign));
        }
        assert_eq!(
            States::new().open(&sealed, &binding()),
            Err(BadState::Foreign)
        );
    }

    #[test]
    fn a_state_that_was_changed_is_foreign_wherever_it_was_changed() {
        let states = States::new();
        let sealed = states.seal(&state(), &binding(), MINUTE);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] ^= 1;
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(
                states.open(&changed, &binding()),
                Err(BadState::Foreign),
                "{changed} for {sealed}"
            );
        }
        for other in [
            "",
            "rs1",
            "rs1..",
            &format!("{sealed}-TAMPERED"),
            &"a".repeat(1 << 20),
        ] {
            assert_eq!(states.open(other, &binding()), Err(BadState::Foreign));
        }
    }

    #[test]
    fn a_state_expires() {
        let states = States::new();
        let sealed = states.seal(&state(), &binding(), Duration::ZERO);
        let expired = loop {
            // Good to the end of the millisecond.
            match states.open(&sealed, &binding()) {
                Ok(_) => std::thread::yield_now(),
                Err(error) => break error,
            }
        };
        assert_eq!(expired, BadState::Expired);
    }
}
