// Made by make/types.mjs from the WIT: do not edit.

declare module 'koi:extension/caller@0.1.0' {
  /**
   * A JSON object: `kind` (`tool`, `resource`, `prompt`, `completion`, `handler`, `job`,
   * `lifecycle`), `principal` where there is one, `correlation-id`; `answers`: an array of the methods that `ask`
   * can be used with in this call, such as `elicitation/create`, empty where there is nobody to
   * ask. Members may be added.
   */
  export function who(): Json;
  /**
   * Tells how far the call is. Dropped if the caller did not ask to hear it.
   */
  export function progress(progress: number, total: number | null | undefined, message: string | null | undefined): void;
  /**
   * A message to the caller's log: `level` is a syslog severity of RFC 5424 in lower case, `data`
   * any JSON. Dropped if the caller did not ask to hear it. For the operator's log use
   * `wasi:logging`.
   */
  export function log(level: string, data: Json): void;
  /**
   * Asks several questions at once and waits for all answers, which may take minutes: persons
   * answer. That time counts against the limit `person` and not as wall time. `questions` is a JSON
   * object of 1 to 16 questions, each under a key of the guest's choosing (1 to 64 letters, digits,
   * `_`, `-` and `.`), in the form in which MCP has requests from a server to its client:
   * - `{"method": "elicitation/create", "params": {"message": ..., "requestedSchema": ...}}`: a
   *   person fills in a form, or with `"mode": "url"` opens a page;
   * - `{"method": "sampling/createMessage", "params": {"messages": ..., "maxTokens": ...}}`: the
   *   client's model answers;
   * - `{"method": "roots/list"}`: the folders that the client works in.
   * The answer is a JSON object with MCP's result of each request under the question's key. A form
   * that was filled in fits its schema; a person may also decline (`action`). Other instances of the
   * extension serve other calls meanwhile; a singleton serves nobody else.
   *
   * Needs the capability `ask`. `denied` without it; `invalid-input` for questions that are none;
   * `permanent` where the caller cannot be asked (`who` tells what it can), or has answered with an
   * error. If nobody answers in time, the call ends.
   */
  export function ask(questions: Json): Json;
  export type Json = import('koi:extension/types@0.1.0').Json;
  export type Error = import('koi:extension/types@0.1.0').Error;
}

declare module 'koi:extension/completions@0.1.0' {
  /**
   * Values that begin as, or are meant by, what was typed so far. `kind` says what `name` names:
   * `prompt`, or `resource-template` (its URI template); there may be more kinds. `context` is a
   * JSON object: `arguments`, the values that were given already, by name. Members may be added.
   * The answer is a JSON object: `values` (an array of at most 100 texts, the best first) and, where
   * known, `total` and `hasMore`.
   */
  export function complete(kind: string, name: string, argument: string, value: string, context: Json): Json;
  export type Json = import('koi:extension/types@0.1.0').Json;
  export type Error = import('koi:extension/types@0.1.0').Error;
}

declare module 'koi:extension/extension@0.1.0' {
  /**
   * What this extension is, provides and asks for: a JSON object in the form that
   * `docs/describe.schema.json` defines. Called with nothing granted, clocks that stand still and
   * seeded randomness, more than once, and has to answer the same each time.
   */
  export function describe(): Json;
  /**
   * Called when a revision is activated: when it is installed, and again each time the node
   * starts. It comes after the first `list-tools` and `list-resources`, with the grants in force.
   * An error keeps the revision from being activated. Unless the extension runs as a singleton,
   * nothing that it leaves in memory is there in later calls.
   */
  export function start(): void;
  /**
   * Called once when a revision that was started is deactivated. Its result changes nothing.
   */
  export function stop(): void;
  /**
   * A JSON object about the extension's own condition: `status` is `ok`, `degraded` or `failing`,
   * `message` says why. Members may be added.
   */
  export function health(): Json;
  export type Json = import('koi:extension/types@0.1.0').Json;
  export type Error = import('koi:extension/types@0.1.0').Error;
}

