"""XML text: the one entry point through which every reader gets it, safe against hostile files.

No network and no file other than the one given; an inline DTD is cut out before the parser sees the text, so
that whatever entity it declared is unknown, and using it is an error. Depth, and how much is held at once,
are bounded. Errors name line and column and never show the text.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain
from typing import IO, Any
from xml.sax.saxutils import quoteattr

from pytwin.errors import InputError, MissingExtraError
from pytwin.issues import Issues

Element = Any  # lxml.etree._Element; lxml carries no types
_CHUNK = 1 << 15
_LONGEST_PROLOG = 8 << 20  # bytes before the root element
LARGEST = 512 << 20  # bytes of a document that is held whole
_MOST_HELD = 256 << 20  # bytes of a streamed file between two closed children of the root
_WRAPPER = "pytwin-wrapper"

# Encodings in which markup is written as in ASCII: others could hide a DTD from the search for one.
_PLAIN = re.compile(
    r"utf-?8|us-ascii|ascii|iso-?8859-?\d{1,2}|latin-?1|(windows|cp)-?125\d", re.IGNORECASE | re.ASCII
)
_DECLARATION = re.compile(rb"<\?xml\s[^>]{0,400}?\?>")
_ENCODING = re.compile(rb"""encoding\s*=\s*["']([^"']{1,60})["']""")
_IN_DTD = re.compile(rb"""["'\[\]>]|<!--|<\?""")
_CLOSERS = {b'"': b'"', b"'": b"'", b"<!--": b"-->", b"<?": b"?>"}
_SPACE = b" \t\r\n"
_DOCTYPE = b"<!DOCTYPE"
_NAME = re.compile(rb"<(?:[^\s<>/:?!]{1,200}:)?([^\s<>/:?!]{1,200})")

# libxml2's error numbers -> code and message; what is not listed is "xml.not-well-formed"
_MEANINGS = {
    "entity": ("xml.entity", "the XML text uses an entity that XML itself does not know"),
    "deep": ("xml.too-deep", "the XML text is nested too deeply"),
    "large": ("xml.too-large", "a part of the XML text is too large"),
    "encoding": ("xml.encoding", "the XML text is not in the encoding that it states"),
    "namespace": ("xml.namespace", "the XML text uses a namespace prefix without declaring it"),
    "truncated": ("xml.truncated", "the XML text ends too early"),
}
_NUMBERS = {
    26: "entity", 27: "entity", 28: "entity", 29: "entity", 89: "entity", 90: "entity",
    31: "encoding", 32: "encoding", 81: "encoding", 201: "namespace", 45: "truncated", 63: "truncated",
    77: "truncated",
}  # fmt: skip


def _etree() -> Any:
    try:
        from lxml import etree
    except ImportError as error:
        hint = "Install it with: pip install 'pytwin-health[xml]'"
        raise MissingExtraError("extra.xml", "lxml is not installed", hint=hint) from error
    return etree


def _options() -> dict[str, Any]:
    return {
        "resolve_entities": False,
        "no_network": True,
        "load_dtd": False,
        "dtd_validation": False,
        "attribute_defaults": False,
        "huge_tree": False,
        "remove_comments": True,
        "remove_pis": True,
    }


def looks_like_xml(head: bytes) -> bool:
    """Whether the first bytes of a file are those of XML, in UTF-8 or UTF-16, with or without a mark."""
    text = head.removeprefix(codecs.BOM_UTF8).lstrip(_SPACE)
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        text = head[2:].replace(b"\x00", b"").lstrip(_SPACE)
    return text[:1] == b"<" and (text[1:2] in b"?!_:" or text[1:2].isalpha() or text[1:2] >= b"\x80")


def text_of_head(head: bytes) -> str:
    """The first bytes of an XML file as text, for looking for the name of its root."""
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return head.decode("utf-16", errors="replace")
    return head.removeprefix(codecs.BOM_UTF8).decode("utf-8", errors="replace")


