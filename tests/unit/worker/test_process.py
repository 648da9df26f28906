"""What a child is started with."""

from dataclasses import replace

import pytest

from tests.unit.worker.conftest import settings_for
from tests.unit.worker.person import Person
from worker.models import Bundle
from worker.process import start_child

pytestmark = pytest.mark.anyio


async def test_a_gateway_whose_thumbprint_begins_with_a_hyphen_is_a_gateway(bundle: Bundle, person: Person) -> None:
    settings = replace(settings_for(bundle, person), gateway_key=("-" + person.gateway[1:],))
    child = await start_child(settings, bundle, {})
    child.kill()
    await child.end()