declare module 'koi:extension/handlers@0.1.0' {
  /**
   * Looks at one object in one phase. Objects may come again after a failure or a crash, so the
   * same object twice must lead to the same knowledge. `transient` errors are tried again with
   * back-off; any other error puts the object among the dead letters with its message.
   */
  export function handle(object: KnowledgeObject): Outcome;
  export type Json = import('koi:extension/types@0.1.0').Json;
  export type Rid = import('koi:extension/types@0.1.0').Rid;
  export type Timestamp = import('koi:extension/types@0.1.0').Timestamp;
  export type Bundle = import('koi:extension/types@0.1.0').Bundle;
  export type Error = import('koi:extension/types@0.1.0').Error;
  /**
   * A knowledge object on its way through the pipeline. What is known grows from phase to phase.
   */
  export interface KnowledgeObject {
    rid: Rid,
    /**
     * `rid`, `manifest`, `bundle`, `network` or `final`.
     */
    phase: string,
    /**
     * The event type as it was received or published: `NEW`, `UPDATE` or `FORGET`; none for
     * knowledge that was fetched.
     */
    eventType?: string | null,
    /**
     * What this node is about to do, or did: `NEW` or `UPDATE` (write), `FORGET` (delete).
     */
    normalizedEventType?: string | null,
    /**
     * The node that it came from; none if it came into being here.
     */
    source?: Rid | null,
    /**
     * From the manifest phase on.
     */
    timestamp?: Timestamp | null,
    /**
     * From the manifest phase on.
     */
    sha256Hash?: string | null,
    /**
     * From the bundle phase on: a JSON object.
     */
    contents?: Json | null,
    /**
     * From the network phase on: nodes that will be told.
     */
    networkTargets: Array<Rid>,
    /**
     * What was stored under this RID before, if anything was; from the bundle phase on.
     */
    previous?: Bundle | null,
    /**
     * A JSON object with everything else that is known. `depth`: how many handlers published
     * before this object came to be. Members may be added.
     */
    meta: Json,
  }
  /**
   * Changes to a knowledge object. What is none stays as it is.
   */
  export interface Replacement {
    /**
     * New contents, a JSON object; only in the bundle phase. The host makes a new manifest.
     */
    contents?: Json | null,
    /**
     * `NEW`, `UPDATE` or `FORGET`; in the manifest and bundle phases.
     */
    normalizedEventType?: string | null,
    /**
     * All the nodes to tell, in place of the list that was given; only in the network phase.
     */
    networkTargets?: Array<Rid> | null,
    /**
     * A JSON object of further changes; none are defined yet. Give `{}`.
     */
    meta: Json,
  }
  /**
   * What becomes of the object.
   */
  export type Outcome = OutcomeUnchanged | OutcomeReplace | OutcomeStop;
  /**
   * It goes on as it is.
   */
  export interface OutcomeUnchanged {
    tag: 'unchanged',
  }
  /**
   * It goes on changed.
   */
  export interface OutcomeReplace {
    tag: 'replace',
    val: Replacement,
  }
  /**
   * It ends here, on purpose; the text says why and goes to the log.
   */
  export interface OutcomeStop {
    tag: 'stop',
    val: string,
  }
}

declare module 'koi:extension/knowledge@0.1.0' {
  /**
   * The stored bundle, if there is one. Needs `read`.
   */
  export function read(rid: Rid): Bundle | null | undefined;
  /**
   * The stored bundle with its contents as the schema of that name wants them. Contents that do not
   * fit it yet go through the transforms that extensions offer, over several where none leads there at
   * once, the fewest that do. What the rest of the bundle says (`sha256-hash` too) is of what is
   * stored. Needs `read`. `invalid-input` if there is no such schema or no way to it; `denied` if an
   * extension on the way was not granted to handle the RID.
   */
  export function readAs(rid: Rid, schema: string): Bundle | null | undefined;
  /**
   * Stored bundles of a RID type. `options` is a JSON object; members may be added:
   * - `limit`: at most so many bundles, 1 to 1000; 100 if left out.
   * - `cursor`: the `next` of the page before, of the same query.
   * - `order`: `rid` (if left out), `timestamp` or a path that the owner of the RID type declares for
   *   indexing (`indexes` in its description), such as `/owner/name`; with `-` before it downwards.
   *   By a path come the bundles that have something there: `null`, `false`, `true`, numbers, texts
   *   (by their first 128 bytes), arrays, objects; what is equal comes by RID.
   * - `filter`: what the contents have to be like. `{"path": "/owner/name", "eq": "sales"}` compares
   *   what a JSON pointer (RFC 6901) leads to, by one of `eq`, `ne`, `lt`, `le`, `gt`, `ge`, `in` (an
   *   array of values), `contains` (a part of a text, an item of an array), `exists` (true or false);
   *   `{"all": [...]}`, `{"any": [...]}` and `{"not": ...}` combine filters. At most 16 KiB, 64
   *   comparisons, 8 levels.
   * Where a declared path is compared (by any operator but `ne` and `contains`, alone or within `all`),
   * few bundles are looked at. A page looks at 10,000 at the most, so that it may be short, or empty,
   * and yet have a `next`; `bounded` then says so. Needs `read`: bundles that the grant does not cover are left out.
   */
  export function query(ridType: RidType, options: Json): BundlePage;
  /**
   * What `query` finds, without contents, in the order of the RIDs: `options` has `limit` and
   * `cursor`; `filter` or another `order` is `invalid-input`. Needs `read`, as `query`.
   */
  export function entries(ridType: RidType, options: Json): EntryPage;
  /**
   * Puts contents (a JSON object) under a RID on their way through the pipeline. When this
   * returns, the publication is on disk and survives a crash; it is not yet processed. Needs
   * `publish`.
   */
  export function publish(rid: Rid, contents: Json): Publication;
  /**
   * Asks the node to forget what is stored under a RID, and to tell its subscribers. Durable and
   * not yet processed when it returns, as with `publish`. Needs `forget`.
   */
  export function forget(rid: Rid): void;
  /**
   * The stored bundle, else one fetched from a node that provides the RID type. Needs `read`.
   */
  export function dereference(rid: Rid): Bundle | null | undefined;
  export type Json = import('koi:extension/types@0.1.0').Json;
  export type Rid = import('koi:extension/types@0.1.0').Rid;
  export type RidType = import('koi:extension/types@0.1.0').RidType;
  export type Timestamp = import('koi:extension/types@0.1.0').Timestamp;
  export type Bundle = import('koi:extension/types@0.1.0').Bundle;
  export type Error = import('koi:extension/types@0.1.0').Error;
  /**
   * One page of bundles.
   */
  export interface BundlePage {
    bundles: Array<Bundle>,
    /**
     * Give this as `cursor` for the next page; none on the last one.
     */
    next?: string | null,
    /**
     * How many bundles were looked at, if the page ended for that before it was full: what was
     * asked for may yet be on the next ones.
     */
    bounded?: number | null,
  }
  /**
   * A stored bundle without its contents.
   */
  export interface Entry {
    rid: Rid,
    timestamp: Timestamp,
    sha256Hash: string,
  }
  /**
   * One page of entries.
   */
  export interface EntryPage {
    entries: Array<Entry>,
    /**
     * Give this as `cursor` for the next page; none on the last one.
     */
    next?: string | null,
  }
  /**
   * What a publication was given.
   */
  export interface Publication {
    rid: Rid,
    timestamp: Timestamp,
    sha256Hash: string,
  }
}

