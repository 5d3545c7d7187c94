"""Fixtures: a network on disk, a daemon on it, and the peers of its organisations."""

import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from clock import Clock  # noqa: E402
from daemon import Daemon, PROGRAM  # noqa: E402
from network import Network  # noqa: E402
from world import HOLDER, World  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "network(limits=, policies=, testing=): settings of the network's files")


def pytest_collection_modifyitems(items):
    if not PROGRAM.exists():
        pytest.exit(f"{PROGRAM} is not built: run `make` first, or set HOUVAST_BUILD", returncode=2)


@pytest.fixture
def scratch():
    """A directory with a short name, because a socket's path is short."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="hv"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


def settings_of(request):
    settings = {"limits": {}, "policies": {}, "testing": {}}
    for marker in reversed(list(request.node.iter_markers("network"))):
        for section, values in marker.kwargs.items():
            settings[section].update(values)
    return settings


def make_world(directory, settings):
    network = Network(directory / "network", f"ipc://{directory}/s")
    network.limits.update(settings["limits"])
    network.policies.update(settings["policies"])
    network.testing.update(settings["testing"])
    network.write()
    return World(network, Daemon(network, directory / "state", directory))


@pytest.fixture
def world_at_rest(request, scratch):
    """A network and a daemon that does not run yet, for one test."""
    world = make_world(scratch, settings_of(request))
    yield world
    world.end()


@pytest.fixture
def world(world_at_rest):
    """A running daemon for one test."""
    world_at_rest.daemon.start()
    return world_at_rest


@pytest.fixture
def timed_at_rest(world_at_rest, scratch):
    """The same, on a machine whose clocks the test has in its hands: `world.clock`."""
    world_at_rest.clock = Clock(scratch / "clock")
    world_at_rest.daemon.variables = world_at_rest.clock.variables
    return world_at_rest


@pytest.fixture
def timed(timed_at_rest):
    """The same, running."""
    timed_at_rest.daemon.start()
    return timed_at_rest


@pytest.fixture(scope="module")
def shared_world(request):
    """A running daemon for a whole module: journeys are fresh, so tests do not meet."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="hv"))
    world = make_world(directory, settings_of(request))
    try:
        world.daemon.start()
        yield world
    finally:
        try:
            world.end()
        finally:
            shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def stranger(shared_world):
    """A peer without a session: malformed is judged before no-session, so the form alone is tested."""
    return shared_world.connect(HOLDER)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows what its daemon said."""
    outcome = yield
    report = outcome.get_result()
    if report.when != "call" or not report.failed:
        return
    for name in ("world", "world_at_rest", "timed_at_rest", "shared_world"):
        world = getattr(item, "funcargs", {}).get(name)
        if world is not None:
            report.sections.append(("houvastd", world.daemon.said()))
            return
