"""The tool: every command as a subcommand, ids from case numbers, dossiers, what it prints, and its exit statuses."""

import json
import os
import pty
import re
import subprocess
import threading

import msgpack
import pytest
import zmq

from peer import now_ms
from tool import (CONFIGURATION, INTERNAL, LATER, NO_ANSWER, NO_SESSION, PROGRAM, REFUSED, USAGE, Client, environment,
                  run)
from world import HOLDER, NETWORK, RECEIVER, THIRD

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.fixture
def clients(shared_world):
    return lambda organisation, role="endpoint", **more: Client(shared_world, organisation, role, **more)


@pytest.fixture
def holder(clients):
    return clients(HOLDER)


@pytest.fixture
def receiver(clients):
    return clients(RECEIVER)


@pytest.fixture
def case(request):
    """A case number that no other test has."""
    return f"case/{request.node.name}"


def open_case(client, case, **more):
    return client.json("open", "--ref", case, "--anonymous", "--begeleider", "anna", "--basis", "public-task",
                       "--urgency", "routine", *(word for pair in more.items() for word in pair))


def offer_case(client, case, *more, to=RECEIVER, kind="cold"):
    return client.json("offer", "--ref", case, "--to", to, "--kind", kind, "--urgency", "routine", "--begeleider",
                       "anna", *more)


# ---- handovers from the first contact to the end ----


def test_a_warm_handover(holder, receiver, case):
    """Only the confirmation moves the hold; each step is one command."""
    opened = open_case(holder, case)
    assert opened["holder"] == {"organisation": HOLDER, "begeleider": "anna"}
    handover = offer_case(holder, case, kind="warm")["handover"]
    assert receiver.json("receive", "--handover", handover, "--begeleider", "eva")["state"] == "received"
    assert receiver.json("pickup", "--handover", handover, "--begeleider", "eva", "--planned",
                         "2030-01-02T09:30+01:00")["state"] == "picked-up"
    confirm = ["confirm", "--handover", handover, "--begeleider", "eva", "--contact-on", "now", "--contact-how",
               "came", "--contact-with", "resident"]
    early = receiver.run(*confirm, expect=REFUSED)
    assert "refused (not-introduced)" in early.stderr and "houvast introduce" in early.stderr
    holder.json("introduce", "--ref", case, "--on", "now", "--how", "joint", "--present", f"{HOLDER}:anna",
                "--present", f"{RECEIVER}:eva", "--resident")
    status = holder.json("status", "--ref", case, "--attempt", "1")
    assert status["introduced"] is True
    assert status["planned"] == 1893573000000
    assert status["holder"]["organisation"] == HOLDER
    done = receiver.json(*confirm)
    assert (done["state"], done["holder"]) == ("confirmed", {"organisation": RECEIVER, "begeleider": "eva"})
    assert holder.json("status", "--ref", case, "--attempt", "1")["state"] == "confirmed"


def test_a_second_attempt_after_a_decline(holder, receiver, clients, case):
    """--attempt counts the handovers of a case; each has an id of its own."""
    open_case(holder, case)
    first = offer_case(holder, case)["handover"]
    declined = receiver.json("decline", "--handover", first, "--reason", "no-room", "--decided", "receiver",
                             "--suggest", THIRD)
    assert (declined["state"], declined["holder"]["organisation"]) == ("declined", HOLDER)
    second = offer_case(holder, case, "--attempt", "2", to=THIRD)["handover"]
    assert second != first
    taken_back = holder.json("withdraw", "--ref", case, "--attempt", "2", "--reason", "entered-in-error")
    assert (taken_back["handover"], taken_back["state"]) == (second, "withdrawn")


