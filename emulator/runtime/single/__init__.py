"""Arithmetic in single precision, as the board does it: what ``--floats single`` switches on.

Nothing here is loaded, and nothing of a script is compiled otherwise, without the option.

``real.Single`` and ``complexes.Complex`` are the types that the script calls ``float`` and ``complex``: subclasses of the
host's whose operators round after each step. ``constants`` makes the literals of compiled code such numbers, ``operators``
has what gives a float without having been given one (``1 / 3``), ``modules`` the floats that come out of device modules.

The firmware's compiler may join a product and a sum into one step, rounded once; here each is rounded.

firmware: py/objfloat.c, py/objcomplex.c, py/objint_mpz.c, py/parsenum.c with MICROPY_FLOAT_IMPL_FLOAT
"""
