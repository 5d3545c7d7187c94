"""The JSON Schema and the decoder are of one mind, whatever stands in a message.

WIRE_EXAMPLES in the environment says how many messages of each type are tried each way; with it they
are others in every run.
"""

import os

import hypothesis
import jsonschema
import pytest
from hypothesis import given

import schema
from schema import MESSAGES, broken, frame, is_valid, valid, whose

EXAMPLES = int(os.environ.get("WIRE_EXAMPLES", 40))

manner = {
    "deadline": None,
    "derandomize": "WIRE_EXAMPLES" not in os.environ,
    "database": None,
    "suppress_health_check": list(hypothesis.HealthCheck),
}

# A rule between fields names the one that is wrong by its own lights.
RULED = {
    "claim": {"handover", "journey"},
    "close": {"talked", "for", "reason"},
    "confirm": {"as", "reason"},
    "note": {"handover", "by", "to", "next", "for", "reason"},
    "offer": {"for", "reason"},
    "status": {"handover", "journey"},
    "verify": {"head", "at_seq"},
}


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(schema.SCHEMA)


@pytest.mark.parametrize("name", MESSAGES)
def test_what_is_valid_is_taken(decoder, name):
    @hypothesis.settings(max_examples=EXAMPLES, **manner)
    @given(valid(name))
    def agree(message):
        assert decoder.judge(frame(name, message), whose(name)) == "taken"

    agree()


@pytest.mark.parametrize("name", MESSAGES)
def test_what_is_broken_in_one_place_is_judged_alike(decoder, name):
    refused = 0

    @hypothesis.settings(max_examples=4 * EXAMPLES, **manner)
    @given(broken(name))
    def agree(broken_message):
        nonlocal refused
        message, key = broken_message
        by_schema = is_valid(name, message)
        verdict = decoder.judge(frame(name, message), whose(name))
        assert (verdict == "taken") == by_schema
        if verdict != "taken":
            refused += 1
            code, field = verdict.split()
            assert code in ("malformed", "version", "too-large")
            assert code == "too-large" or field in {key} | RULED.get(name, set())

    agree()
    assert refused >= EXAMPLES, "too few of them were broken to tell"


def test_every_word_has_a_message_that_says_it(decoder):
    """Each word of each vocabulary, where a message has it outermost: in the schema and the decoder."""
    for name in MESSAGES:
        definition = schema.DEFS["message-" + name]
        example = hypothesis.find(
            valid(name), lambda message: True, settings=hypothesis.settings(**manner)
        )
        for key, value in definition["properties"].items():
            for word in schema.resolve(value).get("enum", []):
                message = example | {key: word}
                if is_valid(name, message):
                    assert decoder.judge(frame(name, message), whose(name)) == "taken"
