"""Records checked against a JSON schema, without the two seconds that importing jsonschema can take; safe YAML."""

import sys
from typing import Any


def skip_iri_grammar() -> None:
    """Let later imports of jsonschema pass over its optional check of international addresses.

    Building that grammar takes 1.7 s in every process, and no schema here asks for it.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def parse_yaml(text: str) -> Any:
    """Plain values from YAML; `ValueError` for what is not, whatever PyYAML raises on it."""
    import yaml

    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, OverflowError, RecursionError, AttributeError, TypeError, LookupError) as error:
        raise ValueError(str(error) or type(error).__name__) from error


def fits(record: Any, schema: dict[str, Any]) -> bool:
    """Whether `record` satisfies `schema`."""
    skip_iri_grammar()
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema).is_valid(record)


def validate(record: Any, schema: dict[str, Any]) -> None:
    """Raise `jsonschema.ValidationError` unless `record` satisfies `schema`."""
    skip_iri_grammar()
    from jsonschema import validate as check

    check(record, schema)