def test_reassign_close_and_settle(holder, clients, case):
    """A closing that the resident did not agree to asks for a second person, who may disagree."""
    open_case(holder, case)
    reassigned = holder.json("reassign", "--ref", case, "--begeleider", "bob", "--instead-of", "anna", "--reason",
                             "holiday", "--on", "now")
    assert reassigned["holder"]["begeleider"] == "bob"
    closing = holder.json("close", "--ref", case, "--begeleider", "bob", "--outcome", "no-response", "--no-talk",
                          "not-found")
    assert closing["state"] == "closing"
    coordinator = clients(NETWORK, "coordinator")
    settle = ["settle", "--journey", closing["journey"], "--person", "chris", "--reason", "try-again"]
    assert coordinator.json(*settle, "--no-agree", "--on", "now")["state"] == "open"
    closed = holder.json("close", "--ref", case, "--begeleider", "bob", "--outcome", "helped", "--talked-on",
                         "2026-01-05T10:00Z", "--talked-begeleider", "bob")
    assert closed["state"] == "closed"
    assert "held the resident when it ended" in holder.run("close", "--ref", case, "--begeleider", "bob", "--outcome",
                                                           "helped", "--talked-on", "2026-01-05T10:00Z",
                                                           "--talked-begeleider", "bob").stdout


# ---- ids and pseudonyms ----


def test_the_same_again_asks_again(holder, case):
    """--ref gives the same ids each time, so that a rerun has no second effect; also with --anonymous."""
    first = open_case(holder, case)
    again = open_case(holder, case)
    assert "repeated" not in first and again["repeated"] is True
    assert (again["journey"], again["seq"]) == (first["journey"], first["seq"])
    offered = offer_case(holder, case)
    assert offer_case(holder, case)["handover"] == offered["handover"]
    text = holder.run("offer", "--ref", case, "--to", RECEIVER, "--kind", "cold", "--urgency", "routine",
                      "--begeleider", "anna").stdout
    assert text.startswith("Done before, ") and "nothing changed now" in text


def test_ids_come_from_the_own_secret(clients):
    """Two organisations with the same case number mean two things."""
    one, other = open_case(clients(HOLDER), "12345"), open_case(clients(THIRD), "12345")
    assert one["journey"] != other["journey"]


def test_new_ids_where_none_is_said(holder):
    """Without --ref, open and offer make new ids, version 7, and print them."""
    opened = holder.json("open", "--anonymous", "--begeleider", "anna", "--basis", "consent", "--urgency", "urgent")
    assert opened["journey"][14] == "7"
    text = holder.run("offer", "--journey", opened["journey"], "--to", RECEIVER, "--kind", "cold", "--urgency",
                      "urgent", "--begeleider", "anna").stdout
    assert re.search(rf"Handover ({UUID}) is offered", text)[1][14] == "7"


def test_the_pseudonym_of_a_number(shared_world, clients, tmp_path):
    """One number gives one pseudonym in the whole network, however it is written, and never from the command line."""
    for name, text in {"plain": "123456782\n", "dotted": "1234.56.782\n"}.items():
        (tmp_path / name).write_text(text)
    opening = ["open", "--begeleider", "anna", "--basis", "consent", "--urgency", "routine"]
    seen = set()
    for organisation, number, standard_input in (
            (HOLDER, tmp_path / "plain", None), (THIRD, tmp_path / "dotted", None), (THIRD, "-", "123456782\n")):
        client = clients(organisation)
        journey = client.json(*opening, "--number", number, input=standard_input)["journey"]
        seen |= {event["resident"] for event in client.json("history", "--journey", journey)["events"]
                 if event["event"] == "opened"}
    assert len(seen) == 1
    assert re.fullmatch(r"r1\.[A-Za-z0-9_-]{43}", seen.pop())
    shown = clients(HOLDER).run(*opening, "--number", "123456782", expect=USAGE)
    assert "everybody on this machine could read" in shown.stderr


