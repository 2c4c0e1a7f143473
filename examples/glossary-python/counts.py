"""How often each term was looked up."""

from koi_extension.keyvalue import Bucket

from names import TermReference


def add_one(term: TermReference) -> None:
    Bucket().increment(f"count/{term.print()}")


def of_vocabulary(vocabulary: str) -> dict[str, int]:
    """Counts by name."""
    start = f"count/{vocabulary}/"
    bucket = Bucket()
    keys = [key for key in bucket.keys() if key.startswith(start)]
    values = bucket.get_many(keys)
    return {key.removeprefix(start): int(value) for key, value in zip(keys, values, strict=True) if value}


def keep(references: set[str]) -> int:
    """Deletes the counts of all other terms, and says how many these were."""
    bucket = Bucket()
    gone = [key for key in bucket.keys() if key.removeprefix("count/") not in references]
    bucket.delete_many(gone)
    return len(gone)
