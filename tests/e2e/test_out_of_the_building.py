"""At three in the morning no terminal is open: items by mail and to a pager, and a warning where there are none."""

import http.server
import json
import threading

import pytest

from daemon import ROOT
from peer import Deadline, now_ms
from tool import CONFIGURATION, REFUSED, Client, run, PROGRAM
from world import HOLDER, NETWORK, RECEIVER, THIRD

EXAMPLES = ROOT / "clients" / "houvast" / "examples"
MAIL, PAGER = EXAMPLES / "mail.sh", EXAMPLES / "pager.sh"
PRIVATE = ("r1.", "anna", "eva")  # neither pseudonym nor begeleider leaves the building

pytestmark = pytest.mark.network(testing={"day_length": "24s"})


@pytest.fixture
def coordinator(world):
    return Client(world, RECEIVER, "coordinator")


class Pager(http.server.BaseHTTPRequestHandler):
    """A real server on loopback that answers what it is told to."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((dict(self.headers), json.loads(body)))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 204)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def pager():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pager)
    server.heard, server.answers = [], []
    server.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def sendmail(scratch):
    """A sendmail that keeps each mail, or fails as often as a file says."""
    program = scratch / "sendmail"
    (scratch / "mails").mkdir()
    program.write_text(f"""#!/bin/sh
set -eu
if [ -s {scratch}/failures ]; then
    sed -i 1d {scratch}/failures
    cat >/dev/null
    exit 75
fi
echo "$@" >{scratch}/arguments
cat >{scratch}/mails/$$.part
mv {scratch}/mails/$$.part {scratch}/mails/$HOUVAST_ITEM
""")
    program.chmod(0o755)
    return program


def mails(scratch):
    return [path.read_text() for path in sorted((scratch / "mails").iterdir(), key=lambda path: path.name)
            if path.suffix != ".part"]


def told(world, handover):
    return {(entry["organisation"], entry["role"]) for entry in world.status(handover=handover).get("told", [])}


def wait_told(world, handover, who, listener):
    deadline = Deadline(60)
    while who not in told(world, handover):
        if deadline.passed:
            listener.lines(0)
            raise AssertionError(f"expected {who} to be told, got {told(world, handover)}; it said {listener.said}")
        world.network_coordinator.barrier()


def test_mail(world, coordinator, sendmail, scratch):
    """A step becomes a mail that a person understands, and who was mailed counts as told."""
    (scratch / "failures").write_text("once\n")
    journey, handover = world.offer(urgency="crisis", kind="cold")
    with coordinator.listen("--instance", "night", "--exec", MAIL,
                            env={"HOUVAST_MAIL_TO": "nora@kcc.example", "HOUVAST_MAIL_FROM": "houvast@kcc.example",
                                 "HOUVAST_SENDMAIL": str(sendmail)}) as listener:
        assert "the program ended with status 75" in listener.until("status 75")
        wait_told(world, handover, (RECEIVER, "coordinator"), listener)
        listener.stop()
    assert (scratch / "arguments").read_text() == "-i -t\n"
    mail = mails(scratch)[0]
    head, _, text = mail.partition("\n\n")
    assert f"Subject: Step 2: nobody at {RECEIVER} has it in hand" in head or \
        f"Subject: Step 2: the system of {RECEIVER} does not have it" in head, head
    assert "To: nora@kcc.example\n" in head and "From: houvast@kcc.example\n" in head and "Message-ID: <" in head
    assert "It waits since " in text and f"Ring {RECEIVER}: 015-2222222" in text
    assert f"houvast history {journey}" in text and f"houvast claim {journey} " in text
    assert not any(word in mail for word in PRIVATE), mail


def keys_of(pager):
    return [body["key"] for _, body in pager.heard]


def test_pager(world, coordinator, pager, scratch):
    """Only an answer of the 200s acknowledges; the same item has the same key."""
    (scratch / "token").write_text("s3cret\n")
    pager.answers = [500, 302]
    journey, handover = world.offer(urgency="crisis", kind="cold")
    with coordinator.listen("--exec", PAGER, env={"HOUVAST_WEBHOOK": pager.url,
                                                  "HOUVAST_WEBHOOK_TOKEN": str(scratch / "token")}) as listener:
        listener.until("the program ended with status 1;", times=2)
        wait_told(world, handover, (RECEIVER, "coordinator"), listener)
        deadline = Deadline(60)
        while min(keys_of(pager).count(key) for key in keys_of(pager)[:2]) < 2:
            assert not deadline.passed, f"expected both that were refused to come again, got {keys_of(pager)}"
            world.network_coordinator.barrier()
        listener.stop()
    heads, bodies = zip(*pager.heard)
    assert all(head["Authorization"] == "Bearer s3cret" and head["Content-Type"] == "application/json"
               for head in heads)
    step = next(body for body in bodies if body["title"].startswith("Step 2: "))
    assert step["urgent"] is True and journey in step["text"]
    assert not any(word in json.dumps(bodies) for word in PRIVATE), bodies


@pytest.mark.parametrize("item, expected", [
    ({"event": "digest", "count": 61, "overdue": [{"journey": "01a21311-b13e-71ee-950d-0a579fce947e",
                                                   "phase": "receipt", "since": 1774616700000}]},
     ["61 journeys wait, and nobody acts", "", "- 9fce947e: receipt, since Fri 27 Mar 14:05",
      "To see all of them:  houvast list"]),
    ({"event": "absent", "organisation": "werkse", "begeleider": "eva", "count": 3},
     ["A begeleider of werkse is away, and nobody stands in", ""]),
    ({"event": "quiet", "about": "werkse"}, ["The system of werkse has no connection", ""]),
    ({"event": "suspected", "about": "werkse", "reason": "over-rate", "count": 200},
     ["A key of werkse may be stolen: over-rate", ""]),
    ({"event": "noted", "code": "not-reached"}, ["Houvast: noted", ""]),
])
def test_messages(item, expected):
    """What else a coordinator's inbox holds; never a begeleider."""
    said = run("jq", "--raw-output", "--from-file", EXAMPLES / "ladder-message.jq",
               input=json.dumps(item)).stdout.splitlines()
    assert said == expected