def test_the_number_is_prompted_for_without_showing_it(holder):
    """On a terminal `--number -` asks; what is typed does not appear."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
            holder.command("open", "--begeleider", "anna", "--basis", "consent", "--urgency", "routine", "--number",
                           "-"), stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, env=environment()) as process:
        os.close(theirs)
        shown = b""
        while b"not shown" not in shown:
            shown += os.read(ours, 1024)
        os.write(ours, b"123456782\n")
        assert b"holds the resident" in process.stdout.read()
        shown += os.read(ours, 1024)
    os.close(ours)
    assert process.returncode == 0 and b"1234" not in shown


@pytest.mark.parametrize("options", [[], ["--anonymous", "--number", "-"],
                                     ["--anonymous", "--resident", "r1." + "A" * 43]])
def test_one_way_to_say_whom(holder, options):
    said = holder.run("open", "--begeleider", "anna", "--basis", "consent", "--urgency", "routine", *options,
                      expect=USAGE, input="")
    assert "whom is it about?" in said.stderr


# ---- dossiers ----


def test_dossiers_are_sealed_for_the_receiver(shared_world, holder, receiver, case, tmp_path):
    """The offer's and a further one; the receiver alone opens them."""
    (tmp_path / "first").write_bytes(b"first \x00 part")
    open_case(holder, case)
    handover = offer_case(holder, case, "--dossier", tmp_path / "first", "--disclose", "received")["handover"]
    receiver.json("receive", "--handover", handover, "--begeleider", "eva")
    holder.json("supplement", "--ref", case, "--number", "1", "--dossier", "-", input="second part")
    key = shared_world.network[RECEIVER].sealing["first"]
    inbox = shared_world.inbox(RECEIVER)
    texts = {}
    while len(texts) < 2:
        item = inbox.next_item()
        inbox.ack(item)
        if item.get("handover") == handover and item["event"] == "dossier":
            texts[item["number"]] = key.open(item.dossier)
    assert texts == {0: b"first \x00 part", 1: b"second part"}
    assert receiver.json("fetch", "--handover", handover)["state"] == "received"


@pytest.mark.parametrize("size, words", [(None, "No such file"), (0, "is empty"), (2**20 - 55, "is over")])
def test_what_is_no_dossier(holder, case, tmp_path, size, words):
    path = tmp_path / "dossier"
    if size is not None:
        path.write_bytes(bytes(size))
    said = holder.run("offer", "--ref", case, "--to", RECEIVER, "--kind", "cold", "--urgency", "routine",
                      "--begeleider", "anna", "--dossier", path, expect=USAGE)
    assert words in said.stderr and str(path) in said.stderr


def test_a_receiver_that_is_not_there(holder, case, tmp_path):
    (tmp_path / "dossier").write_text("text")
    open_case(holder, case)
    said = holder.run("offer", "--ref", case, "--to", "nobody", "--kind", "cold", "--urgency", "routine",
                      "--begeleider", "anna", "--dossier", tmp_path / "dossier", expect=REFUSED)
    assert "houvast map" in said.stderr


# ---- asking ----


def test_status_says_who_holds(holder, receiver, case):
    """For people: a card with holder, state, receiver and local times; for scripts: the answer itself."""
    open_case(holder, case)
    handover = offer_case(holder, case, kind="warm")["handover"]
    receiver.json("pickup", "--handover", handover, "--begeleider", "eva")
    card = holder.run("status", "--ref", case, "--attempt", "1").stdout
    for line in (rf"Held by +anna of {HOLDER}", rf"Receiver +eva of {RECEIVER}", "State +picked-up: ",
                 "Kind +warm", "Introduced +not yet", rf"Handover +{handover}",
                 r"Since +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0[12]:00"):
        assert re.search(line, card), f"expected {line!r} in\n{card}"
    journey = holder.json("status", "--ref", case)
    assert (journey["state"], journey["journey"] != handover) == ("open", True)
    assert holder.json("status", "--handover", handover)["handover"] == handover