def _utf8(chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
    """The text with its mark taken off and UTF-16 turned into UTF-8."""
    source = iter(chunks)
    first = next(source, b"")
    while len(first) < 4 and (more := next(source, b"")):
        first += more
    if first[:2] not in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from source
        return
    decoder = codecs.getincrementaldecoder("utf-16")()
    try:
        text = decoder.decode(first)
        # the declaration still says UTF-16
        yield re.sub(r"^\s*<\?xml[^>]{0,400}\?>", "", text, count=1).encode()
        for chunk in source:
            yield decoder.decode(chunk).encode()
    except UnicodeError:
        raise InputError(*_MEANINGS["encoding"], place=name) from None


def _blank(text: bytes) -> bytes:
    """As many blanks and line ends, so that later errors still name the right line."""
    return re.sub(rb"[^\r\n]", b" ", text)


def _end_of_doctype(text: bytes, at: int) -> int:
    """Index behind a DOCTYPE that begins at ``at``; -1 where it does not end in the text."""
    inside = False
    while found := _IN_DTD.search(text, at):
        token, at = found[0], found.end()
        if token == b">" and not inside:
            return at
        if token in b"[]":
            inside = token == b"["
        elif token in _CLOSERS:
            close = text.find(_CLOSERS[token], at)
            if close < 0:
                return -1
            at = close + len(_CLOSERS[token])
    return -1


def _skip(text: bytes, at: int) -> int:
    """Index of the first thing that is no blank, comment or instruction; -1 where it is not there yet."""
    while True:
        while at < len(text) and text[at] in _SPACE:
            at += 1
        if text.startswith(b"<?", at):
            closer = b"?>"
        elif text.startswith(b"<!--", at):
            closer = b"-->"
        else:
            return at if len(text) - at >= len(_DOCTYPE) else -1
        close = text.find(closer, at + 2)
        if close < 0:
            return -1
        at = close + len(closer)


def _without_dtd(text: bytes, name: str) -> tuple[bytes, int]:
    """The text with its DTD blanked, and the index of the root element; -1 where it is not there yet."""
    at = _skip(text, 0)
    if not text.startswith(_DOCTYPE, max(at, 0)):
        return text, at
    end = _end_of_doctype(text, at)
    if end < 0:
        return text, -1
    text = text[:at] + _blank(text[at:end]) + text[end:]
    at = _skip(text, end)
    if text.startswith(_DOCTYPE, max(at, 0)):
        raise InputError("xml.not-well-formed", "the XML text has two DTDs", place=name)
    return text, at


def _check_encoding(text: bytes, name: str) -> None:
    declaration = _DECLARATION.match(text.lstrip(_SPACE))
    stated = _ENCODING.search(declaration[0]) if declaration else None
    if stated and not _PLAIN.fullmatch(stated[1].decode("latin-1")):
        raise InputError("xml.encoding", "the XML text states an encoding that is not read", place=name)


def _cleaned(chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
    """The text in an encoding that shows its markup, without a DTD; the first piece reaches to the root."""
    source = _utf8(chunks, name)
    text, tried, at = b"", 0, -1
    for chunk in source:
        text += chunk
        if len(text) < 2 * tried:
            continue
        tried = len(text)
        clean, at = _without_dtd(text, name)
        if at >= 0:
            break
        if len(text) >= _LONGEST_PROLOG:
            message = "the XML text does not come to its root element"
            raise InputError("xml.too-large", message, place=name)
    if at < 0:
        clean, at = _without_dtd(text + b" " * len(_DOCTYPE), name)
    if at < 0 or not text.strip():
        raise InputError(*_MEANINGS["truncated"], place=name)
    _check_encoding(clean, name)
    # a declaration must come first; without one, blank lines stay, and lines keep their numbers
    bare = clean.lstrip(_SPACE)
    yield bare if bare.startswith(b"<?xml") else clean
    yield from source


def _typed(parser: Any, name: str) -> InputError:
    """Our error of the parser's first one, by its number; its message quotes the text and is left out."""
    log = list(parser.feed_error_log)
    _etree().clear_error_log()
    text = log[0].message.lower() if log else ""
    key = _NUMBERS.get(log[0].type, "") if log else ""
    if "depth" in text:
        key = "deep"
    elif "limit" in text or "huge" in text or "too long" in text:
        key = "large"
    code, message = _MEANINGS.get(key, ("xml.not-well-formed", "the text is not well-formed XML"))
    place = f"{name}:line {log[0].line}, column {log[0].column}" if log else name
    return InputError(code, message, place=place)


def _tree(chunks: Iterable[bytes], name: str) -> Element:
    etree = _etree()
    parser = etree.XMLParser(**_options())
    try:
        for chunk in chunks:
            parser.feed(chunk)
        root = parser.close()
    except etree.XMLSyntaxError:
        raise _typed(parser, name) from None
    if any(True for _ in root.iter(etree.Entity)):
        raise InputError(*_MEANINGS["entity"], place=name)
    return root


def _pieces(data: bytes) -> Iterator[bytes]:
    stream = io.BytesIO(data)
    while chunk := stream.read(_CHUNK):
        yield chunk


def parse(
    data: bytes, name: str, *, issues: Issues | None = None, wrap: Mapping[str, str] | None = None
) -> Element:
    """Parse a whole document.

    Parameters
    ----------
    data : bytes
        Decompressed text.
    name : str
        File, for the errors' place.
    issues : Issues, optional
        Where given, bytes that are not in the stated encoding are replaced by U+FFFD and noted
        there; else they are an error.
    wrap : mapping of str to str, optional
        Namespaces by prefix (``""`` is the default one) of an element to put around the text, for
        fragments; the element is returned.

    Returns
    -------
    lxml.etree._Element
        The root, without comments and processing instructions.

    Raises
    ------
    InputError
        ``xml.not-well-formed``, ``xml.truncated``, ``xml.entity``, ``xml.too-deep``,
        ``xml.too-large``, ``xml.encoding``, ``xml.namespace``.
    MissingExtraError
        lxml is not installed.
    """
    if len(data) > LARGEST:
        raise InputError("xml.too-large", "the XML text is too large to be read whole", place=name)
    try:
        return _tree(_wrapped(_cleaned(_pieces(data), name), wrap), name)
    except InputError as error:
        if issues is None or error.code != "xml.encoding" or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise
    text = data.decode("utf-8", errors="replace").encode()
    root = _tree(_wrapped(_cleaned(_pieces(text), name), wrap), name)
    message = "bytes that are not in the encoding that the text states"
    issues.add("xml.encoding", message, place=name, action="each replaced by U+FFFD")
    return root


def _wrapped(chunks: Iterator[bytes], wrap: Mapping[str, str] | None) -> Iterator[bytes]:
    if wrap is None:
        yield from chunks
        return
    names = "".join(f" xmlns{':' if p else ''}{p}={quoteattr(uri)}" for p, uri in wrap.items())
    yield f"<{_WRAPPER}{names}>".encode()
    yield _DECLARATION.sub(b"", next(chunks, b""), count=1)
    yield from chunks
    yield f"</{_WRAPPER}>".encode()


def pieces_of(stream: IO[bytes], name: str, size: int = _CHUNK) -> Iterator[bytes]:
    """Text for ``Elements``: in UTF-8 or what its declaration says, without a DTD.

    The first piece reaches at least to the name of the root.
    """
    return _cleaned(iter(lambda: stream.read(size), b""), name)


class Elements:
    """The elements of a large text that is fed piece by piece, in bounded memory.

    Parameters
    ----------
    tags : collection of str
        Names of the elements to give, as ``{namespace}local`` or ``{*}local``.
    name : str
        File, for the errors' place.
    first : bytes
        The first piece, of ``pieces_of``; it is not fed.
    """

    def __init__(self, tags: Collection[str], name: str, first: bytes) -> None:
        found = _NAME.match(first, max(_skip(first, 0), 0))
        names = {*tags, "{*}" + found[1].decode("utf-8", errors="replace") if found else "*"}
        self._name = name
        self._parser = _etree().XMLPullParser(events=("start", "end"), tag=names, **_options())
        self._held = 0
        self.root: Element = None

    def feed(self, piece: bytes) -> Iterator[Element]:
        """The elements that end in a piece; it is parsed as they are asked for.

        Parameters
        ----------
        piece : bytes
            Empty at the end of the text.

        Yields
        ------
        lxml.etree._Element
            Whole, with its attributes and children; it is emptied when the next one is asked for. An element
            inside a yielded one is yielded before it, and is empty then.

        Raises
        ------
        InputError
            As ``parse``.
        """
        try:
            yield from self._parse(piece)
        except _etree().XMLSyntaxError:
            raise _typed(self._parser, self._name) from None
        except InputError:
            raise
        except ValueError:  # the root's name has bytes that no name can have
            message = "the text is not well-formed XML"
            raise InputError("xml.not-well-formed", message, place=self._name) from None

    def _parse(self, piece: bytes) -> Iterator[Element]:
        if piece:
            self._parser.feed(piece)
        else:
            self._parser.close()
        for event, element in self._parser.read_events():
            if self.root is None:
                self.root = element
            elif event == "end" and element is not self.root:
                yield element
                _forget(element)
                self._held = 0
        if self.root is not None and len(self.root) > 1:
            del self.root[:-1]
            self._held = 0
        self._held += len(piece)
        if self._held > _MOST_HELD:
            message = "a part of the XML text is too large to be held"
            raise InputError("xml.too-large", message, place=self._name)


def iterate(stream: IO[bytes], tags: Collection[str], name: str) -> Iterator[Element]:
    """Go through the elements of a large decompressed file in bounded memory.

    ``tags`` and ``name`` are as ``Elements`` takes them; elements and errors as ``Elements.feed`` gives them.
    """
    chunks = pieces_of(stream, name)
    first = next(chunks)
    elements = Elements(tags, name, first)
    for chunk in _then_empty(first, chunks):
        yield from elements.feed(chunk)


def _then_empty(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces that are not empty, and an empty one at the end."""
    for chunk in chain([first], rest):
        if chunk:
            yield chunk
    yield b""


def _forget(element: Element) -> None:
    """Free an element and what stands before it in its parent."""
    element.clear(keep_tail=True)
    parent = element.getparent()
    while parent is not None and parent[0] is not element:
        del parent[0]
