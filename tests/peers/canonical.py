"""What the reference makes of texts: reads lists of texts as JSON, answers with what comes of each.

Of a RID: its canonical form, or null. Of a timestamp: the form in a manifest, or null. Of contents: the form
that is signed and the hash, or null.
"""

import json
import sys

from rid_lib import RID
from rid_lib.ext import Bundle, Manifest
from rid_lib.ext.utils import sha256_hash_json

MANIFEST = '{"rid":"orn:t.t:1","timestamp":%s,"sha256_hash":""}'
BUNDLE = '{"manifest":' + MANIFEST % '"2026-01-01T00:00:00Z"' + ',"contents":%s}'


def rid(text):
    return str(RID.from_string(text))


def timestamp(text):
    manifest = Manifest.model_validate_json(MANIFEST % json.dumps(text))
    return json.loads(manifest.model_dump_json())["timestamp"]


def contents(text):
    bundle = Bundle.model_validate_json(BUNDLE % text)
    signed = bundle.model_dump_json()
    signed = signed[signed.index(',"contents":') + len(',"contents":') : -1]
    return [signed, sha256_hash_json(bundle.contents)]


def of(make, text):
    try:
        return make(text)
    except Exception:  # Whatever it is, a node drops the text.
        return None


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    made = {"rids": rid, "timestamps": timestamp, "contents": contents}
    json.dump({kind: [of(made[kind], text) for text in texts] for kind, texts in asked.items()}, sys.stdout)