def test_history_follows_the_pages(shared_world, holder, case):
    """Oldest first, as one timeline, however many pages; --limit ends it and says that more follow."""
    open_case(holder, case)
    people = ["anna", "bob"]
    for number in range(12):
        holder.json("reassign", "--ref", case, "--begeleider", people[(number + 1) % 2], "--instead-of",
                    people[number % 2], "--reason", "shift", "--on", now_ms() + number)
    whole = holder.json("history", "--ref", case)["events"]
    assert [event["event"] for event in whole if event["event"] != "read"] == ["opened"] + 12 * ["reassigned"]
    seqs = [event["seq"] for event in whole]
    assert seqs == sorted(seqs)
    timeline = holder.run("history", "--ref", case).stdout
    assert timeline.index("First contact: ") < timeline.index("instead of anna (shift)")
    assert timeline.count("holds the resident now, instead of") == 12
    assert f"First contact: anna of {HOLDER} holds the resident" in timeline
    short = holder.run("history", "--ref", case, "--limit", "3").stdout
    assert short.count("holds the resident now") == 2 and "More follow" in short
    after = holder.json("history", "--ref", case, "--after", seqs[2], "--limit", "2")["events"]
    assert [event["seq"] for event in after] == seqs[3:5]


def test_map_and_stats_and_ping(holder, clients):
    table = holder.run("map").stdout
    assert re.search(r"werkse +Werkse! +015-3333333 +\d{4}-", table)
    organisations = holder.json("map")["organisations"]
    assert {entry["organisation"] for entry in organisations} >= {HOLDER, RECEIVER, THIRD, NETWORK}
    assert "houvast_journeys_held" in clients(NETWORK, "operator").run("stats").stdout
    pong = holder.json("ping")
    assert (pong["organisation"], pong["role"]) == (HOLDER, "endpoint") and pong["took_ms"] > 0
    assert f"welcomes {HOLDER} as endpoint" in holder.run("ping").stdout


def test_reload(world):
    """The operator puts changed files in force; a mistake is answered with file and line."""
    operator = Client(world, NETWORK, "operator")
    world.network[THIRD].telephone = "015-9999999"
    world.network.write()
    assert "in force" in operator.run("reload").stdout
    assert "015-9999999" in Client(world, HOLDER).run("map").stdout
    with open(world.network.file_of(THIRD), "a") as file:
        file.write("colour = blue\n")
    said = operator.run("reload", expect=REFUSED).stderr
    assert re.search(r"refused \(conflict\): .*werkse\.conf:\d+: ", said), said
    assert "refused (forbidden)" in Client(world, HOLDER).run("reload", expect=REFUSED).stderr


def test_other_roles(clients, holder, case):
    """--role says another of the key's roles; a role that the key has not is no session."""
    said = holder.run("--role", "coordinator", "map", expect=NO_SESSION).stderr
    assert len(said.splitlines()) == 1
    coordinator = clients(HOLDER, "coordinator")
    journey = open_case(holder, case)["journey"]
    assert coordinator.json("status", "--journey", journey)["holder"]["organisation"] == HOLDER


# ---- what it prints ----


def test_json_is_one_object_per_line(holder, case):
    done = holder.run("--json", "open", "--ref", case, "--anonymous", "--begeleider", "anna", "--basis", "consent",
                      "--urgency", "routine", "--request", "my-request")
    assert done.stdout.count("\n") == 1
    answer = json.loads(done.stdout)
    assert (answer["type"], answer["request"]) == ("done", "my-request")
    assert isinstance(answer["at"], int)
    refused = holder.run("withdraw", "--json", "--ref", case, "--reason", "entered-in-error", expect=REFUSED)
    assert json.loads(refused.stdout)["code"] == "unknown"
    assert "refused (unknown)" in refused.stderr


def test_refusals_name_field_and_mend(holder, case):
    open_case(holder, case)
    said = holder.run("offer", "--ref", case, "--to", "nobody", "--kind", "cold", "--urgency", "routine",
                      "--begeleider", "anna", expect=REFUSED).stderr
    assert "refused (unknown)" in said and "(field to)" in said
    assert len(said.splitlines()) == 1


