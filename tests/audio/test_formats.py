"""Recognises formats by their first bytes, cut anywhere, and refuses other bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openline_audio.formats import begins_like, recognise, undecided

#: A frame of 128 kb/s and 44.1 kHz, and one of ADTS with 100 bytes.
MPEG = b"\xff\xfb\x90\x00" + bytes(413)
ADTS = b"\xff\xf1\x50\x80\x0c\x9f\xfc" + bytes(93)
#: Frames of AC-3 of 64 kb/s and 48 kHz, and of Enhanced AC-3 with 100 bytes.
AC3 = b"\x0b\x77\0\0\x08\x40" + bytes(250)
EAC3 = b"\x0b\x77\0\x31\0\x80" + bytes(94)
PACKET = b"G" + bytes(187)
#: A frame of LATM with 100 bytes behind its head.
LOAS = b"\x56\xe0\x64" + bytes(100)
#: Recordings of each format: as few bytes as are enough.
HEADS = [
    *((b"%s\x24\0\0\0WAVE" % magic, "WAV") for magic in (b"RIFF", b"RIFX", b"RF64", b"BW64")),
    (b"RIFF\x24\0\0\0AVI ", "AVI"),
    (bytes.fromhex("726966662e91cf11a5d628db04c10000"), "W64"),
    (b"FORM\0\0\0\x24AIFF", "AIFF"),
    (b"FORM\0\0\0\x24AIFC", "AIFF"),
    (b".snd", "AU"),
    (b"dns.", "AU"),
    (b"caff\0\1", "CAF"),
    (b"fLaC", "FLAC"),
    (b"OggS", "OGG"),
    *((b"ID3" + bytes([version]), "MP3") for version in (2, 3, 4)),
    (b"\0\0\0\x18ftyp", "MP4"),
    *((b"\0\0\x10\0" + box, "MP4") for box in (b"moov", b"mdat", b"wide", b"skip", b"free")),
    (b"\0\0\0\x08pnot", "MP4"),
    (b"\x0f\xff\xff\xffmdat", "MP4"),
    (b"\x1a\x45\xdf\xa3", "WebM or Matroska"),
    (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), "WMA"),
    (b"#!AMR", "AMR"),
    (b"FLV\x01", "FLV"),
    (b"\0\0\x01\xba", "MPEG program"),
    (b"ADIF", "AAC"),
    (b"wvpk", "WavPack"),
    (b"MAC ", "Monkey's Audio"),
    (b"TTA1", "TTA"),
    (b"DSD ", "DSF"),
    (b"MPCK", "Musepack"),
    (b"#!SILK", "SILK"),
    (b"\x02#!SILK", "SILK"),
    (LOAS + LOAS[:3], "AAC"),
    (b"Creative Voice F", "VOC"),
    (b"NIST_1A", "NIST"),
    (b".RMF", "RealMedia"),
    (PACKET * 2 + b"G", "MPEG transport"),
    (MPEG + MPEG[:4], "MP3"),
    (ADTS + ADTS[:6], "AAC"),
    (AC3 + AC3[:6], "AC-3"),
    (EAC3 + EAC3[:6], "AC-3"),
    (b"\x7f\xfe\x80\x01", "DTS"),
]
#: What is none, though it begins like one, with as few bytes as settle it.
OTHERS = [
    b"\x10",
    b"\x01\0\x02\0\x03",
    bytes(5),
    b"\0\0\0\x18mX",
    b"A\0",
    b"FA",
    b"\xff\x7f",
    b"\xff\xdf",
    b"\xff\xff\xff\xff\xff\xff\xff",
    b"RIFF\x24\0\0\0CDXA\0\0\0\0",
    b"G" + bytes(188),
    PACKET * 2 + b"\0",
    MPEG + bytes(7),
    ADTS + bytes(7),
    AC3 + bytes(7),
    b"\x0b\x77\0\0\x08\x88",
    b"\xff\xf1\x50\x80\x00\x1f\xfc",
]


@pytest.mark.parametrize(("head", "kind"), HEADS)
def test_recording_is_recognised_by_its_first_bytes(head: bytes, kind: str) -> None:
    assert recognise(head) == kind
    assert recognise(head + bytes(8_000)) == kind
    assert begins_like(head) == kind
    assert recognise(head[:-1]) is None


@pytest.mark.parametrize(("head", "kind"), HEADS)
def test_beginning_of_a_recording_is_undecided(head: bytes, kind: str) -> None:
    assert [size for size in range(len(head)) if not undecided(head[:size])] == []
    assert not undecided(head), kind


@pytest.mark.parametrize("head", OTHERS)
def test_other_bytes_are_decided_as_soon_as_they_can_be(head: bytes) -> None:
    assert recognise(head) is None
    assert not undecided(head)
    assert undecided(head[:-1]) or len(head) == 16


@given(st.sampled_from([*(head for head, _ in HEADS), *OTHERS]), st.data())
def test_what_is_decided_stays_so_whatever_follows(head: bytes, data: st.DataObject) -> None:
    begins = head[: data.draw(st.integers(0, len(head)))] + data.draw(st.binary(max_size=3))
    more = begins + data.draw(st.binary(max_size=600))
    assert undecided(begins) or recognise(more) == recognise(begins)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"RIFF\x24\0\0\0CDXA", "WAV"),
        (b"ID3\x09", "MP3"),
        *((sync + b"\0\0", "MP3") for sync in (b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xfa")),
        (b"\xff\xf0\0\0", None),
        (b"FORM\0\0\0\x24", None),
        (b"XXXX\0\0\0\x24AIFF", None),
        (b"\x10\0\0\0mdat", None),
        (b"", None),
    ],
)
def test_a_file_that_cannot_be_decoded_is_named_by_less(head: bytes, kind: str | None) -> None:
    assert begins_like(head) == kind
    assert recognise(head) is None
