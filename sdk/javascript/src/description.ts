/** What an extension is, provides and asks for: the document that `describe` answers. */

import type { JsonSchema } from './schema.js';

/** Host capabilities that an operator grants by name. `schedule` is asked for by having jobs. */
export type Capability = 'keyvalue' | 'config' | 'network' | 'ask';

/** A folder, by the absolute path under which the extension sees it; which one it is, the operator says. */
export interface Folder {
  path: string;
  /** Whether it is to be changed, too. */
  write?: boolean;
}

/**
 * What an extension asks to be granted. RIDs are asked for by pattern: a RID type (`orn:data.dataset`, all RIDs of
 * it), or a RID type and a reference in which `*` stands for any text (`orn:data.dataset:sales/*`).
 */
export interface Asks {
  read?: string[];
  publish?: string[];
  forget?: string[];
  /** What handlers ask for by themselves need not stand here. */
  handle?: string[];
  capabilities?: Capability[];
  /** Secrets of the operator, by name. */
  secrets?: string[];
  /** `GET,POST:https://example.com`, `*:https://*.example.com:8443`, `GET:https://*`. */
  http?: string[];
  files?: Folder[];
  /** Environment variables of the node, by name. */
  environment?: string[];
}

/** A limit of a call: times in milliseconds, sizes in bytes, the rest in calls. */
export type Limit =
  | 'cpu'
  | 'wall'
  | 'person'
  | 'memory'
  | 'result'
  | 'host_calls'
  | 'log_bytes'
  | 'sent'
  | 'concurrent'
  | 'queue';

/** What an extension is. */
export interface About {
  /** Lower-case letters, digits and hyphens, a letter first; at most 63. */
  name: string;
  /** A semantic version: `1.0.0`. */
  version: string;
  /** What it is for, in a sentence. */
  description?: string;
  /** What it asks to be granted. */
  asks?: Asks;
  /** RID types on whose bundles the lists of tools, resources and prompts depend. */
  listsDependOn?: string[];
  /** The settings that it reads: the schema of an object. */
  config?: { json: JsonSchema };
  /** How long its instances live, if the operator allows it; else each call has a fresh one. */
  mode?: 'fresh' | 'pooled' | 'singleton';
  /** Its own limits of a call. A lower one than the operator's is in force, a higher one is a request. */
  limits?: { [L in Limit]?: number };
}

/** When and how a job is done. */
export interface Job {
  /** 1 to 64 letters, digits, `_` and `-`. */
  name: string;
  /** A name for people. */
  title?: string;
  /** What it does, for people. */
  description?: string;
  /** It is due as soon as it is there, and then whenever so many seconds have gone by. */
  every?: number;
  /** It is due at the times of a cron expression of five fields, in UTC: `30 2 * * *`. In place of `every`. */
  cron?: string;
  /** Each run begins at most so many seconds later, at random; 0 if left out. */
  jitter?: number;
  /** What becomes of missed runs: all are left out, or made up for by one (`once`, if left out). */
  missed?: 'skip' | 'once';
}
