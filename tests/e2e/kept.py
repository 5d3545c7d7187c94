"""A network kept on disk with every key in it, so that an old ledger beside it can be started on.

The keys of such a network lie open in the source tree. They are for tests alone and guard nothing.
"""

import json
import pathlib
import shutil

import nacl.public
import nacl.signing

from network import Key, Network, Organisation, ReceiptKey, SealingKey

WARNING = "TEST KEYS ONLY: published with the source, they guard nothing. Never use them for a real network."
KEYS = "test-only-keys.json"
COMMENT = f"# {WARNING}\n"
SECRET_FILES = ("broker.key", "receipt.key")


def plain(value):
    """The same as JSON can say it: bytes become {"hex": …}."""
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value


def raw(value):
    """The way back."""
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"]) if set(value) == {"hex"} else {k: raw(v) for k, v in value.items()}
    if isinstance(value, list):
        return [raw(inner) for inner in value]
    return value


def write_json(path, value):
    path.write_text(json.dumps(plain(value), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path):
    return raw(json.loads(path.read_text(encoding="utf-8")))


# ---- keeping ----


def keep(network, directory):
    """Copies the network's files to `directory`/network, marked, and writes all keys beside them."""
    kept = pathlib.Path(directory) / "network"
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(network.directory, kept)
    for name in SECRET_FILES:
        path = kept / name
        if path.exists():
            path.write_text(COMMENT + path.read_text())
    write_json(pathlib.Path(directory) / KEYS, {
        "warning": WARNING,
        "broker": {"public": network.broker_public.decode(), "secret": network.broker_secret.decode()},
        "receipt_keys": {label: {"secret": bytes(key.signing), "from": key.valid_from, "until": key.valid_until}
                         for label, key in network.receipt_keys.items()},
        "organisations": {name: {
            "display_name": organisation.display_name,
            "telephone": organisation.telephone,
            "leaving": organisation.leaving,
            "keys": {label: {"public": key.public.decode(), "secret": key.secret.decode(), "roles": key.roles}
                     for label, key in organisation.keys.items()},
            "sealing": {label: {"secret": bytes(key.secret), "from": key.valid_from, "until": key.valid_until}
                        for label, key in organisation.sealing.items()},
        } for name, organisation in network.organisations.items()},
    })


# ---- taking up again ----


class KeptNetwork(Network):
    """A copy of a kept network; its files are those that were kept, to the byte."""

    def __init__(self, kept, directory, endpoint):
        keys = read_json(pathlib.Path(kept) / KEYS)
        self.directory = pathlib.Path(directory)
        self.endpoint = endpoint
        shutil.copytree(pathlib.Path(kept) / "network", self.directory)
        for name in SECRET_FILES:
            if (self.directory / name).exists():
                (self.directory / name).chmod(0o600)
        self.broker_public, self.broker_secret = (keys["broker"][half].encode() for half in ("public", "secret"))
        self.receipt_keys = {
            label: ReceiptKey(nacl.signing.SigningKey(key["secret"]), key["from"], key["until"])
            for label, key in keys["receipt_keys"].items()}
        self.organisations = {name: organisation_of(name, said) for name, said in keys["organisations"].items()}


def organisation_of(name, said):
    organisation = Organisation(name, said["display_name"], said["telephone"], leaving=said["leaving"])
    organisation.keys = {label: Key(key["public"].encode(), key["secret"].encode(), key["roles"])
                         for label, key in said["keys"].items()}
    organisation.sealing = {
        label: SealingKey(nacl.public.PrivateKey(key["secret"]), key["from"], key["until"])
        for label, key in said["sealing"].items()}
    return organisation
