"""The page's walls, as far as its text shows them: the browser holds them too (tests/browser)."""

import re
from collections.abc import Iterator
from typing import Final

import pytest

from tests.rules import tree

NETWORK: Final = re.compile(
    r"\b(fetch|XMLHttpRequest|WebSocket|WebSocketStream|WebTransport|EventSource|sendBeacon|RTCPeerConnection"
    r"|importScripts|serviceWorker|SharedWorker|BroadcastChannel)\b|\bimport\s*\("
)
"""Every name by which a script reaches the network, or another script that may."""

COMMENTS: Final = re.compile(r"/\*.*?\*/|(?<!:)//[^\n]*", re.DOTALL)
"""The lookbehind keeps `https://` in a string from hiding the rest of its line."""

THE_DOOR: Final = "gateway/web/page/net.ts"


def violations(path: str, text: str) -> Iterator[str]:
    """Every use of the network in `text`, a file of the page, where it has no business."""
    for hit in NETWORK.finditer(COMMENTS.sub("", text)):
        if path != THE_DOOR:
            yield f"{path}: {hit[0]}"


def sources() -> dict[str, str]:
    """The TypeScript that becomes the page: three folders, three trust boundaries."""
    folders = ("gateway/web/page/", "gateway/web/protocol/", "gateway/web/vision/")
    return {path: text for path, text in tree.texts().items() if path.startswith(folders) and path.endswith(".ts")}


def test_only_the_door_speaks_to_the_network() -> None:
    assert [v for path, text in sources().items() for v in violations(path, text)] == []


def test_the_door_is_where_we_think() -> None:
    assert NETWORK.search(sources()[THE_DOOR])


@pytest.mark.parametrize("folder", ["page", "protocol", "vision"])
def test_every_folder_is_looked_at(folder: str) -> None:
    assert any(path.startswith(f"gateway/web/{folder}/") for path in sources())


def imports_across(path: str, text: str) -> Iterator[str]:
    """Imports of the vision worker from the page: what sees the photo knows nothing of what talks."""
    if path.startswith("gateway/web/vision/"):
        for target in re.findall(r"""(?:from|import)\s*["']([^"']+)["']""", text):
            if "/page/" in target:
                yield f"{path}: {target}"


def test_vision_imports_nothing_of_the_page() -> None:
    assert [v for path, text in sources().items() for v in imports_across(path, text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "await fetch(url)",
        "globalThis['fetch'](u)",
        "new WebSocket(u)",
        "navigator.sendBeacon(u)",
        "const m = await import('/x')",
        "/* no */ const a = 'https://x'; fetch(a)",
    ],
)
def test_a_network_call_is_seen(text: str) -> None:
    assert list(violations("gateway/web/vision/worker.ts", text)) != []


def test_comments_and_the_door_may_name_it() -> None:
    assert list(violations("gateway/web/vision/worker.ts", "// may not fetch\n/* nor WebSocket */ prefetched()")) == []
    assert list(violations(THE_DOOR, "fetch(url)")) == []


def test_an_import_across_is_seen() -> None:
    assert list(imports_across("gateway/web/vision/a.ts", "import {x} from '../page/net.ts'")) != []
