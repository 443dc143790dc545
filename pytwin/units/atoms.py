"""The UCUM atoms that pytwin knows, written down from the UCUM specification (version 2.0.1).

Each line is ``code metric definition``: ``metric`` is 1 where prefixes are allowed; a
definition of ``*`` makes the atom a dimension of its own. Two departures from UCUM, both
stricter: the mole, the equivalent and the osmole are dimensions of their own (UCUM calls
them numbers), so that a change between amounts of different things needs an analyte; and
each arbitrary unit (``[IU]``, ``[pH]``) converts to itself alone, as UCUM demands.
"""

from __future__ import annotations

from fractions import Fraction

PREFIXES: dict[str, Fraction] = {
    name: Fraction(10) ** power
    for name, power in {
        "Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1,
        "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18,
    }.items()
}  # fmt: skip

_TABLE = """
m 1 *
s 1 *
g 1 *
rad 1 *
K 1 *
C 1 *
cd 1 *
mol 1 *
eq 1 *
osm 1 *
% 0 1/100
[ppth] 0 1/1000
[ppm] 0 1/1000000
sr 1 rad2
Hz 1 /s
N 1 kg.m/s2
Pa 1 N/m2
J 1 N.m
W 1 J/s
A 1 C/s
V 1 J/C
F 1 C/V
Ohm 1 V/A
S 1 A/V
Wb 1 V.s
T 1 Wb/m2
H 1 Wb/A
lm 1 cd.sr
lx 1 lm/m2
Bq 1 /s
Gy 1 J/kg
Sv 1 J/kg
l 1 dm3
L 1 dm3
ar 1 100.m2
min 0 60.s
h 0 60.min
d 0 24.h
wk 0 7.d
a 0 36525.d/100
a_j 0 36525.d/100
mo 0 a/12
mo_j 0 a/12
t 1 1000.kg
bar 1 100000.Pa
atm 0 101325.Pa
dyn 1 g.cm/s2
P 1 dyn.s/cm2
m[H2O] 1 980665.Pa/100
m[Hg] 1 133322.Pa
[in_i] 0 254.cm/100
[in_us] 0 100.m/3937
[ft_i] 0 12.[in_i]
[ft_us] 0 1200.m/3937
[yd_i] 0 3.[ft_i]
[mi_i] 0 5280.[ft_i]
[gr] 0 6479891.mg/100000
[lb_av] 0 7000.[gr]
[oz_av] 0 [lb_av]/16
[stone_av] 0 14.[lb_av]
[foz_us] 0 473176473.ml/16000000
[tsp_us] 0 [foz_us]/6
[tbs_us] 0 [foz_us]/2
[tsp_m] 0 5.ml
[tbs_m] 0 15.ml
[drp] 0 ml/20
cal 1 4184.J/1000
[Cal] 0 kcal
kat 1 mol/s
U 1 umol/min
G 1 T/10000
g% 1 g/dl
[HPF] 0 *
[LPF] 0 *
[IU] 1 *
[iU] 1 [IU]
[arb'U] 0 *
[USP'U] 0 *
[pH] 0 *
[anti'Xa'U] 0 *
[CFU] 0 *
[MET] 0 *
Cel 1 *
[degF] 0 *
B 1 *
Np 1 *
By 1 *
"""

# code -> (prefixes allowed, definition); a definition of "*" is a dimension of its own
ATOMS: dict[str, tuple[bool, str]] = {
    code: (metric == "1", definition)
    for code, metric, definition in (line.split() for line in _TABLE.strip().splitlines())
}

# Scales with an offset: kelvin = (value + shift) * scale. Source: UCUM section 3.5, SI Brochure 2.3.1.
TEMPERATURES: dict[str, tuple[Fraction, Fraction]] = {
    "Cel": (Fraction(27315, 100), Fraction(1)),
    "[degF]": (Fraction(45967, 100), Fraction(5, 9)),
    "K": (Fraction(0), Fraction(1)),
}