# ---- mistakes on the command line and in the configuration ----


@pytest.mark.parametrize("words, expected", [
    ([], "name a subcommand"),
    (["ofer"], "did you mean offer?"),
    (["xyzzy"], "--help"),
    (["--role", "boss", "map"], "endpoint, coordinator or operator"),
    (["--timeout", "never", "map"], "--timeout"),
    (["open", "--begeleider", "Anna de Vries"], "--begeleider"),
    (["offer", "--kind", "hot"], "warm, cold, callback, signal"),
    (["note", "--code", "hello"], "in-touch, not-reached"),
    (["note", "--next", "367"], "from 1 to 366"),
    (["claim", "--until", "tomorrow"], "now, ms since 1970"),
    (["list", "--phase", "late"], "unrouted, delivery"),
    (["clok-accept"], "did you mean clock-accept?"),
    (["offer", "--age", "151"], "from 0 to 150"),
    (["confirm", "--contact-on", "2026-03-27T14:05"], "+01:00"),
    (["introduce", "--present", "kcc"], "organisation:person"),
    (["withdraw", "--handover", "x"], "UUID"),
    (["status", "--colour", "blue"], "unrecognized option"),
    (["listen", "--jobs", "0"], "--jobs"),
    (["listen", "--timeout", "5"], "--exec"),
    (["listen", "--ack", "--exec", "true"], "--ack"),
])
def test_usage(words, expected):
    """64, and a sentence that names the option and what it takes."""
    assert expected in run(PROGRAM, *words, expect=USAGE).stderr


@pytest.mark.parametrize("words, expected", [
    (["withdraw", "--reason", "x"], "--handover is missing"),
    (["withdraw", "--attempt", "2", "--reason", "x"], "--ref"),
    (["supplement", "--ref", "x", "--number", "1"], "--dossier is missing"),
    (["open", "--ref", "x", "--anonymous"], "--begeleider, --basis, --urgency are missing"),
    (["close", "--ref", "x", "--begeleider", "a", "--outcome", "helped", "--talked-on", "now"],
     "--talked-begeleider is missing"),
    (["note", "--ref", "x", "--code", "tip", "--on", "now", "--next", "7"], "`to` is missing"),
    (["note", "--ref", "x", "--code", "no-show", "--on", "now"], "`handover` is missing"),
    (["withdraw", "--ref", "x", "--for", "kcc"], "--reason is missing"),
    (["claim", "--person", "eva", "--until", "now", "--on", "now"], "which journey is missing"),
    (["listen", "--exec", "/no/such/program"], "/no/such/program"),
    (["listen", "--dossier-dir", "/no/such/folder", "--exec", "true"], "/no/such/folder"),
    (["--endpoint", "pigeon://post", "map"], "pigeon://post"),
])
def test_usage_with_a_configuration(holder, words, expected):
    assert expected in holder.run(*words, expect=USAGE).stderr


def test_the_configuration_may_come_from_the_environment(holder):
    said = run(PROGRAM, "map", expect=CONFIGURATION).stderr
    assert "--config" in said and "HOUVAST_CONFIG" in said
    assert "Werkse!" in run(PROGRAM, "map", env={"HOUVAST_CONFIG": str(holder.config)}).stdout


@pytest.mark.parametrize("mistake, expected", [
    ({"endpoint": None}, r"endpoint\.conf:\d+: .*endpoint"),
    ({"broker_public_key": "tooshort"}, r"endpoint\.conf:3: broker_public_key .*Z85"),
    ({"organisation": "Delft Support"}, r"endpoint\.conf:4: organisation"),
    ({"role": "boss"}, r"endpoint\.conf:5: role .*endpoint, coordinator or operator"),
    ({"key": "no.key"}, r"endpoint\.conf:6: .*no\.key"),
    ({"colour": "blue"}, r"endpoint\.conf:10: .*colour.*houvast\(1\)"),
])
def test_configuration_mistakes_name_the_line(world_at_rest, mistake, expected):
    client = Client(world_at_rest, HOLDER)
    client.settings.update(mistake)
    client.settings = {key: value for key, value in client.settings.items() if value is not None}
    client.write()
    said = client.run("map", expect=CONFIGURATION).stderr
    assert re.search(expected, said), said
    assert len(said.splitlines()) == 1


