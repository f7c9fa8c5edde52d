"""Expressions and what a MicroPython 1.11 of 32 bits with single-precision floats made of them.

A float is shown by its bits, in hexadecimal after an ``f``. The second half was drawn at random.
"""

FACTS = r"""
1 / 3  =>  f3eaaaaab
0.1 + 0.2  =>  f3e99999a
0.1 + 0.2 == 0.3  =>  True
16777217.0  =>  f4b800000
16777217 == 16777216.0  =>  True
16777217 > 16777216.0  =>  False
16777216.0 == 16777217  =>  True
16777219 * 1.0  =>  f4b800002
1e10 + 1  =>  f501502f9
1554076800 * 1.0  =>  f4eb942a9
1554076863 + 0.5  =>  f4eb942a9
2**40 + 0.1 - 2**40  =>  f00000000
0.1 * 3  =>  f3e99999a
0.1 * 3 == 0.3  =>  True
3.141592653589793  =>  f40490fdb
0.123456789  =>  f3dfcd6ea
123456789.0  =>  f4ceb79a3
1e-10  =>  f2edbe6ff
1e-40  =>  f000116c2
1e-46  =>  f00000000
1e39  =>  f7f800000
-1e39  =>  fff800000
3.4028235e38 * 2  =>  f7f800000
1e38 * 1e38 - 1e38 * 1e38  =>  nan
1e-30 * 1e-30  =>  f00000000
0.1 ** 2 - 0.01  =>  f30800000
1.1 ** 3 - 1.331  =>  f34000000
2.0 ** 0.5 * 2.0 ** 0.5 - 2.0  =>  fb4000000
1.7 ** 5 * 3 - 42.59571  =>  f37000000
3 ** 0.5 == 1.732050807568877  =>  False
-3.4e38 * 1.02, 3.4e38 * 1.02  =>  [fff800000 f7f800000]
-3.4e38 * 1.02 == -inf, 3.4e38 * 1.02 == inf  =>  [True True]
-3.4028235e38 - 1e31, 3.4028235e38 + 1e31  =>  [fff7fffff f7f7fffff]
-3.4028235e38 - 1.02e31  =>  fff800000
1e-38 * 0.1, -1e-37 * 0.7, -1e-37 * 1e-3  =>  [f000ae398 f81be8ee1 f800116c2]
2.0 ** 127  =>  f7f000000
2.0 ** 128  =>  f7f800000
(-2.0) ** 129  =>  fff800000
2 ** -1  =>  f3f000000
2 ** -149  =>  f00000001
2 ** -150  =>  f00000000
0 ** 0.0  =>  f3f800000
0.0 ** -1  =>  ZeroDivisionError divide by zero
0 ** -2  =>  ZeroDivisionError divide by zero
1.0 / 0  =>  ZeroDivisionError divide by zero
1 / 0  =>  ZeroDivisionError divide by zero
1.5 // 0  =>  ZeroDivisionError divide by zero
1.5 % 0  =>  ZeroDivisionError divide by zero
divmod(1.5, 0)  =>  ZeroDivisionError divide by zero
1.23456 // 0.7, 1.23456 % 0.7  =>  [f3f800000 f3f08d8ed]
-1.23456 // 0.7, -1.23456 % 0.7  =>  [fc0000000 f3e296918]
divmod(1.23456, -0.7)  =>  [fc0000000 fbe296918]
divmod(-2.083333, 0.25)  =>  [fc1100000 f3e2aaac0]
divmod(1.5, inf), divmod(-1.5, inf), divmod(inf, 1.5)  =>  [[f00000000 f3fc00000] [fbf800000 f7f800000] [nan nan]]
5 // -0.0  =>  ZeroDivisionError divide by zero
-0.0 // 5  =>  f80000000
-0.0 % 5  =>  f00000000
5 % -2.5  =>  f80000000
7.5 % 2  =>  f3fc00000
2**24 / 1, (2**24 + 1) / 1, (2**24 + 3) / 1  =>  [f4b800000 f4b800000 f4b800002]
(2**70 + 2**46 + 1) / 1  =>  f62800000
float(2**70 + 2**46 + 1)  =>  f62800000
2**127 * 1.0  =>  f7f000000
2**128 * 1.0  =>  f7f800000
-(2**128) * 1.0  =>  fff800000
10**40 / 10**39  =>  nan
10**38 / 10**37  =>  f41200000
10**38 / 3  =>  f7dc89e21
True / 3, True + 0.1, False * 1.5  =>  [f3eaaaaab f3f8ccccd f00000000]
float('0.1'), float(' -1.5e3 '), float('inf'), float('nan'), float(b'2.5'), float()  =>  [f3dcccccd fc4bb8000 f7f800000 nan f40200000 f00000000]
float('3.141592653589793') == 3.141592653589793  =>  True
float(16777217), float(True), float(2**200)  =>  [f4b800000 f3f800000 f7f800000]
int(1e10), int(-2.7), int(16777217.0)  =>  [10000000000 -2 16777216]
int(inf)  =>  OverflowError can't convert inf to int
int(nan)  =>  ValueError can't convert NaN to int
float('abc')  =>  ValueError invalid syntax for number
float([])  =>  TypeError can't convert list to float
round(2.5), round(3.5), round(-2.5), round(1e10)  =>  [2 4 -2 10000000000]
round(1.25, 1), round(1.35, 1), round(-0.04, 1), round(12345.678, -2)  =>  [f3f99999a f3fb33333 f80000000 f46403000]
round(1e38, 2), round(1.5, 40)  =>  [f7f800000 nan]
round(1.5, -50)  =>  nan
abs(-0.0), abs(-1.1), abs(3+4j)  =>  [f00000000 f3f8ccccd f40a00000]
-0.1, +0.1, -(-0.0), -0.0  =>  [fbdcccccd f3dcccccd f00000000 f80000000]
not 0.0, not 1e-46, not 0.1  =>  [True True False]
bool(0.0), bool(1e-45), bool(1e-46)  =>  [False True False]
min(1, 0.1), max(16777217, 16777216.0), max(16777216.0, 16777217)  =>  [f3dcccccd 16777217 f4b800000]
sum([0.1] * 10), sum([1, 0.1]), sum([], 0.1), sum([0.1, 0.2], 1)  =>  [f3f800001 f3f8ccccd f3dcccccd f3fa66667]
pow(2, 0.5), pow(2.0, 10), pow(2, -2)  =>  [f3fb504f3 f44800000 f3e800000]
hash(1.5), hash(-2.7), hash(0.5), hash(1e9), hash(16777217.0)  =>  [1 -2 0 1000000000 16777216]
0.1 in [0.1], 0.1 in (1, 0.2), 16777217 in [16777216.0]  =>  [True False True]
[0.1, 1].index(0.1), [16777217].count(16777216.0)  =>  [0 1]
{0.1: 1}[0.1], {1.0: 2}[1]  =>  [1 2]
(1.5, 2) == (1.5, 2.0), [0.1 + 0.2] == [0.3]  =>  [True True]
'%.9f' % 0.1, '%d' % 1e10, '%s' % 0.1, '%r' % (1/3), '%g' % 1e10  =>  ['0.100000000' '10000000000' '0.1' '0.3333333' '1e+10']
'{:.9f}'.format(1/3), '{}'.format(0.1), '{:e}'.format(1/3), '{:.1%}'.format(0.1234)  =>  ['0.333333349' '0.1' '3.333333e-01' '12.3%']
str(1e10), repr(1/3), str(-0.0), str(2.0**-149)  =>  ['1e+10' '0.3333333' '-0.0' '1.401299e-45']
1j * 1j, (1+2j) * (3-4j), (1+2j) / (3-4j), 1j / 3, 1 / (0.1+1j)  =>  [(fbf800000,f00000000) (f41300000,f40000000) (fbe4ccccc,f3ecccccc) (f00000000,f3eaaaaab) (f3dcac5b4,fbf7d7721)]
(0.1+0.2j) + 0.1, 0.1 - (0.1+0.2j), -(1.1j), +1.1j, abs(0.1+0.2j)  =>  [(f3e4ccccd,f3e4ccccd) (f00000000,fbe4ccccd) (f80000000,fbf8ccccd) (f00000000,f3f8ccccd) f3e64f92f]
(0.1+0.2j).real, (0.1+0.2j).imag, (0.1+0.2j) == (0.1+0.2j), 1.5 == (1.5+0j), 0j == 0  =>  [f3dcccccd f3e4ccccd True True True]
complex(0.1), complex(0.1, 0.2), complex('0.1j'), complex('0.1'), complex(1j, 2j), complex(True, 2**200)  =>  [(f3dcccccd,f00000000) (f3dcccccd,f3e4ccccd) (f00000000,f3dcccccd) (f3dcccccd,f00000000) (fc0000000,f3f800000) (f3f800000,f7f800000)]
1j / 0  =>  ZeroDivisionError complex divide by zero
1j // 2  =>  TypeError can't truncate-divide a complex number
1j % 2  =>  TypeError unsupported types for __mod__: 'complex', 'int'
0j ** -1  =>  ZeroDivisionError 0.0 to a complex power
0j ** 0, 0j ** 2  =>  [(f3f800000,f00000000) (f00000000,f00000000)]
hash(1j), hash(1.5+2j)  =>  [1 3]
math.pi * 2, math.e * 3, math.sqrt(2) * math.sqrt(2), math.modf(3.7), math.frexp(0.1), math.ldexp(0.1, 3)  =>  [f40c90fdb f41027a3f f3fffffff [f3f333334 f40400000] [f3f4ccccd -3] f3f4ccccd]
math.floor(1e10), math.ceil(0.1), math.trunc(-2.5), math.fabs(-0.1), math.degrees(1), math.radians(90)  =>  [10000000000 1 -2 f3dcccccd f42652ee0 f3fc90fdb]
math.pow(2, inf)  =>  ValueError math domain error
math.pow(inf, 2), math.pow(2, 0.5), math.fmod(1, inf), math.copysign(0.1, -0.0)  =>  [f7f800000 f3fb504f3 f3f800000 fbdcccccd]
math.fmod(1, 0)  =>  ValueError math domain error
math.ldexp(1, 2**40)  =>  OverflowError overflow converting long int to machine word
cmath.polar(1e30+1e30j), cmath.polar(3+4j)  =>  [[f7f800000 f3f490fdb] [f40a00000 f3f6d6338]]
cmath.sqrt(-4), cmath.log(1e30j)  =>  [(fb3bbbd2e,f40000000) (f7f800000,f3fc90fdb)]
ustruct.unpack('<f', ustruct.pack('<f', 0.1))[0] * 3 == 0.3  =>  True
ustruct.unpack('<d', ustruct.pack('<d', 0.1))[0] == 0.1  =>  True
ustruct.pack('>d', 0.1)  =>  b'?\xb9\x99\x99\xa0\x00\x00\x00'
type(0.1) is float, type(1/3) is type(0.5), isinstance(0.1, float), isinstance(1, float), isinstance(1j, complex)  =>  [True True True False True]
type(math.pi) is float, type(abs(1j)) is float, type(divmod(1.5, 1)[0]) is float, type(2**-1) is float  =>  [True True True True]
float, complex, type(1/3), type(0.1j)  =>  [<class 'float'> <class 'complex'> <class 'float'> <class 'complex'>]
list(map(float, ['0.1', 2])), [float][0]('0.1') == 0.1  =>  [[f3dcccccd f40000000] True]
0.1 + 'a'  =>  TypeError unsupported types for __add__: 'float', 'str'
'a' + 0.1  =>  TypeError can't convert 'float' object to str implicitly
None + 0.1  =>  TypeError unsupported types for __add__: 'NoneType', 'float'
0.1 - None  =>  TypeError unsupported types for __sub__: 'float', 'NoneType'
[] / 2  =>  TypeError unsupported types for __truediv__: 'list', 'int'
'a' / 2  =>  TypeError can't convert 'int' object to str implicitly
0.1 ** 'a'  =>  TypeError unsupported types for __pow__: 'float', 'str'
0.1 < 'a'  =>  TypeError unsupported types for __lt__: 'float', 'str'
0.1 & 1  =>  TypeError unsupported types for __and__: 'float', 'int'
~0.1  =>  TypeError unsupported type for __invert__: 'float'
0.1()  =>  TypeError 'float' object isn't callable
0.1[0]  =>  TypeError 'float' object isn't subscriptable
0.1 .hex  =>  AttributeError 'float' object has no attribute 'hex'
range(0.1)  =>  TypeError can't convert float to int
[1][0.1]  =>  TypeError list indices must be integers, not float
[0.1] * 2, (0.5,) * 2  =>  [[f3dcccccd f3dcccccd] [f3f000000 f3f000000]]
[1] * 0.5  =>  TypeError unsupported types for __mul__: 'list', 'float'
3 in 0.1  =>  TypeError unsupported types for : 'int', 'float'
sum([(-inf), 1.9988, 1.2395531301e-11])  =>  fff800000
int((-1.0))  =>  -1
hash(-456152.492)  =>  -456152
2.649419760623e+01  =>  f41d3f41d
"{:.2%}".format(1.6947)  =>  '169.47%'
9.338557e+29 % 6.784189028e-31  =>  f0d26c84a
(-0.4859) >= 85340  =>  False
((-57.6) // (-9.55771314e+31)) + (-5)  =>  fc0a00000
sum([1.657869660e+04, (-7.5), (-9e-25)])  =>  f46817664
"{} {:.2f}".format((-8), 0.125)  =>  '-8 0.13'
3.18652911056e+27 - (-0.25)  =>  f6d24bd5e
2.852983655511e-12 * (-6)  =>  fad969218
math.modf(False)  =>  [f00000000 f00000000]
3.825120e-31 >= (-0.5771)  =>  True
(5 // ((-0.9763) - 0.1)) + 0.1  =>  fc09ccccd
8.142707e-33 + (74.21 // 0.8083)  =>  f42b60000
(-91.2) // ((-8) - 10000000000)  =>  f00000000
float((-inf))  =>  fff800000
((False * 14.0) // 1e-45) / 7.75  =>  f00000000
-False, +False, not False  =>  [0 0 True]
(1.0042 % (1.875 - 1.2480)) * 8.695e+05  =>  f48a024ed
(-7e+09) + 6  =>  fcfd09dc3
(-54.791681811) % (-60.0)  =>  fc25b2aae
(7.49654659e+01 // (-10.5)) * inf  =>  fff800000
50503 * (16777216 / 1.5329)  =>  f5300b20d
(-0.1) + 3  =>  f4039999a
16777216.0 * 2.0  =>  f4c000000
280488270148007565 % 86391  =>  15159
(-1) - (-258012736940616278235)  =>  258012736940616278234
complex(1.7992)  =>  (f3fe64c30,f00000000)
divmod((-31.551915450), (-202493602768632879995))  =>  [f00000000 fc1fc6a54]
8388608.5 * ((nan // (-1.3654)) - 8)  =>  nan
64879 <= (-4)  =>  False
2 == 99999999999999999999999999999999999999  =>  False
2.3658616476e+18 / 0.1  =>  f5fa42a26
0.1 - False  =>  f3dcccccd
5e-25 != 8388608.5  =>  True
1.0 < (-40.3615309980)  =>  False
1 * (-9e+26)  =>  fec3a1d9b
hash(-126427.541)  =>  -126427
4.597825113e-32 % (0.2518 // nan)  =>  nan
3 != (-1090919619885483656784)  =>  True
round((-1.4335))  =>  -1
float((-0.0))  =>  f80000000
(-73.10) // 5  =>  fc1700000
9007199254740993 * (((-9) - (-15.5)) + 3)  =>  f5b980000
(2.75 - True) % ((-6.8138e+06) % (-2))  =>  ZeroDivisionError divide by zero
bool(4)  =>  True
(-0.2896) % 9e+25  =>  f6a94e47b
60071 == nan  =>  False
hash(414711575372047374)  =>  105587726
65.9 <= 191023167166860383  =>  True
(-1.0535) % 42668  =>  f4726aaf2
hash(10)  =>  10
384248772369998432 > (-6)  =>  True
bool((-73.55))  =>  True
8.5555255e-32  =>  f0bde1d38
16777217.0 >= 7  =>  True
(2680 // 1) // 38.245  =>  f428c0000
((3 - 40.723699) % ((-4.4078e+31) / 31084)) // (-0.9569)  =>  f421c0000
nan < 0.0  =>  False
((0.0 / (-3)) / 66868) * 1.625  =>  f80000000
1e39 == 4.24834146893e+01  =>  False
min((-3.6e+32), 0.8738, 60.836)  =>  ff58dfeb6
(11589 - (-7.276304145239e-01)) * 3.4e38  =>  f7f800000
(-4) == (-18.0)  =>  False
int(1e38)  =>  99999996802856924650656260769173209088
"%d" % ((-9.0),)  =>  '-9'
float("-79.455997844")  =>  fc29ee979
math.trunc(8388608.5)  =>  8388609
math.fabs((-14.172))  =>  f4162c083
73445 * 35.2  =>  f4a1dcac0
1073741824 * 6.5  =>  f4fd00000
(-236) * 11.0  =>  fc5224000
(340282366920938463463374607431768211453 + 65.376302) // 23.5035  =>  nan
True - (-95.69022627)  =>  f42c16166
((-12.240494) * 7.0) + ((False - 2) / 33.8)  =>  fc2ab7c3a
"%s" % (8.65161273e-12,)  =>  '8.651613e-12'
bool(5.0)  =>  True
4294967295 < (-7.1856733e+10)  =>  False
(-1.1121) - 84290  =>  fc7a4a18e
sum([2.0, 18446744073709551613, (-6)])  =>  f5f800000
16777217.0 // 0.1755  =>  f4cb65610
-2.125, +2.125, not 2.125  =>  [fc0080000 f40080000 False]
0.5629 + (-0.9836)  =>  fbed765fe
1.0 // 5.1470944712e-28  =>  f6cc8e2a4
divmod(8, 16777217.0)  =>  [f00000000 f41000000]
hash(-148719.305)  =>  -148719
1.5 / (8.915860692569e-11 / 16777216.0)  =>  f5c7ab247
divmod(1e38, True)  =>  [f7e967699 f00000000]
"{:e}".format(9.75)  =>  '9.750000e+00'
57.228503 != (-39.49588762)  =>  True
((-42.1325147) % 4.9065362e+11) - (-71.3505)  =>  f52e47a78
3 >= (-462795192604040788073153160469885219204)  =>  True
nan > (-0.0)  =>  False
(((-1) / 790910713953015768) + 1e-45) - 844710076129425005  =>  fdd3b9035
(-inf) * (7 // ((-403059092230340175147) + (-6)))  =>  f7f800000
(-0.0) >= 4  =>  False
(-904370158592512459017) - (-0.1)  =>  fe2441aa1
"{} {:.2f}".format((-10), 1e-44)  =>  '-10 0.00'
9223372036854775810 % 60193  =>  37040
2147483648.0 != (-8)  =>  True
(41836 % (-44.0)) - (-4)  =>  fc0800000
0.0 <= 2  =>  True
divmod(5.7297505e-27, 99999999999999999998)  =>  [f00000000 f13e2fa93]
91061 >= 0.1  =>  True
18.0 / ((-1.4553) % (-0.0))  =>  ZeroDivisionError divide by zero
(8388608.5 // (17194 / (-36.0))) + (True + 45.0108422)  =>  fc688dbfa
bool(0.5255)  =>  True
((-inf) - (-420984997363697176223)) // (0.5 // (3 % nan))  =>  nan
hash(426626.253)  =>  426626
round(0.1, 4)  =>  f3dcccccd
(621911433819044470 / 6) - (-2.875)  =>  f5bb81f6d
(2.0 * 16777216.0) / (17026 / (-0.7082))  =>  fc4ae7683
8.391219447e-24  =>  f19224f4e
round((-24.57378749), 1)  =>  fc1c4cccd
float("8388608.5")  =>  f4b000001
False / ((False / 8518) * (6 * (-7.791e-04)))  =>  ZeroDivisionError divide by zero
min(93.6894, (-13.5), 18.0)  =>  fc1580000
complex(0.625)  =>  (f3f200000,f00000000)
33041 % 3288  =>  161
abs(8)  =>  8
(-9) * (-0.1)  =>  f3f666667
((-9.5832e-08) // 1.5615) + (-1.8339)  =>  fc0355e9e
"%d" % (2.0,)  =>  '2'
(2.5 % False) * 75.00484  =>  ZeroDivisionError divide by zero
((-1.1624) % (-0.2856)) // (-8.9976595722e-10)  =>  f4ba99606
13.793 - True  =>  f414cb021
51.04709810 // (9223372036854775810 / 0.9949)  =>  f00000000
(-798422579732774499640302927281053817653) / 8388608.5  =>  fff800000
str((-5))  =>  '-5'
2147483648.0 * 5  =>  f501fffff
"%s" % ((-0.4559),)  =>  '-0.4559'
7.25 <= (-17.5)  =>  False
3.4e38 < 3.625  =>  False
round((-75.64))  =>  -76
16777217 - 82218  =>  16694999
float("77.69")  =>  f429b6148
3.0 / 5  =>  f3f19999a
0.0 != 3.125  =>  True
2 % ((False - 100000000000000000000000000000000000002) % (-2))  =>  ZeroDivisionError divide by zero
str((-4.619891e+19))  =>  '-4.619891e+19'
1e39 * 1.5633  =>  f7f800000
"{:.3f}".format(3.4e38)  =>  '3.399e+38'
3.4e38 != 503700214029392974  =>  True
True == 28181  =>  False
(((-0.0) / (-0.0562)) // 38249) + 460710880375035100  =>  f5ccc98c3
bool((-626831065023413688003))  =>  True
str(8)  =>  '8'
float("28.2")  =>  f41e1999a
6.0e-40 + 170141183460469231731687303715884105727  =>  f7f000000
bool(84946)  =>  True
(-7.0e-08) % (0.1189 / 2147483646)  =>  f2e2d5c58
5.72885061356e+33 < (-62.995)  =>  False
max(7.0905938e-03, 74.8026, 3.4e38)  =>  f7f7fc99e
hash(-53159.895)  =>  -53159
(True // 1e-45) % False  =>  ZeroDivisionError divide by zero
7.10007363268e-43 // 9e-20  =>  f00000000
96237809266091487 + 9223372036854775806  =>  9319609846120867293
(-6.44804e-07) != 1.0  =>  True
(-5.63839805e+34) == 0.4836  =>  False
9.170304660e-22 < 842182246935523421  =>  True
13.32 / (7.5470086806e+12 + 16777217.0)  =>  f2bf86470
0.6283 >= (-7)  =>  True
bool(4.995753223635e+11)  =>  True
9223372036854775808 - (-1.6976)  =>  f5f000000
(-1.0) + (-62.9321084)  =>  fc27fba7b
math.frexp(0)  =>  [f00000000 0]
min((-38.0), (-inf), (-2.56673942e-43))  =>  fff800000
sum([6, 1e39, 1.3941], (-72.2))  =>  f7f800000
486932864565466733 * 3.4e38  =>  f7f800000
(28873 // 6.015353521e-32) / 9  =>  f79245793
hash(-840606.397)  =>  -840606
"{:10.4f}".format(0.5)  =>  '    0.5000'
2.875 - 81.18039544  =>  fc29c9c5e
83924 / 7.5  =>  f462ed777
80360 + (-92.873)  =>  f479cc590
16777216.0 - (-58.9416)  =>  f4b80001d
79.2 >= 53.804  =>  True
(-8.0) - (-6.61274901e-03)  =>  fc0ffc9d4
-5, +5, not 5  =>  [-5 5 False]
(-859273733163571388289) > (-0.1)  =>  False
((9.2744e+04 * (-10)) % (17610 // 86.29735)) % 8  =>  f40800000
((-57.5471855146) * (-83.02454453)) // (-2.0)  =>  fc5155000
min((-0.7394), 2.0, 10)  =>  fbf3d4952
(-60.797) // 1.5698  =>  fc21c0000
(-14.78110965) + (((-0.375) % 2250) / 16777216.0)  =>  fc16c7edf
False // ((-86.604855830) % 1.9914)  =>  f00000000
hash(-769634.770)  =>  -769634
hash(-76967.971)  =>  -76967
0.0 != (-1.7e+01)  =>  True
340282366920938463463374607431768211456 / 6.1215905042e-26  =>  f7f800000
(-0.0) != (-4.798e+25)  =>  True
(9715 + 1.0) + 3.4e38  =>  f7f7fc99e
2147483648.0 <= (-43.5079744)  =>  False
bool((-3))  =>  True
4294967294 != (-1.875)  =>  True
0.5 * 1e-45  =>  f00000000
sum([(-7.36381e+02), (-6.7e-33), 10000000000], (-1.0))  =>  f501502f8
43.3859883675 >= (-0.625)  =>  True
(-1.0701) // 17.5  =>  fbf800000
bool((-1.38e-22))  =>  True
(-9.943e-44) / 2.0  =>  f80000024
complex(1.0)  =>  (f3f800000,f00000000)
(((-75.57434) / (-11.0)) + (0.0846 - 10)) * (39.0 // 8.25)  =>  fc142e15c
round((-9.343), 9)  =>  fc1157cee
93.7821 + 6.93426e+04  =>  f47879e31
"{} {:.2f}".format(16777217.0, (-18.672))  =>  '1.677722e+07 -18.67'
2.9336e+28 - nan  =>  nan
int(16777217.0)  =>  16777216
False // ((4.893401e+37 - 8388608.5) / (-4.163))  =>  f80000000
1e-38 * ((0.1 / (-1.0)) // (7.25e-05 % 39.0))  =>  f8592bf2c
1.0 * ((31047 * 33.0) + (1.2959 - 10))  =>  f497a21e5
"{} {:.2f}".format(494954996333330439, 8388608.5)  =>  '494954996333330439 8388608.93'
0.5878 % 16777217  =>  f3f167a10
(((-4.4e-36) * 1e38) // (2799 / 9223372036854775807)) - (-8)  =>  fdda0f8c6
9.0 - (-8.4422762e+33)  =>  f77d01e41
divmod(5.85873626e+23, (-1.25))  =>  [fe6c6806f fbf000000]
(-5.8537225102e-32) % 4  =>  f40800000
7 < 55680  =>  True
0.5 + 0  =>  f3f000000
(-65.2) > 16777218  =>  False
1e-45 >= 9999999999999999999999999999999999999997  =>  False
False - (-1)  =>  1
int(1.5154)  =>  1
(-3.843510492e+17) // 31.0  =>  fda303131
(-4.6696006114e+30) // (-20.1)  =>  f703baa54
(-1018729238168728571274430387444926935829) / 1e-38  =>  fff800000
(-8) >= 1073741826  =>  False
1073741824 >= 4.750324160813e-18  =>  True
"""
