"""The sides that a command may come from, and what its answer is held against: for the tables."""

import contract
from peer import now_ms, outcome_of
from world import HOLDER, HOUR_MS, NETWORK, RECEIVER, THIRD

SIDES = {
    "holder": (HOLDER, "endpoint"),
    "receiver": (RECEIVER, "endpoint"),
    "third": (THIRD, "endpoint"),
    "network's endpoint": (NETWORK, "endpoint"),
    "holder's coordinator": (HOLDER, "coordinator"),
    "receiver's coordinator": (RECEIVER, "coordinator"),
    "third's coordinator": (THIRD, "coordinator"),
    "network's coordinator": (NETWORK, "coordinator"),
    "operator": (NETWORK, "operator"),
}
PARTIES = {"holder", "receiver", "holder's coordinator", "receiver's coordinator", "network's coordinator"}
COORDINATORS = ("holder's coordinator", "receiver's coordinator", "network's coordinator")


def contact():
    return {"on": now_ms(), "how": "visited", "with": "resident"}


def claim(until=None):
    return {"person": "nora", "on": now_ms(), "until": now_ms() + HOUR_MS if until is None else until}


def compare(differences, side, expected, answer):
    got = outcome_of(answer)
    if got != expected:
        differences.append(f"{side}: expected {expected}, got {answer}")


def check_done(differences, world, answer, keys, journey, handover=None):
    """The answer has exactly the contract's keys, and they are those of this journey."""
    optional = {"repeated", "dossier_hash"}
    if answer.get("state") not in [*contract.ENDED, "closed"]:
        keys = keys | {"due"}  # T1: what is open always waits for something
    if set(answer.envelope) - optional != keys:
        differences.append(f"expected the keys {sorted(keys)}, got {sorted(answer.envelope)}")
    if answer.get("journey") != journey or answer.get("handover") != handover:
        differences.append(f"the answer is about another: {answer}")
    if answer["ledger"] != world.holder.welcomed["ledger"]:
        differences.append(f"another ledger: {answer}")