def test_other_configuration_mistakes(world_at_rest, tmp_path):
    client = Client(world_at_rest, HOLDER)
    client.config.write_text("[server]\n")
    assert ":1: " in client.run("map", expect=CONFIGURATION).stderr
    client.config.write_text("[client]\nendpoint\n")
    assert ":2: " in client.run("map", expect=CONFIGURATION).stderr
    assert "No such file" in run(PROGRAM, "--config", tmp_path / "none", "map", expect=CONFIGURATION).stderr
    client.write()
    os.chmod(client.folder / "own.key", 0o644)
    assert "own.key" in client.run("map", expect=CONFIGURATION).stderr


def test_what_only_some_commands_need(world_at_rest):
    """A missing case secret, network secret or sealing key is said when it is wanted, with its line."""
    client = Client(world_at_rest, HOLDER)
    opening = ["open", "--begeleider", "anna", "--basis", "consent", "--urgency", "routine"]
    (client.folder / "case.secret").unlink()
    assert "endpoint.conf:9: " in client.run(*opening, "--ref", "x", "--anonymous", expect=CONFIGURATION).stderr
    del client.settings["network_secret"]
    client.write()
    said = client.run(*opening, "--number", "-", input="123456782\n", expect=CONFIGURATION).stderr
    assert "names no network_secret" in said
    (client.folder / "first.sealing").unlink()
    assert "first.sealing" in client.run("listen", expect=CONFIGURATION).stderr


# ---- a broker that does not do as one would like ----


class FakeBroker:
    """Welcomes everybody, and answers each command as the test says: a dict, or None for silence."""

    def __init__(self, folder, answers):
        self.public, self.secret = zmq.curve_keypair()
        self.endpoint = f"ipc://{folder}/fake"
        self.answers = answers
        self.asked = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self):
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.ROUTER)
        self.socket.linger = 0
        self.socket.curve_server = True
        self.socket.curve_secretkey = self.secret
        self.socket.bind(self.endpoint)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        self.socket.close()
        self.context.term()

    def serve(self):
        while not self.ended.is_set():
            if not self.socket.poll(50):
                continue
            route, *frames = self.socket.recv_multipart()
            message = msgpack.unpackb(frames[0])
            answer = self.answer_to(message, frames[1:])
            if answer is not None:
                if "request" in message:
                    answer = {"request": message["request"], **answer}
                self.socket.send_multipart([route, msgpack.packb(answer)])

    def answer_to(self, message, dossier):
        ledger = "0192f0c1-2b3c-7d4e-8f50-617283940a1b"
        if message["type"] == "hello":
            refused = self.answers.get("hello")
            return refused or {"type": "welcome", "organisation": HOLDER, "network": "fake", "ledger": ledger,
                               "heartbeat": 60000, "receipt_key": bytes(32), "head": bytes(32), "at": now_ms(),
                               "seq": 0}
        if message["type"] in ("ping", "pong", "bye", "nack"):
            return None
        self.asked.append((message, dossier))
        answer = self.answers.get(message["type"])
        answer = answer(len(self.asked)) if callable(answer) else answer
        return answer if answer is None or answer["type"] == "refused" else {
            "ledger": ledger, "at": now_ms(), "seq": 1, **answer}


def client_of(world, fake):
    client = Client(world, HOLDER, endpoint=fake.endpoint)
    client.settings["broker_public_key"] = fake.public.decode()
    client.write()
    return client


