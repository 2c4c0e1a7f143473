//! Secrets of the operator, such as API keys, that this extension uses and never sees. Ask for them
//! by name with [`Description::asks_secrets`](crate::Description::asks_secrets).

use crate::Result;
use crate::host::secrets as host;

/// What stands for the secret of that name: a text of letters, digits and `-` without meaning, the
/// same in each call. Put it where the value belongs in an HTTP request: in the path or the query of
/// the URL, in the value of a header (also as user or password of basic authentication) or in the
/// body. The host puts the value in when the request leaves the node, towards the hosts that the
/// operator granted and no others.
///
/// # Errors
/// `denied` if the secret was not granted, `permanent` if the operator has not set it.
pub fn placeholder(name: &str) -> Result<String> {
    Ok(host::placeholder(name)?)
}