declare module 'koi:extension/network@0.1.0' {
  /**
   * This node's RID: `orn:koi-net.node:<name>+<hash>`. Without the capability `network` there is
   * no answer: the call of the guest ends with an error that names the missing grant.
   * `neighbours` tells of it as an error.
   */
  export function thisNode(): Rid;
  /**
   * The nodes that share an edge with this one, in the order of their RIDs.
   */
  export function neighbours(): Array<Neighbour>;
  export type Json = import('koi:extension/types@0.1.0').Json;
  export type Rid = import('koi:extension/types@0.1.0').Rid;
  export type Error = import('koi:extension/types@0.1.0').Error;
  /**
   * Another node, and how it is connected.
   */
  export interface Neighbour {
    rid: Rid,
    /**
     * This node subscribes to it.
     */
    provider: boolean,
    /**
     * It subscribes to this node.
     */
    subscriber: boolean,
    /**
     * A JSON object: `rid-types` that the subscriber receives, `node-type`. Members may be added.
     */
    meta: Json,
  }
}

declare module 'koi:extension/prompts@0.1.0' {
  /**
   * The prompts of now: a JSON array of objects with `name`, `description` and, where wanted,
   * `title`, `arguments` (an array of objects with `name`, `description`, `required`), `icons`,
   * `_meta`, as MCP defines them. Asked for when `list-tools` is.
   */
  export function listPrompts(): Json;
  /**
   * The messages of a prompt: a JSON object with `messages` (an array of objects with `role` and
   * `content`, an MCP content block) and, where wanted, `description`. `arguments` is a JSON object
   * of texts that has all the required ones. `invalid-input` if they make no sense.
   */
  export function getPrompt(name: string, arguments: Json): Json;
  export type Json = import('koi:extension/types@0.1.0').Json;
  export type Error = import('koi:extension/types@0.1.0').Error;
}

declare module 'koi:extension/resources@0.1.0' {
  /**
   * The resources of now: a JSON object with `resources` (objects with `uri`, `name` and, where
   * wanted, `title`, `description`, `mimeType`, `annotations`, `size`, `icons`, `_meta`) and
   * `templates` (the same with `uriTemplate`, RFC 6570, in place of `uri`).
   */
  export function listResources(): Json;
  /**
   * Reads one of the listed resources, or one that fits a listed template; `invalid-input` if
   * there is none at this URI.
   */
  export function readResource(uri: string): Array<ResourceContents>;
  export type Json = import('koi:extension/types@0.1.0').Json;
  export type Error = import('koi:extension/types@0.1.0').Error;
  /**
   * What a resource holds.
   */
  export type ResourceBody = ResourceBodyText | ResourceBodyBlob;
  export interface ResourceBodyText {
    tag: 'text',
    val: string,
  }
  export interface ResourceBodyBlob {
    tag: 'blob',
    val: Uint8Array,
  }
  /**
   * One piece of contents of a resource.
   */
  export interface ResourceContents {
    uri: string,
    mimeType?: string | null,
    body: ResourceBody,
    /**
     * A JSON object for MCP's `_meta`; `{}` if there is nothing to say.
     */
    meta: Json,
  }
}

