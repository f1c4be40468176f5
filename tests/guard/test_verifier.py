"""Published vectors: RFC 6962 trees, RFC 8032 signatures, C2SP notes and cosignatures, DSSE."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barlovento.adapters.keys import new_key
from barlovento.guard import tree, trust
from barlovento.guard.verifier import (
    COSIGNATURE,
    VerifierKey,
    VerifyError,
    check_consistency,
    check_inclusion,
    cosigned,
    leaf_hash,
    node_hash,
    open_checkpoint,
    open_envelope,
    open_note,
    pae,
    parse_checkpoint,
    parse_key,
    root_of,
    signed_by,
    strict_base64,
    strict_json,
)

# Test vectors of the certificate-transparency project, python/ct/crypto/merkle_test.py.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CONSISTENCY = {
    (1, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (6, 8): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 5): (
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}
# The same file: a certificate in a real log of 3,630,887 entries.
REAL_PATH = [
    "1a208aeebcd1b39fe2de247ee8db9454e1e93a312d206b87f6ca9cc6ec6f1ddd",
    "0a1b78b383f580856f433c01a5741e160d451c185910027f6cc9f828687a40c4",
    "3d1745789bc63f2da15850de1c12a5bf46ed81e1cc90f086148b1662e79aab3d",
    "9095b61e14d8990acf390905621e62b1714fb8e399fbb71de5510e0aef45affe",
    "0a332b91b8fab564e6afd1dd452449e04619b18accc0ff9aa8393cd4928451f2",
    "2336f0181d264aed6d8f3a6507ca14a8d3b3c3a23791ac263e845d208c1ee330",
    "b4ce56e300590500360c146c6452edbede25d4ed83919278749ee5dbe178e048",
    "933f6ddc848ea562e4f9c5cfb5f176941301dad0c6fdb9d1fbbe34fac1be6966",
    "b95a6222958a86f74c030be27c44f57dbe313e5e7c7f4ffb98bcbd3a03bb52f2",
    "daeeb3ce5923defd0faeb8e0c210b753b85b809445d7d3d3cd537a9aabaa9c45",
    "7fadd0a13e9138a2aa6c3fdec4e2275af233b94812784f66bcca9aa8e989f2bc",
    "1864e6ba3e32878610546539734fb5eeae2529991f130c575c73a7e25a2a7c56",
    "12842d1202b1dc6828a17ab253c02e7ce9409b5192430feba44189f39cc02d66",
    "29af64b16fa3053c13d02ac63aa75b23aa468506e44c3a2315edc85d2dc22b11",
    "b527b99934a0bd9edd154e449b0502e2c499bba783f3bc3dfe23364b6b532009",
    "4584db8ae8e351ace08e01f306378a92bfd43611714814f3d834a2842d69faa8",
    "86a9a41573b0d6e4292f01e93243d6cc65b30f06606fc6fa57390e7e90ed580f",
    "a88b98fbe84d4c6aae8db9d1605dfac059d9f03fe0fcb0d5dff1295dacba09e6",
    "06326dc617a6d1f7021dc536026dbfd5fffc6f7c5531d48ef6ccd1ed1569f2a1",
    "f41fe8fdc3a2e4e8345e30216e7ebecffee26ff266eeced208a6c2a3cf08f960",
    "40cf5bde8abb76983f3e98ba97aa36240402975674e120f234b3448911090f8d",
    "b3222dc8658538079883d980d7fdc2bef9285344ea34338968f736b04aeb387a",
]
REAL_LEAF = "7a395c866d5ecdb0cccb623e011dbc392cd348d1d1d72776174e127a24b09c78"
REAL_ROOT = "78316a05c9bcf14a3a4548f5b854a9adfcd46a4c034401b3ce7eb7ac2f1d0ecb"

# RFC 8032, section 7.1: secret key, public key, message, signature.
RFC8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701c"
            "f9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0"
            "f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f76098"
            "4dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
]

# golang.org/x/mod/sumdb/note, note_test.go: the reference implementation of signed notes.
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NEUMANN_SECRET = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
NEUMANN_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
NEUMANN_NOTE = (
    NEUMANN_TEXT
    + "\n\N{EM DASH} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNX"
    "gKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

# c2sp.org/tlog-cosignature; the specification gives no public keys.
SOFA = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
SOFA_LINES = (
    "\N{EM DASH} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7"
    "u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "\N{EM DASH} witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9d"
    "lrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)


def nodes(leaves: list[bytes]) -> tree.Node:
    """The whole subtrees over some leaves, by the definition in RFC 6962."""

    def mth(entries: list[bytes]) -> bytes:
        if len(entries) == 1:
            return hashlib.sha256(b"\x00" + entries[0]).digest()
        half = len(entries) // 2
        return hashlib.sha256(b"\x01" + mth(entries[:half]) + mth(entries[half:])).digest()

    return lambda level, index: mth(leaves[index << level : (index + 1) << level])


# ---------------------------------------------------------------- trees


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_the_published_ones(size: int) -> None:
    assert root_of(map(leaf_hash, LEAVES[:size])).hex() == ROOTS[size - 1]
    assert tree.root(size, nodes(LEAVES)).hex() == ROOTS[size - 1]


def test_hashes_of_leaf_node_and_nothing_are_the_published_ones() -> None:
    published = "3bfb960453ebaebf33727da7a1f4db38acc051d381b6da20d6d4e88f0eabfd7a"
    assert leaf_hash(bytes(range(0x10, 0x20))).hex() == published
    published = "1a378704c17da31e2d05b6d121c2bb2c7d76f6ee6fa8f983e596c2d034963c57"
    assert node_hash(bytes(range(32)), bytes(range(0x20, 0x40))).hex() == published
    published = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert root_of([]).hex() == published


@pytest.mark.parametrize(("old", "new"), CONSISTENCY)
def test_published_consistency_is_accepted_and_made(old: int, new: int) -> None:
    proof = [bytes.fromhex(text) for text in CONSISTENCY[old, new]]
    roots = [bytes.fromhex(ROOTS[size - 1]) for size in (old, new)]
    check_consistency(old, new, *roots, proof)
    assert tree.consistency(old, new, nodes(LEAVES)) == proof


def test_a_proof_from_a_real_log_of_millions_is_accepted() -> None:
    path = [bytes.fromhex(text) for text in REAL_PATH]
    leaf, root = bytes.fromhex(REAL_LEAF), bytes.fromhex(REAL_ROOT)
    check_inclusion(848_049, 3_630_887, leaf, path, root)
    for wrong in (848_048, 848_050, 3_630_886):
        with pytest.raises(VerifyError):
            check_inclusion(wrong, 3_630_887, leaf, path, root)
    for broken in (path[1:], path[:-1], [*path, path[0]], [path[1], path[0], *path[2:]]):
        with pytest.raises(VerifyError):
            check_inclusion(848_049, 3_630_887, leaf, broken, root)


@settings(deadline=None)
@given(st.integers(1, 200), st.data())
def test_each_entry_is_proved_and_no_other_place_is(size: int, data: st.DataObject) -> None:
    leaves = [bytes([k]) for k in range(size)]
    index = data.draw(st.integers(0, size - 1))
    proof = tree.inclusion(index, size, nodes(leaves))
    root = root_of(map(leaf_hash, leaves))
    check_inclusion(index, size, leaf_hash(leaves[index]), proof, root)
    other = data.draw(st.integers(0, size - 1))
    if other != index:
        with pytest.raises(VerifyError):
            check_inclusion(other, size, leaf_hash(leaves[index]), proof, root)


@settings(deadline=None)
@given(st.integers(1, 200), st.data())
def test_growth_is_proved_and_rewriting_is_not(size: int, data: st.DataObject) -> None:
    leaves = [bytes([k]) for k in range(size)]
    old = data.draw(st.integers(1, size))
    proof = tree.consistency(old, size, nodes(leaves))
    root = root_of(map(leaf_hash, leaves))
    check_consistency(old, size, root_of(map(leaf_hash, leaves[:old])), root, proof)
    changed = data.draw(st.integers(0, old - 1))
    forged = [*leaves[:changed], b"forged", *leaves[changed + 1 : old]]
    with pytest.raises(VerifyError):
        check_consistency(old, size, root_of(map(leaf_hash, forged)), root, proof)


# ---------------------------------------------------------------- tiles, c2sp.org/tlog-tiles


def test_tiles_stand_where_the_specification_puts_them() -> None:
    assert tree.tile_path(3, 1_234_067) == "tile/3/x001/x234/067"
    assert tree.tile_path("entries", 0, 112) == "tile/entries/000.p/112"


def test_the_specifications_tree_of_70000_has_its_tiles() -> None:
    found = tree.tiles(70_000)
    level0 = [width for level, _, width in found if level == 0]
    assert level0 == [256] * 273 + [112]
    assert [t for t in found if t[0] == 1] == [(1, 0, 256), (1, 1, 17)]
    assert [t for t in found if t[0] == 2] == [(2, 0, 1)]
    assert tree.tiles(256) == [(0, 0, 256), (1, 0, 1)]


# ---------------------------------------------------------------- signatures and notes


@pytest.mark.parametrize("vector", RFC8032, ids=["1", "2", "3"])
def test_signatures_are_those_of_rfc_8032(vector: tuple[str, str, str, str]) -> None:
    secret, public, message, signature = map(bytes.fromhex, vector)
    key = new_key("a", seed=secret)
    assert key.key.public == public
    assert key.sign(message) == signature
    assert signed_by(public, message, signature)
    assert not signed_by(public, message + b"x", signature)
    assert not signed_by(public, message, bytes(64))


def test_the_reference_note_opens_and_is_written_the_same() -> None:
    key = parse_key(NEUMANN)
    body, signers = open_note(NEUMANN_NOTE, [key])
    assert body == NEUMANN_TEXT
    assert [signer.name for signer, _ in signers] == ["PeterNeumann"]
    made = new_key("PeterNeumann", seed=base64.b64decode(NEUMANN_SECRET)[1:])
    assert str(made.key) == NEUMANN
    assert trust.sign_note(NEUMANN_TEXT, made.key, made.sign) == NEUMANN_NOTE


@pytest.mark.parametrize(
    "mangled",
    [
        NEUMANN[:-1],
        NEUMANN[1:],
        NEUMANN.replace("c74f20a3", "c74f20a4"),
        NEUMANN.replace("Peter", "Pater"),
        # From the same reference: too long with its hash mended, and an unknown algorithm.
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
)
def test_a_mangled_key_is_refused(mangled: str) -> None:
    with pytest.raises(VerifyError):
        parse_key(mangled)


def test_no_byte_of_a_note_can_be_changed() -> None:
    key, data = parse_key(NEUMANN), NEUMANN_NOTE.encode()
    for place in range(len(data)):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises((VerifyError, UnicodeDecodeError)):
            open_note(changed.decode(), [key])


def test_the_specifications_cosignature_is_framed_as_ours() -> None:
    data = strict_base64(SOFA_LINES.splitlines()[1].rpartition(" ")[2])
    assert len(data) == 4 + 8 + 64
    assert int.from_bytes(data[4:12], "big") == 1_679_315_147
    assert cosigned(SOFA, 1_679_315_147) == (
        b"cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n"
        b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )
    found = parse_checkpoint(SOFA)
    assert (found.origin, found.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert str(found) == SOFA


def test_signatures_of_unknown_keys_vouch_for_nothing() -> None:
    with pytest.raises(VerifyError, match="trusted"):
        open_note(SOFA + "\n" + SOFA_LINES, [parse_key(NEUMANN)])


def test_a_witness_cosigns_and_a_wrong_cosignature_spoils_the_note() -> None:
    log = new_key("example.com/behind-the-sofa", seed=bytes(32))
    eye = new_key("eye", seed=bytes([1]) * 32, witness=True)
    assert eye.key.kind == COSIGNATURE
    moment = datetime(2026, 11, 23, 12, tzinfo=UTC)
    note = trust.cosign(trust.sign_note(SOFA, log.key, log.sign), eye.key, eye.sign, moment)
    assert open_checkpoint(note, log.key, [eye.key]).size == 20_852_163
    _, signers = open_note(note, [log.key, eye.key])
    assert {key.name: time for key, time in signers}["eye"] == int(moment.timestamp())
    lines = note.splitlines(keepends=True)
    forged = trust.cosign("".join(lines[:-1]), eye.key, log.sign, moment)
    with pytest.raises(VerifyError, match="eye"):
        open_checkpoint(forged, log.key, [eye.key])


@pytest.mark.parametrize(
    "body",
    [
        "a\n1\n",
        "a\n01\n" + SOFA.splitlines()[2] + "\n",
        "a\n-1\n" + SOFA.splitlines()[2] + "\n",
        "\n1\n" + SOFA.splitlines()[2] + "\n",
        "a\n1\nAAAA\n",
        SOFA + "more\n",
        "a\n" + "9" * 5000 + "\n" + SOFA.splitlines()[2] + "\n",
    ],
)
def test_a_malformed_checkpoint_is_refused(body: str) -> None:
    with pytest.raises(VerifyError):
        parse_checkpoint(body)


# ---------------------------------------------------------------- DSSE and JSON


def test_what_an_envelope_signs_is_the_published_encoding() -> None:
    published = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert pae("http://example.com/HelloWorld", b"hello world") == published


@settings(deadline=None)
@given(st.binary(max_size=200), st.text(st.characters(codec="utf-8"), min_size=1, max_size=20))
def test_another_implementation_reads_our_envelopes(payload: bytes, kind: str) -> None:
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import SSlibKey

    key = new_key("mx", seed=bytes([7]) * 32)
    data = trust.seal_envelope(kind, payload, {key.key.id: key.sign})
    theirs = Envelope.from_dict(strict_json(data))
    known = SSlibKey(key.key.id, "ed25519", "ed25519", {"public": key.key.public.hex()})
    assert theirs.pae() == pae(kind, payload)
    assert set(theirs.verify([known], 1)) == {key.key.id}
    assert open_envelope(strict_json(data), {key.key.id: key.key.public}) == (
        kind,
        payload,
        frozenset({key.key.id}),
    )


def test_an_envelope_that_signs_twice_or_wrongly_is_refused() -> None:
    key = new_key("mx", seed=bytes([7]) * 32)
    envelope = strict_json(trust.seal_envelope("k", b"{}", {key.key.id: key.sign}))
    known = {key.key.id: key.key.public}
    twice = {**envelope, "signatures": envelope["signatures"] * 2}
    other = {**envelope, "payload": base64.b64encode(b"[]").decode()}
    for bad in (twice, other, {}, [], {**envelope, "signatures": [{}]}, {**envelope, "payload": 3}):
        with pytest.raises(VerifyError):
            open_envelope(bad, known)
    assert open_envelope(envelope, {})[2] == frozenset()


@pytest.mark.parametrize("text", ['{"a":1,"a":2}', '{"a":NaN}', "{", '"\udcff"', "[" * 100_000])
def test_doubtful_json_is_refused(text: str) -> None:
    with pytest.raises(VerifyError):
        strict_json(text.encode("utf-8", "surrogateescape"))


def test_base64_has_one_spelling() -> None:
    assert strict_base64("QQ==") == b"A"
    for text in ("QR==", "QQ=", "QQ", "Q Q==", "QQ==\n", "QUJD=", "é"):
        with pytest.raises(VerifyError):
            strict_base64(text)


def test_a_key_prints_as_it_is_read() -> None:
    key = VerifierKey(name="example.org/watch", kind=1, public=bytes(range(32)))
    assert parse_key(str(key)) == key
