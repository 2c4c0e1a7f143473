/**
 * Write an extension for koi-mcp in TypeScript or JavaScript: a domain, with its RID types, schemas, knowledge
 * handlers and MCP tools, resources and prompts, as a WebAssembly component.
 *
 * An extension is an {@link Extension}, the default export of the project's source. What the host offers is in
 * `knowledge`, `caller`, `Bucket` (key-value), `config`, `http`, `secrets`, `network` and `log`. Every failure that
 * the host is told of is a {@link KoiError}, whose kind decides what it does next. Unit tests run on the author's
 * machine, without a host: see `koi-extension/testing`.
 */

/// <reference path="../types/contract.d.ts" />

export type { Publication } from './bundle.js';
export { Bundle } from './bundle.js';
export * as caller from './caller.js';
export * as config from './config.js';
export type { Annotations, Content, Icon, Meta } from './content.js';
export { audioContent, imageContent, linkContent, resourceContent, textContent } from './content.js';
export type { About, Asks, Capability, Folder, Job, Limit } from './description.js';
export type { ErrorKind } from './error.js';
export { denied, invalidInput, KoiError, permanent, transient } from './error.js';
export type { Dynamic, Health, JobRun, NamedSchema, RidType } from './extension.js';
export { Extension } from './extension.js';
export type { Guest } from './guest.js';
export type { EventType, Handler, Outcome, Phase, Replacement } from './handlers.js';
export { KnowledgeObject, replace, stop, unchanged } from './handlers.js';
export * as http from './http.js';
export type { JsonValue } from './json.js';
export { Json, stringify } from './json.js';
export { Bucket } from './keyvalue.js';
export * as knowledge from './knowledge.js';
export * as log from './log.js';
export * as network from './network.js';
export type { Completed, Completing, Given, Message, Messages, Prompt, PromptArgument } from './prompts.js';
export { assistant, user } from './prompts.js';
export type { AboutResource, Held, Piece, Resource, ResourceTemplate } from './resources.js';
export { noResource } from './resources.js';
export type { PartsOf } from './rid.js';
export { References, ridOf, splitRid } from './rid.js';
export type { ArrayBounds, Infer, JsonSchema, NumberBounds, ObjectOf, Optional, Schema, TextBounds } from './schema.js';
export { anyOf, array, boolean, checked, choice, integer, jsonSchema, number, object, optional, rid, satisfies, text } from './schema.js';
export * as secrets from './secrets.js';
export { fromUtf8, utf8 } from './text.js';
export type { ListedTool, Tool } from './tools.js';
export { ToolResult } from './tools.js';