declare module 'koi:extension/rid-types@0.1.0' {
  /**
   * Takes the part of a RID after its type apart; `invalid-input` if it is malformed.
   */
  export function parseReference(ridType: RidType, reference: string): ParsedReference;
  /**
   * The canonical reference of the parts; `invalid-input` if a part is missing or malformed.
   */
  export function printReference(ridType: RidType, parts: Json): string;
  export type Json = import('koi:extension/types@0.1.0').Json;
  export type RidType = import('koi:extension/types@0.1.0').RidType;
  export type Error = import('koi:extension/types@0.1.0').Error;
  /**
   * A reference that was understood.
   */
  export interface ParsedReference {
    /**
     * The reference as `print-reference` prints its parts. If it differs from what was parsed,
     * the object is refused: knowledge travels under its canonical RID.
     */
    canonical: string,
    /**
     * The parts as a JSON object, such as `{"name":"bob","version":"1"}`.
     */
    parts: Json,
  }
}

declare module 'koi:extension/schedule@0.1.0' {
  /**
   * Does the job of that name. The host begins no run of a job while another one goes on. `run` is a
   * JSON object: `due` (a timestamp; left out if the operator asked for the run), `attempt` (1, and
   * one more for each time that this run is tried again), `last-success` (when the last run that
   * succeeded began; left out if none is known). Members may be added. The answer is a JSON object
   * for the operator, who finds it in the job's history if it has at most 4096 bytes. A `transient`
   * error is tried again with back-off as long as the next run is not due, any other is the end of
   * the run. A node that ends meanwhile leaves a run that has done a part of its work.
   */
  export function runJob(name: string, run: Json): Json;
  export type Json = import('koi:extension/types@0.1.0').Json;
  export type Error = import('koi:extension/types@0.1.0').Error;
}

declare module 'koi:extension/schemas@0.1.0' {
  /**
   * Checks contents that already satisfy the JSON Schema named `schema`; `invalid-input` says
   * what is wrong with them. Only for contents under RIDs that the extension was granted to
   * `handle`.
   */
  export function validate(schema: string, contents: Json): void;
  /**
   * Turns contents of one schema into contents of another, for whoever reads a bundle and wants it so.
   * Only called for the pairs that `describe` lists, and only for contents under RIDs that the
   * extension was granted to `handle`. The result has to fit the schema.
   */
  export function transform(fromSchema: string, toSchema: string, contents: Json): Json;
  export type Json = import('koi:extension/types@0.1.0').Json;
  export type Error = import('koi:extension/types@0.1.0').Error;
}

declare module 'koi:extension/secrets@0.1.0' {
  /**
   * What stands for the secret of that name: a text of letters, digits and `-` without meaning,
   * the same for as long as the node has its data folder. Where it stands in an outgoing HTTP
   * request (in the path or query of the URL, in the value of a header, also within basic
   * authentication, or in the body) the host puts the value in, written as its place asks for, if
   * the secret was granted for the request's host. Towards any other host the request is refused.
   * `denied` if the secret was not granted; `permanent` if the operator has not set it.
   */
  export function placeholder(name: string): string;
  export type Error = import('koi:extension/types@0.1.0').Error;
}

declare module 'koi:extension/state@0.1.0' {
  /**
   * All that `load` needs. Called between calls. An error leaves what was saved before.
   */
  export function save(): Uint8Array;
  /**
   * Takes up what `save` gave, of this or an earlier revision. Called once in a new instance,
   * before any other call; not at all if nothing was saved yet. An error fails the call for which
   * the instance was made. When a revision takes the place of another one, `start` was called in an
   * instance before, and an error keeps the revision from being activated.
   */
  export function load(state: Uint8Array): void;
  export type Error = import('koi:extension/types@0.1.0').Error;
}

declare module 'koi:extension/tools@0.1.0' {
  /**
   * The tools of now: a JSON array of objects with `name`, `description`, `inputSchema` (JSON
   * Schema 2020-12) and, where wanted, `title`, `outputSchema`, `annotations`, `icons`, `_meta` and
   * `execution` (`{"taskSupport": "optional"}` or `"required"`: a call that takes its time may, or
   * has to, become a task), as MCP defines them. Asked for at activation and again after a change
   * of knowledge that `describe` says the list depends on.
   */
  export function listTools(): Json;
  /**
   * Calls a tool with arguments (a JSON object) that satisfy its input schema. The result is a
   * JSON object: `structuredContent` (any JSON), `content` (an array of MCP content blocks; left
   * out, the host writes the structured content as text), `isError`. An error of kind
   * `invalid-input`, `denied` or `permanent` is told to the agent as a failed call.
   */
  export function callTool(name: string, arguments: Json): Json;
  export type Json = import('koi:extension/types@0.1.0').Json;
  export type Error = import('koi:extension/types@0.1.0').Error;
}

