"""The messages of the wire as schemas/wire/messages.schema.json has them: validated, made up by Hypothesis,
and turned into frames."""

import json
import pathlib
import re

import jsonschema
import msgpack
from hypothesis import strategies as st

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SCHEMA = json.loads((ROOT / "schemas/wire/messages.schema.json").read_text(encoding="utf-8"))
DEFS = SCHEMA["$defs"]
MESSAGES = [name.removeprefix("message-") for name in DEFS if name.startswith("message-")]
BY_BROKER = {name for name in MESSAGES if "additionalProperties" not in DEFS["message-" + name]}
BY_BROKER.discard("hello")  # it passes keys over where it says a later minor

INTEGER_MAX = 2**53 - 1


def whose(name):
    return "b" if name in BY_BROKER else "p"


# ---- Validating ----


def pattern(_validator, pattern, instance, _schema):
    """As ECMA-262 has it, by which JSON Schema reads patterns: `$` is the very end."""
    if isinstance(instance, str) and not re.search(pattern.replace("$", r"\Z"), instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": pattern})
VALIDATORS = {
    name: Validator({"$ref": f"#/$defs/message-{name}", "$defs": DEFS}) for name in MESSAGES
}


def is_valid(name, message):
    return VALIDATORS[name].is_valid(message)


def resolve(schema):
    while "$ref" in schema:
        schema = DEFS[schema["$ref"].removeprefix("#/$defs/")]
    return schema


# ---- Making up ----

# Any character but U+0000 and surrogates, which are no text; short ones often.
CHARACTERS = st.characters(min_codepoint=1, blacklist_categories=("Cs",))


def strings(schema):
    least, most = schema.get("minLength", 0), schema.get("maxLength", 80)
    if "[^\\u0000]" in schema["pattern"]:
        return st.text(CHARACTERS, min_size=least, max_size=most)
    if schema.get("contentEncoding") == "base16":
        return blobs(schema["pattern"])
    if schema["pattern"] == "^[a-z0-9-]*$":
        return st.text("az09-", min_size=least, max_size=most)
    if schema["pattern"] == "^[a-z0-9._-]*$":
        return st.text("az09._-", min_size=least, max_size=most)
    return st.from_regex(schema["pattern"].replace("$", r"\Z"))


def blobs(pattern):
    """Bytes in hex: exactly as many, or from 1 to as many as the pattern says."""
    most = int(re.search(r"(\d+)\}\$$", pattern)[1])
    if "," in pattern:
        sizes = st.sampled_from([1, 2, most - 1, most])
    else:
        sizes = st.just(most // 2)
    return sizes.flatmap(lambda size: st.binary(min_size=size, max_size=size)).map(bytes.hex)


def integers(schema):
    least, most = schema["minimum"], schema["maximum"]
    return st.one_of(st.integers(least, most), st.sampled_from([least, most]))


def either(schema):
    """Of a key that stands for one of two things; rules between fields, which have no type, aside."""
    return "oneOf" in schema and "type" not in schema


def objects(schema):
    if "properties" not in schema:
        return st.dictionaries(
            values(schema["propertyNames"]), values(schema["additionalProperties"]), max_size=3
        )
    required = {key: values(schema["properties"][key]) for key in schema["required"]}
    optional = {
        key: values(value) for key, value in schema["properties"].items() if key not in required
    }
    return st.fixed_dictionaries(required, optional=optional)


def values(schema):
    """A strategy for valid values; rules between fields aside."""
    schema = resolve(schema)
    if either(schema):
        return st.one_of([values(one) for one in schema["oneOf"]])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema["type"] == "string":
        return strings(schema)
    if schema["type"] == "integer":
        return integers(schema)
    if schema["type"] == "boolean":
        return st.booleans()
    if schema["type"] == "array":
        return st.lists(values(schema["items"]), max_size=2)
    return objects(schema)


# One strategy per message: they are built once, and are deep.
VALID = {name: values({"$ref": "#/$defs/message-" + name}) for name in MESSAGES}


def together(message, *keys):
    """All of these keys, or none."""
    if not all(key in message for key in keys):
        for key in keys:
            message.pop(key, None)


def note_mended(message):
    code, wanted = message["code"], set()
    if code in ("working-on-it", "no-show", "missing", "question", "answer"):
        wanted.add("handover")
    if code == "no-show":
        wanted.add("by")
    if code == "tip":
        wanted |= {"to", "next"}
    message["code"] = code if wanted <= set(message) else "informed"
    for key, codes in {"by": ["no-show"], "to": ["tip"], "next": ["in-touch", "not-reached", "tip"]}.items():
        if message["code"] not in codes:
            message.pop(key, None)
    together(message, "for", "reason")


# What chance seldom keeps by itself of the rules between fields; what is left is filtered out.
MENDED = {
    "note": note_mended,
    "offer": lambda message: together(message, "for", "reason"),
    "close": lambda message: together(message, "for", "reason"),
}


def mended(name, message):
    message = dict(message)
    MENDED.get(name, dict)(message)
    return message


def valid(name):
    made = VALID[name].map(lambda message: mended(name, message))
    return made.filter(lambda message: is_valid(name, message))


# ---- Breaking in one place ----

SMALL = st.one_of(st.integers(-2, 2), st.booleans(), st.text("az é\x01", max_size=3))
OTHERS = [0, 1, -1, 2**53, -(2**53), 2**63, 2**64 - 1, -(2**63), 0.5, True, False, None]
OTHERS += ["", "a", "A", "é", "a\n", "\x00", "x" * 65, "é" * 64, [], {}, [[]], ["a"], {"a": 1}]
WORDS = sorted({word for schema in DEFS.values() for word in schema.get("enum", [])})


def stretched(value, size):
    """A text or list of this length that begins like this one and goes on like its end."""
    return value[:size] + value[-1:] * (size - len(value))


def near_text(text, schema):
    near = [text + "a", text + "\n", text[:-1], text.upper(), text.swapcase(), text * 2]
    for bound in ("minLength", "maxLength"):
        if bound in schema:
            near += [stretched(text, schema[bound]), stretched(text, schema[bound] + 1)]
    return near + [text.replace(text[:1], other) for other in "_.- Aé0"]


def near_number(number, schema):
    """No float that looks whole: JSON cannot tell it from a number, and test_bytes.py has it."""
    least, most = schema.get("minimum", 0), schema.get("maximum", 0)
    fraction = number % 1000 + 0.5
    return [least, least - 1, most, most + 1, number + 1, -number, fraction, str(number)]


def near_list(items, schema):
    most = schema.get("maxItems", 32)
    return [stretched(items, most), stretched(items, most + 1), [items], items + [7]]


def changed(value, schema):
    """A strategy for a value beside this one, of its kind or of any, about where it stops being valid."""
    if isinstance(value, bool):
        near = [not value, int(value), str(value)]
    elif isinstance(value, str):
        near = WORDS if "enum" in schema else near_text(value, schema)
    elif isinstance(value, int):
        near = near_number(value, schema)
    elif isinstance(value, list):
        near = near_list(value, schema)
    else:
        near = [[value], list(value)]
    return st.one_of(st.sampled_from(near), st.sampled_from(near), st.sampled_from(OTHERS))


def places(value, path=()):
    """The paths to everything in a message but the whole."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield path + (key,)
            yield from places(inner, path + (key,))
    elif isinstance(value, list):
        for index, inner in enumerate(value[:3]):
            yield path + (index,)
            yield from places(inner, path + (index,))


def at(message, path):
    for step in path:
        message = message[step]
    return message


def schema_at(name, path):
    """The schema of what stands there; {} for what is not known."""
    schema = resolve({"$ref": "#/$defs/message-" + name})
    for step in path:
        inner = schema.get("items") if isinstance(step, int) else schema.get("properties", {}).get(step)
        schema = resolve(inner or {})
        if either(schema):
            schema = resolve(schema["oneOf"][0])
    return schema


@st.composite
def broken(draw, name):
    """A valid message, changed in one place; and the outermost key of that place. What comes of it may
    be valid as well."""
    message = json.loads(json.dumps(draw(valid(name))))
    paths = list(places(message))
    path = draw(st.sampled_from(paths))
    outer, last = at(message, path[:-1]), path[-1]
    manner = draw(st.sampled_from(["change", "change", "change", "remove", "add"]))
    if manner == "remove":
        del outer[last]
    elif manner == "add" and isinstance(outer, dict):
        known = list(DEFS["message-" + name]["properties"]) + ["mood"]
        last = draw(st.sampled_from([key for key in known if key not in outer] or ["mood"]))
        outer[last] = draw(SMALL)
    else:
        outer[last] = draw(changed(outer[last], schema_at(name, path)))
    return message, (path[:-1] + (last,))[0]


# ---- Frames ----


def hex_bytes(text):
    try:
        return bytes.fromhex(text) if re.fullmatch("([0-9a-f]{2})*", text) else text
    except ValueError:
        return text


def to_wire(value, schema):
    """A value in its JSON form as what MessagePack carries: hex becomes bytes where bytes belong."""
    schema = resolve(schema)
    if isinstance(value, str) and schema.get("contentEncoding") == "base16":
        return hex_bytes(value)
    if isinstance(value, dict):
        inner = schema.get("properties", {})
        return {key: to_wire(item, inner.get(key, {})) for key, item in value.items()}
    if isinstance(value, list):
        return [to_wire(item, schema.get("items", {})) for item in value]
    return value


def frame(name, message):
    return msgpack.packb(to_wire(message, {"$ref": "#/$defs/message-" + name}), use_bin_type=True)
