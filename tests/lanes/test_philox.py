"""Random numbers: published known answers, the NumPy twin to the bit, and the distribution."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin import _core
from pytwin.errors import InputError
from pytwin.reference import philox

pytestmark = pytest.mark.core
ONES = 0xFFFFFFFF
# Random123, kat_vectors, philox4x32-10 (Salmon et al., SC11, 2011): counter, key, output
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ONES,) * 4, (ONES,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_known_answers(counter: tuple[int, ...], key: tuple[int, ...], expected: tuple[int, ...]) -> None:
    c0, c1, c2, c3 = counter
    assert philox.block((c0, c1, c2, c3), (key[0], key[1])) == expected
    seed, patient = key[0] | key[1] << 32, np.uint64(c2 | c3 << 32).astype(np.int64).item()
    got = _core.philox(seed, c0 >> 24, patient, c1, c0 & 0xFFFFFF, 4)
    assert tuple(got.tolist()) == expected


@pytest.mark.parametrize("n", [0, 1, 4, 23])
@pytest.mark.parametrize("patient", [0, 1, -1, 2**40 + 3])
def test_words_equal_the_twin(n: int, patient: int) -> None:
    got = _core.philox(2**63 + 5, 2, patient, 9, 100, n)
    np.testing.assert_array_equal(got, philox.words(2**63 + 5, 2, patient, 9, 100, n))
    assert got.dtype == np.uint32


def test_uniforms_equal_the_twin() -> None:
    patients = np.array([0, 5, -2, 2**50])
    got = _core.uniforms(11, 3, patients, 6, 5)
    np.testing.assert_array_equal(got, philox.uniforms(11, 3, patients, 6, 5))


def test_normals_are_the_quantiles_of_the_uniforms() -> None:
    patients = np.arange(10)
    u, z = _core.uniforms(1, 1, patients, 50, 7), _core.normals(1, 1, patients, 50, 7)
    np.testing.assert_array_equal(z.ravel(), _core.lanes_apply("norminv", u.ravel()))


def test_shape_changes_no_bit() -> None:
    whole = _core.normals(8, 2, np.arange(20), 30, 5)
    np.testing.assert_array_equal(_core.normals(8, 2, np.array([13]), 30, 5)[0], whole[13])
    np.testing.assert_array_equal(_core.normals(8, 2, np.arange(20), 7, 3), whole[:, :7, :3])


def test_every_part_of_the_key_matters() -> None:
    base = _core.philox(1, 1, 1, 1, 1, 4)
    for key in [(2, 1, 1, 1, 1), (1, 2, 1, 1, 1), (1, 1, 2, 1, 1), (1, 1, 1, 2, 1), (1, 1, 1, 1, 2)]:
        assert not np.array_equal(base, _core.philox(*key, 4))


def test_moments() -> None:
    z = _core.normals(5, 0, np.arange(200), 100, 10).ravel()
    n = len(z)
    assert abs(z.mean()) < 4 / np.sqrt(n)
    assert abs(z.var() - 1) < 4 * np.sqrt(2 / n)
    assert abs((z**3).mean()) < 4 * np.sqrt(15 / n)
    assert abs((z**4).mean() - 3) < 4 * np.sqrt(96 / n)


def test_neighbouring_streams_are_uncorrelated() -> None:
    z = _core.normals(5, 0, np.arange(2), 20000, 2)
    for a, b in [(z[0, :, 0], z[1, :, 0]), (z[0, :, 0], z[0, :, 1]), (z[0, 1:, 0], z[0, :-1, 0])]:
        assert abs(np.corrcoef(a, b)[0, 1]) < 4 / np.sqrt(len(a))


def test_bad_arguments() -> None:
    for arguments in [
        (1, 256, 0, 0, 0, 1),
        (1, 0, 0, -1, 0, 1),
        (1, 0, 0, 2**32, 0, 1),
        (1, 0, 0, 0, 2**24, 1),
    ]:
        with pytest.raises(InputError):
            _core.philox(*arguments)
    with pytest.raises(InputError):
        _core.philox(1, 0, 0, 0, 0, -1)
    with pytest.raises(InputError):
        _core.normals(1, 0, np.arange(2), -1, 1)
    assert _core.normals(1, 0, np.arange(0), 3, 2).shape == (0, 3, 2)


def test_purposes_are_numbered_for_good() -> None:
    assert _core.PURPOSE["POPULATION"] == 1
    assert sorted(_core.PURPOSE.values()) == list(range(len(_core.PURPOSE)))