declare module 'koi:extension/types@0.1.0' {
  /**
   * A RID in its canonical form, such as `orn:data.dataset:sales/2026`.
   */
  export type Rid = string;
  /**
   * A RID type: `orn:data.dataset`, `https`.
   */
  export type RidType = string;
  /**
   * A JSON document as text (RFC 8259). Contents keep the member order and the spelling of
   * numbers with which they arrived.
   */
  export type Json = string;
  /**
   * An instant as RFC 3339 text in UTC: `2026-01-02T03:04:05.678900Z`.
   */
  export type Timestamp = string;
  /**
   * What kind of failure it is; it decides what the caller does next.
   */
  export type ErrorKind = ErrorKindTransient | ErrorKindPermanent | ErrorKindInvalidInput | ErrorKindDenied | ErrorKindOther;
  /**
   * Another try may succeed: a handler's object is given again, with back-off.
   */
  export interface ErrorKindTransient {
    tag: 'transient',
  }
  /**
   * Another try with the same input fails again. A handler's object goes to the dead letters.
   */
  export interface ErrorKindPermanent {
    tag: 'permanent',
  }
  /**
   * The input does not hold what the contract of the called function asks for.
   */
  export interface ErrorKindInvalidInput {
    tag: 'invalid-input',
  }
  /**
   * The operator has not granted what this needs; the message names the grant.
   */
  export interface ErrorKindDenied {
    tag: 'denied',
  }
  /**
   * A kind from a later revision of this contract; treat it like `permanent`.
   */
  export interface ErrorKindOther {
    tag: 'other',
    val: string,
  }
  /**
   * A failure as a value.
   */
  export interface Error {
    kind: ErrorKind,
    /**
     * One sentence for a person: what happened, to what, what to do.
     */
    message: string,
  }
  /**
   * A piece of knowledge: contents under a RID, with the manifest that identifies them.
   */
  export interface Bundle {
    rid: Rid,
    /**
     * When these contents came into being at their source.
     */
    timestamp: Timestamp,
    /**
     * Lower-case hex SHA-256 of the JCS form (RFC 8785) of the contents.
     */
    sha256Hash: string,
    /**
     * A JSON object.
     */
    contents: Json,
    /**
     * A JSON object with everything else that is known about the bundle. `manifest`: the
     * manifest's members beyond the three. `written-by`: extension, revision and digest of the
     * guest that wrote it on this node. Members may be added.
     */
    meta: Json,
  }
}

declare module 'wasi:config/store@0.2.0-rc.1' {
  /**
   * One setting as text; none if it is not set.
   */
  export function get(key: string): string | null | undefined;
  /**
   * All settings.
   */
  export function getAll(): Array<[string, string]>;
  /**
   * Why a setting could not be read.
   */
  export type Error = ErrorUpstream | ErrorIo;
  export interface ErrorUpstream {
    tag: 'upstream',
    val: string,
  }
  export interface ErrorIo {
    tag: 'io',
    val: string,
  }
}

declare module 'wasi:http/outgoing-handler@0.2.0' {
  export function handle(request: OutgoingRequest, options: RequestOptions | null | undefined): FutureIncomingResponse;
  export type OutgoingRequest = import('wasi:http/types@0.2.0').OutgoingRequest;
  export type RequestOptions = import('wasi:http/types@0.2.0').RequestOptions;
  export type FutureIncomingResponse = import('wasi:http/types@0.2.0').FutureIncomingResponse;
  export type ErrorCode = import('wasi:http/types@0.2.0').ErrorCode;
}

