/** Pieces of knowledge. */

import type * as contract from 'koi:extension/types@0.1.0';
import { Json } from './json.js';
import type { Schema } from './schema.js';
import { checked } from './schema.js';

/** A piece of knowledge: contents under a RID, with the manifest that identifies them. */
export class Bundle {
  /** Its name. */
  readonly rid: string;
  /** When these contents came into being at their source: RFC 3339 in UTC. */
  readonly timestamp: string;
  /** Lower-case hex SHA-256 of the JCS form (RFC 8785) of the contents. */
  readonly sha256Hash: string;
  /** A JSON object. */
  readonly contents: Json;
  /** A JSON object with everything else that is known about the bundle. */
  readonly meta: Json;

  constructor(bundle: contract.Bundle) {
    this.rid = bundle.rid;
    this.timestamp = bundle.timestamp;
    this.sha256Hash = bundle.sha256Hash;
    this.contents = new Json(bundle.contents);
    this.meta = new Json(bundle.meta);
  }

  /**
   * The contents as a value.
   * @throws KoiError `invalid-input` if they do not satisfy the schema.
   */
  contentsAs<T>(schema: Schema<T>): T {
    return checked(schema, this.contents.parse(), `the contents of ${this.rid}`);
  }
}

/** What a publication was given. */
export interface Publication {
  rid: string;
  /** RFC 3339 in UTC. */
  timestamp: string;
  /** Lower-case hex SHA-256 of the JCS form of the contents. */
  sha256Hash: string;
}
