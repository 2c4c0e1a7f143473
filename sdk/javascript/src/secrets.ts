/** Secrets of the operator, such as API keys, that this extension uses and never sees. Ask for them in `asks.secrets`. */

import * as host from 'koi:extension/secrets@0.1.0';
import { asked } from './error.js';

/**
 * What stands for the secret of that name: a text of letters, digits and `-` without meaning, the same in each call.
 * Put it where the value belongs in an HTTP request: in the path or the query of the URL, in the value of a header
 * or in the body. The host puts the value in when the request leaves the node, towards the hosts that the operator
 * granted and no others.
 * @throws KoiError `denied` if the secret was not granted, `permanent` if the operator has not set it.
 */
export const placeholder = (name: string): string => asked(() => host.placeholder(name));