declare module 'wasi:http/types@0.2.0' {
  export type InputStream = import('wasi:io/streams@0.2.0').InputStream;
  export type OutputStream = import('wasi:io/streams@0.2.0').OutputStream;
  export type Pollable = import('wasi:io/poll@0.2.0').Pollable;
  export type Method = MethodGet | MethodHead | MethodPost | MethodPut | MethodDelete | MethodConnect | MethodOptions | MethodTrace | MethodPatch | MethodOther;
  export interface MethodGet {
    tag: 'get',
  }
  export interface MethodHead {
    tag: 'head',
  }
  export interface MethodPost {
    tag: 'post',
  }
  export interface MethodPut {
    tag: 'put',
  }
  export interface MethodDelete {
    tag: 'delete',
  }
  export interface MethodConnect {
    tag: 'connect',
  }
  export interface MethodOptions {
    tag: 'options',
  }
  export interface MethodTrace {
    tag: 'trace',
  }
  export interface MethodPatch {
    tag: 'patch',
  }
  export interface MethodOther {
    tag: 'other',
    val: string,
  }
  export type Scheme = SchemeHttp | SchemeHttps | SchemeOther;
  export interface SchemeHttp {
    tag: 'HTTP',
  }
  export interface SchemeHttps {
    tag: 'HTTPS',
  }
  export interface SchemeOther {
    tag: 'other',
    val: string,
  }
  export interface DnsErrorPayload {
    rcode?: string | null,
    infoCode?: number | null,
  }
  export interface TlsAlertReceivedPayload {
    alertId?: number | null,
    alertMessage?: string | null,
  }
  export interface FieldSizePayload {
    fieldName?: string | null,
    fieldSize?: number | null,
  }
  export type ErrorCode = ErrorCodeDnsTimeout | ErrorCodeDnsError | ErrorCodeDestinationNotFound | ErrorCodeDestinationUnavailable | ErrorCodeDestinationIpProhibited | ErrorCodeDestinationIpUnroutable | ErrorCodeConnectionRefused | ErrorCodeConnectionTerminated | ErrorCodeConnectionTimeout | ErrorCodeConnectionReadTimeout | ErrorCodeConnectionWriteTimeout | ErrorCodeConnectionLimitReached | ErrorCodeTlsProtocolError | ErrorCodeTlsCertificateError | ErrorCodeTlsAlertReceived | ErrorCodeHttpRequestDenied | ErrorCodeHttpRequestLengthRequired | ErrorCodeHttpRequestBodySize | ErrorCodeHttpRequestMethodInvalid | ErrorCodeHttpRequestUriInvalid | ErrorCodeHttpRequestUriTooLong | ErrorCodeHttpRequestHeaderSectionSize | ErrorCodeHttpRequestHeaderSize | ErrorCodeHttpRequestTrailerSectionSize | ErrorCodeHttpRequestTrailerSize | ErrorCodeHttpResponseIncomplete | ErrorCodeHttpResponseHeaderSectionSize | ErrorCodeHttpResponseHeaderSize | ErrorCodeHttpResponseBodySize | ErrorCodeHttpResponseTrailerSectionSize | ErrorCodeHttpResponseTrailerSize | ErrorCodeHttpResponseTransferCoding | ErrorCodeHttpResponseContentCoding | ErrorCodeHttpResponseTimeout | ErrorCodeHttpUpgradeFailed | ErrorCodeHttpProtocolError | ErrorCodeLoopDetected | ErrorCodeConfigurationError | ErrorCodeInternalError;
  export interface ErrorCodeDnsTimeout {
    tag: 'DNS-timeout',
  }
  export interface ErrorCodeDnsError {
    tag: 'DNS-error',
    val: DnsErrorPayload,
  }
  export interface ErrorCodeDestinationNotFound {
    tag: 'destination-not-found',
  }
  export interface ErrorCodeDestinationUnavailable {
    tag: 'destination-unavailable',
  }
  export interface ErrorCodeDestinationIpProhibited {
    tag: 'destination-IP-prohibited',
  }
  export interface ErrorCodeDestinationIpUnroutable {
    tag: 'destination-IP-unroutable',
  }
  export interface ErrorCodeConnectionRefused {
    tag: 'connection-refused',
  }
  export interface ErrorCodeConnectionTerminated {
    tag: 'connection-terminated',
  }
  export interface ErrorCodeConnectionTimeout {
    tag: 'connection-timeout',
  }
  export interface ErrorCodeConnectionReadTimeout {
    tag: 'connection-read-timeout',
  }
  export interface ErrorCodeConnectionWriteTimeout {
    tag: 'connection-write-timeout',
  }
  export interface ErrorCodeConnectionLimitReached {
    tag: 'connection-limit-reached',
  }
  export interface ErrorCodeTlsProtocolError {
    tag: 'TLS-protocol-error',
  }
  export interface ErrorCodeTlsCertificateError {
    tag: 'TLS-certificate-error',
  }
  export interface ErrorCodeTlsAlertReceived {
    tag: 'TLS-alert-received',
    val: TlsAlertReceivedPayload,
  }
  export interface ErrorCodeHttpRequestDenied {
    tag: 'HTTP-request-denied',
  }
  export interface ErrorCodeHttpRequestLengthRequired {
    tag: 'HTTP-request-length-required',
  }
  export interface ErrorCodeHttpRequestBodySize {
    tag: 'HTTP-request-body-size',
    val: number | null | undefined,
  }
  export interface ErrorCodeHttpRequestMethodInvalid {
    tag: 'HTTP-request-method-invalid',
  }
  export interface ErrorCodeHttpRequestUriInvalid {
    tag: 'HTTP-request-URI-invalid',
  }
  export interface ErrorCodeHttpRequestUriTooLong {
    tag: 'HTTP-request-URI-too-long',
  }
  export interface ErrorCodeHttpRequestHeaderSectionSize {
    tag: 'HTTP-request-header-section-size',
    val: number | null | undefined,
  }
  export interface ErrorCodeHttpRequestHeaderSize {
    tag: 'HTTP-request-header-size',
    val: FieldSizePayload | null | undefined,
  }
  export interface ErrorCodeHttpRequestTrailerSectionSize {
    tag: 'HTTP-request-trailer-section-size',
    val: number | null | undefined,
  }
  export interface ErrorCodeHttpRequestTrailerSize {
    tag: 'HTTP-request-trailer-size',
    val: FieldSizePayload,
  }
  export interface ErrorCodeHttpResponseIncomplete {
    tag: 'HTTP-response-incomplete',
  }
  export interface ErrorCodeHttpResponseHeaderSectionSize {
    tag: 'HTTP-response-header-section-size',
    val: number | null | undefined,
  }
  export interface ErrorCodeHttpResponseHeaderSize {
    tag: 'HTTP-response-header-size',
    val: FieldSizePayload,
  }
  export interface ErrorCodeHttpResponseBodySize {
    tag: 'HTTP-response-body-size',
    val: number | null | undefined,
  }
  export interface ErrorCodeHttpResponseTrailerSectionSize {
    tag: 'HTTP-response-trailer-section-size',
    val: number | null | undefined,
  }
  export interface ErrorCodeHttpResponseTrailerSize {
    tag: 'HTTP-response-trailer-size',
    val: FieldSizePayload,
  }
  export interface ErrorCodeHttpResponseTransferCoding {
    tag: 'HTTP-response-transfer-coding',
    val: string | null | undefined,
  }
  export interface ErrorCodeHttpResponseContentCoding {
    tag: 'HTTP-response-content-coding',
    val: string | null | undefined,
  }
  export interface ErrorCodeHttpResponseTimeout {
    tag: 'HTTP-response-timeout',
  }
  export interface ErrorCodeHttpUpgradeFailed {
    tag: 'HTTP-upgrade-failed',
  }
  export interface ErrorCodeHttpProtocolError {
    tag: 'HTTP-protocol-error',
  }
  export interface ErrorCodeLoopDetected {
    tag: 'loop-detected',
  }
  export interface ErrorCodeConfigurationError {
    tag: 'configuration-error',
  }
  export interface ErrorCodeInternalError {
    tag: 'internal-error',
    val: string | null | undefined,
  }
  export type HeaderError = HeaderErrorInvalidSyntax | HeaderErrorForbidden | HeaderErrorImmutable;
  export interface HeaderErrorInvalidSyntax {
    tag: 'invalid-syntax',
  }
  export interface HeaderErrorForbidden {
    tag: 'forbidden',
  }
  export interface HeaderErrorImmutable {
    tag: 'immutable',
  }
  export type Duration = number;
  export type FieldName = string;
  export type FieldValue = Uint8Array;
  export type Headers = Fields;
  export type Trailers = Fields;
  export type StatusCode = number;
  export type Result<T, E> = { tag: 'ok', val: T } | { tag: 'err', val: E };

