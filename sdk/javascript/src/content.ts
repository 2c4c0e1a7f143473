/** Content blocks, which tools answer with and prompts are made of, and what lists say beside names. */

import { base64 } from './text.js';

/** For whom content or a resource is, and how much it matters: from 0 (it can be left out) to 1. */
export interface Annotations {
  audience?: ('user' | 'assistant')[];
  priority?: number;
  /** RFC 3339. */
  lastModified?: string;
}

/** A picture that clients may show: at a URI, `https:` or `data:`. */
export interface Icon {
  src: string;
  mimeType?: string;
  /** `48x48`, or `any` for one that can be scaled. */
  sizes?: string[];
  theme?: 'light' | 'dark';
}

/** Something that some clients understand, under names with a prefix: `{'example.com/colour': 'red'}`. */
export type Meta = { [name: string]: unknown };

/** A content block as MCP defines it. */
export interface Content {
  type: string;
  annotations?: Annotations;
  [member: string]: unknown;
}

/** Text. */
export const textContent = (text: string): Content => ({ type: 'text', text });

/** An image of a media type: `image/png`. */
export const imageContent = (mimeType: string, bytes: Uint8Array): Content => ({ type: 'image', data: base64(bytes), mimeType });

/** Sound of a media type: `audio/wav`. */
export const audioContent = (mimeType: string, bytes: Uint8Array): Content => ({ type: 'audio', data: base64(bytes), mimeType });

/** A link to a resource, which need not be listed. */
export const linkContent = (link: { uri: string; name: string; title?: string; description?: string; mimeType?: string }): Content => ({
  type: 'resource_link',
  ...link,
});

/** A resource itself, with what it holds. */
export function resourceContent(resource: { uri: string; mimeType?: string; text?: string; blob?: Uint8Array }): Content {
  const { uri, mimeType, text, blob } = resource;
  const body = blob === undefined ? { text } : { blob: base64(blob) };
  return { type: 'resource', resource: { uri, ...(mimeType !== undefined && { mimeType }), ...body } };
}
