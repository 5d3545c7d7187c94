"""What the tests of the wire share."""

import pytest

from decoder import Decoder


@pytest.fixture(scope="session")
def decoder():
    decoder = Decoder()
    yield decoder
    decoder.close()