  export class Fields implements Disposable {
    constructor()
    append(name: FieldName, value: FieldValue): void;
    entries(): Array<[FieldName, FieldValue]>;
    [Symbol.dispose](): void;
  }

  export class FutureIncomingResponse implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    subscribe(): Pollable;
    get(): Result<Result<IncomingResponse, ErrorCode>, void> | null | undefined;
    [Symbol.dispose](): void;
  }

  export class IncomingBody implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    stream(): InputStream;
    [Symbol.dispose](): void;
  }

  export class IncomingResponse implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    status(): StatusCode;
    headers(): Headers;
    consume(): IncomingBody;
    [Symbol.dispose](): void;
  }

  export class OutgoingBody implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    write(): OutputStream;
    static finish(this_: OutgoingBody, trailers: Trailers | null | undefined): void;
    [Symbol.dispose](): void;
  }

  export class OutgoingRequest implements Disposable {
    constructor(headers: Headers)
    body(): OutgoingBody;
    setMethod(method: Method): void;
    setPathWithQuery(pathWithQuery: string | null | undefined): void;
    setScheme(scheme: Scheme | null | undefined): void;
    setAuthority(authority: string | null | undefined): void;
    [Symbol.dispose](): void;
  }

  export class RequestOptions implements Disposable {
    constructor()
    setFirstByteTimeout(duration: Duration | null | undefined): void;
    [Symbol.dispose](): void;
  }
}

declare module 'wasi:io/error@0.2.0' {

  export class Error implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    toDebugString(): string;
    [Symbol.dispose](): void;
  }
}

