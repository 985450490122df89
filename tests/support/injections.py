"""Six hundred texts that try to become more than text: further headers, further recipients, a second mail."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

EVE = "eve@evil.example"
CONTROLS = tuple(chr(each) for each in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029))
BREAKS = (
    "\r\n",
    "\n",
    "\r",
    "\n\r",
    "\r\r\n",
    "\r\n\r\n",
    "\n\n",
    "\r\n ",
    "\r\n\t",
    "\x0b",
    "\x0c",
    "\x85",
    "\u2028",
)
HEADERS = (
    f"Bcc: {EVE}",
    f"To: {EVE}",
    f"Cc: {EVE}",
    "Content-Type: text/html",
    f"From: {EVE}",
    ".\r\nMAIL FROM:<x>",
)
TURNS = tuple(
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u200b\u200d\u2060\ufeff\u00ad\u180e"
)

UNSAFE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def injections() -> list[str]:
    """Return all of them, each once."""
    return list(dict.fromkeys(_all()))


def controls_in(text: str, *, but: str = "") -> set[str]:
    """Return the control characters and line ends of a text, other than those in `but`."""
    return {each for each in text if unicodedata.category(each) in UNSAFE and each not in but}


def _all() -> Iterator[str]:
    for control in CONTROLS:
        yield from (control, f"a{control}b", f"{control}lead", f"trail{control}", f"Hi{control}Bcc: {EVE}")
        yield f"ann{control}@ok.example"
    for line in BREAKS:
        yield from (f"Hello{line}{header}" for header in HEADERS)
        yield from (f"ann@ok.example{line}{EVE}", f"ann@ok.example,{line}{EVE}", f'"ann{line}bcc"@ok.example')
        yield from (f"{line}{line}<script>", f"=?utf-8?q?x?={line} =?utf-8?q?y?=")
    for word in ("=0D=0ABcc:_eve@evil.example", "=0ABcc:x", "=00", "=0D", "=E2=80=A8x", "=85", "a\r\nb"):
        yield from (f"=?utf-8?q?{word}?=", f"=?iso-8859-1?Q?{word}?= <ann@ok.example>", f"=?utf-8?q?{word}")
    for word in ("DQpCY2M6IGV2ZUBldmlsLmV4YW1wbGU=", "CgoK", "AA==", "4oCo"):
        yield from (f"=?utf-8?b?{word}?=", f"=?utf-7?B?{word}?=", f"=?utf-8?B?{word}?= <ann@ok.example>")
    for turn in TURNS:
        yield from (turn, f"ann{turn}@ok.example", f"invoice{turn}fdp.exe")
    for written in (
        "%0d%0a",
        "%0D%0ABcc:%20x",
        "\\r\\n",
        "\\u000d\\u000a",
        "&#13;&#10;",
        "&#x0a;",
        "%E5%98%8A%E5%98%8D",
        "嘊嘍",
    ):
        yield from (f"x{written}Bcc: {EVE}", f"ann@ok.example{written}")
    yield from _addresses()
    for half in ("\ud800", "\udfff", "a\ud83d", "\udc00\ud800"):
        yield from (half, f"x{half}y")
    for length in (255, 999, 70_000):
        yield from (
            "x" * length,
            f"{'x' * length}@ok.example",
            f"ann@{'x' * length}.example",
            "\r\n" * (length // 2),
        )
    yield from (
        "",
        " ",
        "\u00a0",
        "\u3000",
        "🏴‍☠️",
        "e\u0301" * 40,
        "{{7*7}}",
        "${jndi:ldap://x}",
        "' or 1=1 --",
        "../../etc",
    )


def _addresses() -> Iterator[str]:
    """Yield what looks like one recipient and is another, or several."""
    yield from (
        f"ann@ok.example, {EVE}", f"ann@ok.example;{EVE}", f"ann@ok.example {EVE}", f"<ann@ok.example> <{EVE}>",
        f"ann@ok.example\\, {EVE}", f'"ann@ok.example" <{EVE}>', f"Ann <ann@ok.example>, Eve <{EVE}>", f"Ann: {EVE};",
        f"(comment) {EVE}", f"{EVE}(comment)", f"ann@ok.example(,{EVE})", "ann@@ok.example", "@ok.example", "ann@", "ann",
        "ann@ok", "ann@[127.0.0.1]", "ann@127.0.0.1", "ann@ok..example", ".ann@ok.example", "ann.@ok.example",
        'a"b@ok.example', "ann@ok.example>", "<ann@ok.example", "ann@ok.example\\", "ann@-ok.example", "ann@ok_.example",
        "ann@exämple.example", "änn@ok.example", "ann@xn--.example", "ann@ok.example.", "ann @ok.example", "ann@ ok.example",
        f"<@evil.example:{EVE}>", "ann%evil.example@ok.example", "ann!evil@ok.example", "mailto:ann@ok.example", ",", ",,",
        ";", "<>", '""', '"" <>', f"undisclosed-recipients:;, {EVE}", f'"a\\" <{EVE}>, "b" <ann@ok.example>',
    )  # fmt: skip
