"""JSON records checked against a JSON schema, without the two seconds that importing jsonschema can take."""

import sys
from typing import Any


def skip_iri_grammar() -> None:
    """Let later imports of jsonschema pass over its optional check of international addresses.

    Building that grammar takes 1.7 s in every process, and no schema here asks for it.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def validate(record: Any, schema: dict[str, Any]) -> None:
    """Raise `jsonschema.ValidationError` unless `record` satisfies `schema`."""
    skip_iri_grammar()
    from jsonschema import validate as check

    check(record, schema)