declare module 'wasi:io/poll@0.2.0' {
  export function poll(in_: Array<Pollable>): Uint32Array;

  export class Pollable implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    ready(): boolean;
    block(): void;
    [Symbol.dispose](): void;
  }
}

declare module 'wasi:io/streams@0.2.0' {
  export type Error = import('wasi:io/error@0.2.0').Error;
  export type Pollable = import('wasi:io/poll@0.2.0').Pollable;
  export type StreamError = StreamErrorLastOperationFailed | StreamErrorClosed;
  export interface StreamErrorLastOperationFailed {
    tag: 'last-operation-failed',
    val: Error,
  }
  export interface StreamErrorClosed {
    tag: 'closed',
  }

  export class InputStream implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    read(len: number): Uint8Array;
    blockingRead(len: number): Uint8Array;
    skip(len: number): number;
    blockingSkip(len: number): number;
    subscribe(): Pollable;
    [Symbol.dispose](): void;
  }

  export class OutputStream implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    checkWrite(): number;
    write(contents: Uint8Array): void;
    blockingWriteAndFlush(contents: Uint8Array): void;
    flush(): void;
    blockingFlush(): void;
    subscribe(): Pollable;
    writeZeroes(len: number): void;
    blockingWriteZeroesAndFlush(len: number): void;
    splice(src: InputStream, len: number): number;
    blockingSplice(src: InputStream, len: number): number;
    [Symbol.dispose](): void;
  }
}

declare module 'wasi:keyvalue/atomics@0.2.0-draft' {
  /**
   * Adds to a decimal number stored as text (a missing one counts as 0) and returns the sum.
   */
  export function increment(bucket: Bucket, key: string, delta: number): number;
  export type Bucket = import('wasi:keyvalue/store@0.2.0-draft').Bucket;
  export type Error = import('wasi:keyvalue/store@0.2.0-draft').Error;
}

declare module 'wasi:keyvalue/batch@0.2.0-draft' {
  /**
   * The values, in the order of the keys; none where there is no value.
   */
  export function getMany(bucket: Bucket, keys: Array<string>): Array<[string, Uint8Array] | null | undefined>;
  /**
   * Stores several values, all or none.
   */
  export function setMany(bucket: Bucket, keyValues: Array<[string, Uint8Array]>): void;
  /**
   * Removes several values, all or none.
   */
  export function deleteMany(bucket: Bucket, keys: Array<string>): void;
  export type Bucket = import('wasi:keyvalue/store@0.2.0-draft').Bucket;
  export type Error = import('wasi:keyvalue/store@0.2.0-draft').Error;
}

declare module 'wasi:keyvalue/store@0.2.0-draft' {
  /**
   * Opens a bucket by name.
   */
  export function open(identifier: string): Bucket;
  /**
   * Why an operation failed.
   */
  export type Error = ErrorNoSuchStore | ErrorAccessDenied | ErrorOther;
  /**
   * There is no bucket of this name.
   */
  export interface ErrorNoSuchStore {
    tag: 'no-such-store',
  }
  /**
   * The bucket is not granted.
   */
  export interface ErrorAccessDenied {
    tag: 'access-denied',
  }
  /**
   * Anything else, in words.
   */
  export interface ErrorOther {
    tag: 'other',
    val: string,
  }
  /**
   * A page of keys.
   */
  export interface KeyResponse {
    keys: Array<string>,
    /**
     * Give this for the next page; none on the last one.
     */
    cursor?: number | null,
  }

  export class Bucket implements Disposable {
    /**
     * This type does not have a public constructor.
     */
    private constructor();
    /**
    * The value, if there is one.
    */
    get(key: string): Uint8Array | null | undefined;
    /**
    * Stores a value, in place of an earlier one.
    */
    set(key: string, value: Uint8Array): void;
    /**
    * Removes a value; nothing happens if there is none.
    */
    'delete'(key: string): void;
    /**
    * Whether there is a value.
    */
    exists(key: string): boolean;
    /**
    * The keys, a page at a time.
    */
    listKeys(cursor: number | null | undefined): KeyResponse;
    [Symbol.dispose](): void;
  }
}

declare module 'wasi:logging/logging@0.1.0-draft' {
  /**
   * Writes a message; `context` groups messages that belong together.
   */
  export function log(level: Level, context: string, message: string): void;
  /**
   * How important a message is.
   * # Variants
   *
   * ## `"trace"`
   *
   * ## `"debug"`
   *
   * ## `"info"`
   *
   * ## `"warn"`
   *
   * ## `"error"`
   *
   * ## `"critical"`
   */
  export type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'critical';
}

declare module 'wasi:random/random@0.2.0' {
  export function getRandomBytes(len: number): Uint8Array;
  export function getRandomU64(): number;
}
