//! The admin API: how the operator's commands reach the running node.
//!
//! HTTP + JSON on a loopback listener of its own. Every request carries the token of the data
//! folder as a bearer token, a `Host` of the loopback and no `Origin`: a web page in a browser on
//! the same machine gets nothing. Errors are problem documents (RFC 9457). `GET /v1/openapi.json`
//! describes all of it, with parameters and bodies; `openapi` beside this has the text of it.
//!
//! | request | does |
//! |---|---|
//! | `GET /v1/openapi.json` | the description of these requests, OpenAPI 3.1 |
//! | `GET /v1/node` | where the node listens |
//! | `GET /v1/instances` | how many instances of extensions there are ([`koi_runtime::Usage`]) |
//! | `GET /v1/extensions` | what is installed |
//! | `POST /v1/extensions?options=…` | installs the component in the body ([`InstallOptions`]) |
//! | `POST /v1/pulls` | pulls a component from a registry and installs it ([`PullRequest`]) |
//! | `DELETE /v1/extensions/{name}` | removes one |
//! | `GET /v1/extensions/{name}/revisions`, `GET …/revisions/{n}` | its revisions; all that there is to know of one |
//! | `GET /v1/extensions/{name}/diff?from=&to=` | what differs between two; without `to` from the one that serves |
//! | `POST /v1/extensions/diff?name=&file=` | what differs between what runs and the component in the body |
//! | `GET /v1/extensions/{name}/swap` | what the last swap was, since the node started |
//! | `POST /v1/extensions/{name}/revert` | has another revision serve ([`Reverting`]) |
//! | `POST /v1/extensions/{name}/approve`, `POST …/reject` | has the held revision serve ([`Approval`]), or not |
//! | `PUT /v1/extensions/{name}/revisions/{n}/pin`, `DELETE …` | keeps a revision, however old it is, or no longer |
//! | `PUT /v1/extensions/{name}/revisions/{n}/deprecated` with a reason or `null` | says that it is not to be used any more, or may be |
//! | `GET /v1/drop-folder` | whether the drop folder is watched, and what in it was refused |
//! | `GET /v1/extensions/{name}/grants` | what is asked, granted, in force and missing |
//! | `PATCH /v1/extensions/{name}/grants` | grants and revokes ([`GrantEdit`]) |
//! | `GET /v1/extensions/{name}/learned`, `PUT …` with `true` or `false` | what it was refused; whether that is recorded |
//! | `PUT /v1/extensions/{name}/revisions/{revision}/role`, `DELETE …` | has a revision serve, or be active beside the one that does ([`RoleRequest`]); takes it away |
//! | `GET /v1/extensions/{name}/health` | how its active versions do |
//! | `GET /v1/secrets`, `PUT /v1/secrets/{name}`, `DELETE /v1/secrets/{name}` | names and grants, set to the body, remove |
//! | `GET /v1/audit?extension=&cursor=` | who changed what, the newest first |
//! | `POST /v1/bundles`, `GET /v1/bundles?rid=` (`&schema=`), `DELETE /v1/bundles?rid=` | publish, read, forget |
//! | `POST /v1/tools/{name}?version=` | calls a tool with the arguments in the body |
//! | `POST /v1/recordings` | makes the call in the body ([`RecordRequest`]) and answers with its recording |
//! | `POST /v1/replays` | runs the recording in the body again ([`ReplayReport`]) |
//! | `POST /v1/fetch?rid=&from=` | asks another node, or whoever provides the type, and takes up its bundle |
//! | `GET /v1/network/nodes`, `GET /v1/network/edges` | who is known, and who shares an edge |
//! | `DELETE /v1/network/nodes?rid=` | forgets a node, with its edges and what waits for it |
//! | `POST /v1/network/proposals?rid=` | proposes to a node again to be told of what it provides |
//! | `GET /v1/events?rid_type=` | a line of JSON for each change of what is stored, as it happens |
//! | `GET /v1/export` | everything as JSON lines; without the last one it is not whole |
//! | `POST /v1/backups` | copies the data folder to the folder in the body ([`BackupRequest`]) |
//! | `GET /v1/jobs?extension=` | the jobs of extensions, when they run next and how they ran last |
//! | `GET /v1/jobs/{extension}/{job}?cursor=`, `POST …` | its history, the newest first; run it now |
//! | `GET /v1/dead-letters`, `POST /v1/dead-letters/{id}` | list, try again |
//! | `GET /v1/metrics` | figures of extensions and of their last swaps, in Prometheus' text format |
//! | `POST /v1/mcp` with `Upgrade: mcp` | the connection becomes an MCP stdio transport |

mod archive;
mod audit;
mod bridge;
mod client;
mod grants;
mod guard;
mod jobs;
mod knowledge;
mod metrics;
mod network;
mod openapi;
mod problem;
mod pulls;
mod recordings;
mod revisions;
mod routes;
mod secrets;
mod table;
mod upload;
mod versions;
mod watch;

pub use archive::{Archive, BackupRequest};
pub use bridge::connect as connect_mcp;
pub use client::{Client, segment};
pub use grants::GrantEdit;
pub use pulls::PullRequest;
pub use recordings::{RecordRequest, ReplayReport};
pub use revisions::{Approval, ComponentQuery, Reverting};
pub use routes::{AdminParts, InstallOptions, Publication};
pub use table::router;
pub use versions::RoleRequest;

/// Largest component that is taken: 256 MiB.
pub const MAX_COMPONENT: usize = 256 << 20;

/// Whoever has the admin token, for the audit log.
const OPERATOR: &str = "operator";