def check(directory, *arguments, expect=0):
    return run(PROGRAM, "network", "check", directory, *arguments, expect=expect)


def test_who_hears_at_night(world, coordinator, sendmail):
    """`network check --live` warns of crisis paths without a listener, until there is one."""
    directory = world.network.directory
    path = world.network.file_of(RECEIVER)
    path.write_text(path.read_text().replace("[organisation]\n", "[organisation]\ncrisis = yes\n"))
    world.operator.done("reload")
    assert any(row.startswith(f"{RECEIVER} ") and row.endswith("crises come to it")
               for row in run(PROGRAM, "network", "show", directory).stdout.splitlines())
    live = ("--live", "--config", Client(world, NETWORK, "operator").config)
    words = "nothing takes what the coordinators of {} are told"
    assert "was not looked at; say --live" in check(directory).stdout
    said = check(directory, *live).stdout
    assert words.format(RECEIVER) in said and words.format(NETWORK) in said and "say --live" not in said
    assert words.format(THIRD) not in said, "no crisis leads there"
    watching = world.session(RECEIVER, "coordinator", instance="looks-on")
    assert words.format(RECEIVER) in check(directory, *live).stdout, "who looks on takes nothing"
    with coordinator.listen("--exec", MAIL, env={"HOUVAST_MAIL_TO": "x@y.example",
                                                 "HOUVAST_SENDMAIL": str(sendmail)}) as listener:
        said = json.loads(check(directory, "--json", *live).stdout)["warnings"]
        assert not any(words.format(RECEIVER) in line for line in said), said
        assert any(words.format(NETWORK) in line for line in said), said
        listener.stop()
    assert words.format(RECEIVER) in check(directory, *live).stdout
    assert watching
    other = Client(world, HOLDER, "coordinator")
    assert "forbidden" in check(directory, "--live", "--config", other.config, expect=REFUSED).stderr
    assert "no client configuration" in check(directory, "--live", expect=CONFIGURATION).stderr


def test_stats_as_tables(world):
    """Measures by route, for people; raw with --json."""
    operator = Client(world, NETWORK, "operator")
    _, handover = world.handover_in("confirmed")
    journey, _ = world.handover_in("declined", to=THIRD)
    world.holder.fresh("close", journey=journey, begeleider="anna", outcome="helped",
                       talked={"on": now_ms(), "begeleider": "anna"})
    said = operator.run("stats").stdout
    assert "How long handovers take, from the offer\nFROM          TO                UNTIL" in said and handover
    arrival = next(line for line in said.splitlines() if " arrival " in line)
    assert arrival.split()[:3] == [HOLDER, RECEIVER, "arrival"] and arrival.count(" s") == 3
    ends = said[said.index("How they ended"):].splitlines()[2:4]
    assert {tuple(line.split()) for line in ends} == {(HOLDER, RECEIVER, "confirmed", "1"),
                                                      (HOLDER, THIRD, "declined", "no-room", "receiver", "1")}
    assert "Journeys that ended, by how often they were handed over" in said
    assert "Days that residents were held for another" in said
    assert "houvast_journeys_held" in said[said.index("The broker"):]
    raw = operator.json("stats")["stats"]
    assert any(name.startswith("houvast_handover_seconds{") for name in raw)
