"""A network on disk, written as broker/network.h documents the files, without the tool's help."""

import dataclasses
import hashlib
import os
import pathlib
import time

import nacl.public
import nacl.signing
import zmq
import zmq.utils.z85

DAY_S = 86400


@dataclasses.dataclass
class Key:
    """A CURVE key pair in Z85, and the roles that the network gives it."""

    public: bytes
    secret: bytes
    roles: str

    @classmethod
    def fresh(cls, roles):
        public, secret = zmq.curve_keypair()
        return cls(public, secret, roles)


@dataclasses.dataclass
class SealingKey:
    """An X25519 key pair; `valid_from` and `valid_until` in seconds since 1970."""

    secret: nacl.public.PrivateKey
    valid_from: float
    valid_until: float

    @classmethod
    def fresh(cls, valid_from=None, valid_until=None):
        now = time.time()
        return cls(
            nacl.public.PrivateKey.generate(),
            now - DAY_S if valid_from is None else valid_from,
            now + 700 * DAY_S if valid_until is None else valid_until,
        )

    @property
    def public(self):
        return bytes(self.secret.public_key)

    @property
    def id(self):
        return hashlib.blake2b(self.public, digest_size=32).digest()[:8]

    def seal(self, text):
        """A dossier frame: the key's id and the text sealed for it."""
        return self.id + nacl.public.SealedBox(self.secret.public_key).encrypt(text)

    def open(self, frame):
        return nacl.public.SealedBox(self.secret).decrypt(frame[8:])


@dataclasses.dataclass
class ReceiptKey:
    """An Ed25519 pair that a broker signs receipts with, and its validity in seconds since 1970."""

    signing: nacl.signing.SigningKey
    valid_from: float
    valid_until: float

    @classmethod
    def fresh(cls, valid_from=None, valid_until=None):
        now = time.time()
        return cls(nacl.signing.SigningKey.generate(), now - DAY_S if valid_from is None else valid_from,
                   now + 700 * DAY_S if valid_until is None else valid_until)

    @property
    def public(self):
        return bytes(self.signing.verify_key)


@dataclasses.dataclass
class Organisation:
    name: str
    display_name: str
    telephone: str
    keys: dict = dataclasses.field(default_factory=dict)
    sealing: dict = dataclasses.field(default_factory=dict)
    leaving: bool = False
    hours: dict = dataclasses.field(default_factory=dict)  # opening, holidays, closed

    def text(self):
        lines = [
            "[organisation]",
            f"name = {self.name}",
            f"display_name = {self.display_name}",
            f"telephone = {self.telephone}",
        ]
        if self.leaving:
            lines.append("leaving = yes")
        lines += [f"{key} = {value}" for key, value in self.hours.items()]
        for label, key in self.keys.items():
            lines += ["", f"[key {label}]", f"public_key = {key.public.decode()}", f"roles = {key.roles}"]
        for label, sealing in self.sealing.items():
            lines += [
                "",
                f"[sealing {label}]",
                f"public_key = {zmq.utils.z85.encode(sealing.public).decode()}",
                f"valid_from = {stamp(sealing.valid_from)}",
                f"valid_until = {stamp(sealing.valid_until)}",
            ]
        return "\n".join(lines) + "\n"


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


PARTNERS = {
    "kcc": ("KCC", "14015"),
    "delft-support": ("Delft Support", "015-1111111"),
    "delft-voor-elkaar": ("Delft voor Elkaar", "015-2222222"),
    "werkse": ("Werkse!", "015-3333333"),
}


class Network:
    """Four partners; `kcc` is the coordinating one. Change what you like, then `write`."""

    def __init__(self, directory, endpoint):
        self.directory = pathlib.Path(directory)
        self.endpoint = endpoint
        self.broker_public, self.broker_secret = zmq.curve_keypair()
        self.settings = {"environment": "test"}
        self.limits = {"heartbeat": "10m", "commands_per_second": "0"}  # no limit: tests are faster than people
        self.policies = {}
        self.testing = {}
        self.organisations = {}
        self.receipt_keys = {}  # none: the broker derives one from its own
        for name, (display_name, telephone) in PARTNERS.items():
            self.add(name, display_name, telephone)
        self["kcc"].keys["operator"] = Key.fresh("operator")

    def __getitem__(self, name):
        return self.organisations[name]

    def add(self, name, display_name=None, telephone="015-0000000"):
        organisation = Organisation(name, display_name or name.title(), telephone)
        organisation.keys["endpoint"] = Key.fresh("endpoint")
        organisation.keys["coordinator"] = Key.fresh("coordinator")
        organisation.sealing["first"] = SealingKey.fresh()
        self.organisations[name] = organisation
        return organisation

    def file_of(self, name):
        return self.directory / "organisations" / f"{name}.conf"

    def text(self):
        sections = {
            "network": {
                "name": "delft-test",
                "coordinating": "kcc",
                "time_zone": "Europe/Amsterdam",
                **self.settings,
            },
            "broker": {"public_key": self.broker_public.decode(), "listen": self.endpoint},
            "limits": self.limits,
            "policies": self.policies,
            "testing": self.testing,
        }
        lines = []
        for section, values in sections.items():
            if values:
                lines += [f"[{section}]", *(f"{key} = {value}" for key, value in values.items()), ""]
        for label, key in self.receipt_keys.items():
            lines += [f"[receipt {label}]", f"public_key = {zmq.utils.z85.encode(key.public).decode()}",
                      f"valid_from = {stamp(key.valid_from)}", f"valid_until = {stamp(key.valid_until)}", ""]
        return "\n".join(lines)

    def write(self):
        """Makes the files say what this object says; organisations taken out lose theirs."""
        folder = self.directory / "organisations"
        folder.mkdir(parents=True, exist_ok=True)
        (self.directory / "network.conf").write_text(self.text())
        for path in folder.glob("*.conf"):
            if path.stem not in self.organisations:
                path.unlink()
        for name, organisation in self.organisations.items():
            self.file_of(name).write_text(organisation.text())
        self.write_broker_key()

    def write_receipt_key(self, key):
        """The key that signs from the next start or reload on."""
        public, secret = (zmq.utils.z85.encode(half).decode() for half in (key.public, bytes(key.signing)))
        self.write_key("receipt.key", f"kind = receipt\npublic_key = {public}\nsecret_key = {secret}\n")

    def write_broker_key(self):
        self.write_key("broker.key", f"kind = curve\npublic_key = {self.broker_public.decode()}\n"
                       f"secret_key = {self.broker_secret.decode()}\n")

    def write_key(self, name, text):
        path = self.directory / name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)

    def dossier(self, to, content, label="first"):
        """A frame with the receiver's key id before bytes that the broker cannot read anyway."""
        return self[to].sealing[label].id + content