def refusal(code, **more):
    return {"type": "refused", "code": code, "reason": "so it is", **more}


@pytest.mark.parametrize("code, status", [("unavailable", LATER), ("busy", LATER), ("conflict", REFUSED),
                                          ("forbidden", REFUSED), ("too-large", REFUSED)])
def test_statuses_of_refusals(world_at_rest, code, status):
    """75 where the same again helps, later; else 1. The reason is the broker's."""
    more = {"retry_after": 60000} if code == "busy" else {}
    with FakeBroker(world_at_rest.daemon.scratch, {"reload": refusal(code, **more)}) as fake:
        said = client_of(world_at_rest, fake).run("--timeout", "1", "reload", expect=status).stderr
    assert f"refused ({code}): so it is" in said


def test_statuses_of_silence(world_at_rest):
    """69: nobody knows. What was made anew is said, so that the very same can be asked again."""
    with FakeBroker(world_at_rest.daemon.scratch, {}) as fake:
        client = client_of(world_at_rest, fake)
        said = client.run("--timeout", "500ms", "open", "--anonymous", "--begeleider", "anna", "--basis", "consent",
                          "--urgency", "routine", expect=NO_ANSWER).stderr
        again = re.search(rf"ask again with --journey ({UUID}) --resident (r1\.\S+)", said)
        assert again, said
        client.run("--timeout", "500ms", "open", "--journey", again[1], "--resident", again[2], "--begeleider", "anna",
                   "--basis", "consent", "--urgency", "routine", expect=NO_ANSWER)
        contents = [{k: v for k, v in message.items() if k != "request"} for message, _ in fake.asked]
        assert all(content == contents[0] for content in contents)
    said = client.run("--timeout", "500ms", "ping", expect=NO_ANSWER).stderr
    assert len(said.splitlines()) == 1


def test_statuses_of_no_session(world_at_rest):
    with FakeBroker(world_at_rest.daemon.scratch, {"hello": refusal("forbidden")}) as fake:
        said = client_of(world_at_rest, fake).run("--timeout", "2", "ping", expect=NO_SESSION).stderr
    assert "so it is" in said


def test_a_stale_key_is_asked_for_again(world_at_rest, tmp_path):
    """The receiver's key was exchanged between the map and the offer: the map is asked again, once."""
    old, new = (world_at_rest.network[name].sealing["first"] for name in (RECEIVER, THIRD))

    def map_answer(turn):
        key = old if turn == 1 else new
        return {"type": "done", "organisations": [{
            "organisation": RECEIVER, "display_name": "R", "telephone": "1",
            "sealing_keys": [{"id": key.id, "key": key.public, "until": now_ms() + 1000000}]}]}

    (tmp_path / "dossier").write_text("the text")
    answers = {"map": map_answer, "offer": lambda turn: {"type": "done"} if turn == 4 else refusal("stale-key")}
    with FakeBroker(world_at_rest.daemon.scratch, answers) as fake:
        client = client_of(world_at_rest, fake)
        offer_case(client, "case", "--dossier", tmp_path / "dossier")
        assert [message["type"] for message, _ in fake.asked] == ["map", "offer", "map", "offer"]
        first, second = (dossier[0] for _, dossier in fake.asked if dossier)
        assert old.open(first) == new.open(second) == b"the text"
        fake.asked.clear()
        fake.answers["offer"] = refusal("stale-key")
        said = client.run("offer", "--ref", "case", "--to", RECEIVER, "--kind", "cold", "--urgency", "routine",
                          "--begeleider", "anna", "--dossier", tmp_path / "dossier", expect=REFUSED).stderr
        assert "refused (stale-key)" in said and len(fake.asked) == 4


def test_output_that_cannot_be_written(holder):
    """A full disk behind standard output is not taken for success."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(holder.command("map"), stdout=full, stderr=subprocess.PIPE, text=True, env=environment())
    assert done.returncode == INTERNAL and "standard output" in done.stderr
