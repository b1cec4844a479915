"""Vector instructions for numba functions, written in LLVM's own language. Knows nothing of networks.

LLVM's loop vectoriser finds neither the register blocks nor the widths that small matrix products need, so these are
spelled out: an emitter writes loads, fused multiply-adds and stores of whole vectors, and LLVM turns them into the
host's instructions. Every operation is exact IEEE arithmetic in a fixed order, with no licence to reassociate, so a
result depends neither on the vector width nor on the compiler. No address needs an alignment.

Three kinds of functions are made here. `instruction` turns what writes LLVM code into something that numba functions
call, `compiled` and `inlined` make those functions, `entry` makes what Python calls. `fma` and the other operations on
single numbers are at the end. None of them runs as plain Python: NUMBA_DISABLE_JIT does not help to debug them.
"""

# mypy: disable-error-code="import-untyped,no-untyped-call,call-overload"
# numba has types for some of what it offers, llvmlite has none.

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from llvmlite import ir
from numba import njit
from numba.core import cgutils, types
from numba.core.registry import cpu_target
from numba.extending import intrinsic

# A value in LLVM's language, an ir.Value; llvmlite has no types to check.
Value = Any
_FLOAT, _INT, _INDEX = ir.FloatType(), ir.IntType(32), ir.IntType(64)
_BYTES = ir.IntType(8).as_pointer()
_P = ParamSpec("_P")
_R = TypeVar("_R")


def _features() -> str:
    """Return the features of the processor that numba compiles for, as in "+avx2,-avx512f,..."."""
    return str(cpu_target.target_context.codegen().magic_tuple())


def has_fused_multiply_add() -> bool:
    """Whether the processor multiplies and adds with one rounding. If not, every fma here would be a slow call."""
    return any(word in _features() for word in ("+fma", "aarch64", "arm64"))


# How many float32 a vector register holds, and how many such registers there are: AVX-512, AVX2, others.
LANES, REGISTERS = (16, 32) if "+avx512f" in _features() else (8, 16) if "+avx2" in _features() else (4, 32)

# An x86 has a word that says how vectors compute. Two of its bits: tiny results are zero, tiny operands are zero.
_HAS_MODE = "x86_64" in _features()
_FLUSH = 0x8040


def compiled(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Make a numba function for other numba functions, where x/0 is an infinity. Python cannot call it."""
    # Without wrappers for Python and C it compiles in half the time.
    return _numba(function, no_cpython_wrapper=True, no_cfunc_wrapper=True)


def inlined(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Make one whose code is put where it is called: for what takes a whole job.

    A job is some hundred values to LLVM, which would be handed over one by one at every call.
    """
    return _numba(function, inline="always")


def entry(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Make one that Python calls, and that does not hold the interpreter's lock."""
    return _numba(function, nogil=True)


def named(name: str, function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Give a function that is made more than once a name of its own, before it is compiled.

    Kept code is linked by names. Two kernels that two processes compiled may be loaded by a third, and functions of one
    name and one signature would be taken for each other.
    """
    function.__name__ = function.__qualname__ = name
    return function


def _numba(function: Callable[_P, _R], **options: Any) -> Callable[_P, _R]:
    # Nothing here makes an array, so nobody need count references to them: that took a tenth of a step. x/0 is an
    # infinity, as in numpy, instead of an exception: no branch, and the loss shows it.
    made: Callable[_P, _R] = njit(error_model="numpy", _nrt=False, **options)(function)
    return made


class Emitter:
    """Writes instructions on vectors of `lanes` float32 at the end of a builder's block.

    It runs while numba compiles: a Python loop in code that writes with it is an unrolled one in what is compiled, and
    only `count` makes a loop of the processor.
    """

    def __init__(self, context: Any, builder: ir.IRBuilder, lanes: int = LANES) -> None:
        self.context, self.builder, self.lanes = context, builder, lanes
        self.type = ir.VectorType(_FLOAT, lanes)
        self.zero = ir.Constant(self.type, [0.0] * lanes)

    def index(self, value: Value | int) -> Value:
        """Return an index as a value of LLVM."""
        return ir.Constant(_INDEX, value) if isinstance(value, int) else value

    def move(self, address: Value, numbers: Value | int) -> Value:
        """Return the address that many numbers further on."""
        return self.builder.gep(address, [self.index(numbers)])

    def load(self, address: Value, offset: int = 0) -> Value:
        """Load the vector that begins `at` numbers behind the address."""
        return self.builder.load(self._vector(address, offset), align=4)

    def store(self, value: Value, address: Value, offset: int = 0) -> None:
        """Store a vector `at` numbers behind the address."""
        self.builder.store(value, self._vector(address, offset), align=4)

    def splat(self, address: Value) -> Value:
        """Load one number into every lane."""
        nothing = ir.Constant(self.type, ir.Undefined)
        one = self.builder.insert_element(nothing, self.builder.load(address, align=4), ir.Constant(_INT, 0))
        return self.shuffle(one, one, [0] * self.lanes)

    def shuffle(self, left: Value, right: Value, lanes: Sequence[int]) -> Value:
        """Pick lanes out of left (0..lanes-1) and right (from `lanes` on)."""
        return self.builder.shuffle_vector(left, right, ir.Constant(ir.VectorType(_INT, len(lanes)), list(lanes)))

    def fma(self, x: Value, y: Value, z: Value) -> Value:
        """Return x * y + z with one rounding."""
        return self._call("fma", x, y, z)

    def sqrt(self, x: Value) -> Value:
        """Return the square root."""
        return self._call("sqrt", x)

    def where_positive(self, value: Value, chosen: Value) -> Value:
        """Return chosen where value > 0, zero elsewhere; chosen as well where value is no number, so that it shows.

        An ordered comparison would turn a NaN into a zero here, and a broken network would train on in silence.
        """
        return self.builder.select(self.builder.fcmp_unordered(">", value, self.zero), chosen, self.zero)

    def within(self, value: Value, bound: Value) -> Value:
        """Return value, or the nearer of -bound and bound if it is beyond; what is no number stays."""
        value = self.builder.select(self.builder.fcmp_ordered(">", value, bound), bound, value)
        lower = self.builder.fneg(bound)
        return self.builder.select(self.builder.fcmp_ordered("<", value, lower), lower, value)

    def variables(self, values: Sequence[Value]) -> list[Value]:
        """Make variables with these values. LLVM keeps them in registers."""
        slots = [cgutils.alloca_once(self.builder, self.type) for _ in values]
        for slot, value in zip(slots, values, strict=True):
            self.builder.store(value, slot)
        return slots

    def add_product(self, slot: Value, x: Value, y: Value) -> None:
        """Add x * y to a variable."""
        self.builder.store(self.fma(x, y, self.builder.load(slot)), slot)

    def count(self, stop: Value | int) -> Any:
        """Open a loop over 0..stop-1. Its `index` is the counter."""
        return cgutils.for_range(self.builder, self.index(stop), intp=_INDEX)

    def positive(self, value: Value) -> Value:
        """Return a word whose bits say which lanes `where_positive` keeps."""
        found = self.builder.fcmp_unordered(">", value, self.zero)
        return self.builder.zext(self.builder.bitcast(found, ir.IntType(self.lanes)), _INDEX)

    def where_set(self, word: Value, offset: int, chosen: Value) -> Value:
        """Return chosen where a word's bit is set, zero elsewhere; the first lane's bit is that at `offset`."""
        bits = self.builder.trunc(self.builder.lshr(word, self.index(offset)), ir.IntType(self.lanes))
        return self.builder.select(
            self.builder.bitcast(bits, ir.VectorType(ir.IntType(1), self.lanes)), chosen, self.zero
        )

    @contextmanager
    def bits(self, word: Value) -> Iterator[Value]:
        """Open a loop over the numbers of the bits that are set in a word, the lowest first."""
        builder, left = self.builder, cgutils.alloca_once_value(self.builder, word)
        test, body, end = (builder.append_basic_block(f"bits.{part}") for part in ("test", "body", "end"))
        builder.branch(test)
        builder.position_at_end(test)
        builder.cbranch(builder.icmp_unsigned("!=", builder.load(left), self.index(0)), body, end)
        builder.position_at_end(body)
        now = builder.load(left)
        yield builder.cttz(now, ir.Constant(ir.IntType(1), 1))
        builder.store(builder.and_(now, builder.sub(now, self.index(1))), left)
        builder.branch(test)
        builder.position_at_end(end)

    def _call(self, name: str, *operands: Value) -> Value:
        function = ir.FunctionType(self.type, [self.type] * len(operands))
        full = f"llvm.{name}.v{self.lanes}f32"
        return self.builder.call(cgutils.get_or_insert_function(self.builder.module, function, full), operands)

    def _vector(self, address: Value, offset: int) -> Value:
        return self.builder.bitcast(self.move(address, offset), self.type.as_pointer())


class Operand:
    """An array that an instruction works on: float32, C-contiguous, of one, two or three axes."""

    def __init__(self, emitter: Emitter, kind: types.Array, value: Value) -> None:
        array = cgutils.create_struct_proxy(kind)(emitter.context, emitter.builder, value=value)
        self._emitter, self.start = emitter, array.data
        self.shape = cgutils.unpack_tuple(emitter.builder, array.shape)
        self._width = self.shape[-1]

    def row(self, row: Value, plus: int = 0) -> Value:
        """Return the address of the row that lies `plus` rows behind a row."""
        builder = self._emitter.builder
        return self._emitter.move(self.start, builder.mul(builder.add(row, self._emitter.index(plus)), self._width))


def instruction(write: Callable[..., None]) -> Callable[..., Any]:
    """Turn a function that writes LLVM code into one that numba functions can call.

    `write` takes an Emitter and then the call's arguments: an Operand for an array, a Value for an index.
    """

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Sequence[Value]) -> Value:
        emitter = Emitter(context, builder)
        pairs = zip(signature.args, args, strict=True)
        write(emitter, *(Operand(emitter, *pair) if isinstance(pair[0], types.Array) else pair[1] for pair in pairs))
        return context.get_dummy_value()

    def typed(typing: Any, *kinds: Any) -> tuple[Any, Any]:
        return types.void(*(kind if isinstance(kind, types.Array) else types.intp for kind in kinds)), emit

    # numba asks for the names of the arguments.
    typed.__signature__ = inspect.signature(write)  # type: ignore[attr-defined]
    made: Callable[..., Any] = intrinsic(typed)
    return made


def _operation(write: Callable[..., Value], result: types.Type, *operands: types.Type) -> Callable[..., Any]:
    """Make a function of numbers that numba functions can call. `write` takes a builder and the operands."""

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: Sequence[Value]) -> Value:
        return write(builder, *args)

    def typed(typing: Any, *kinds: Any) -> tuple[Any, Any]:
        return result(*operands), emit

    typed.__signature__ = inspect.signature(write)  # type: ignore[attr-defined]
    made: Callable[..., Any] = intrinsic(typed)
    return made


def _fma(builder: ir.IRBuilder, x: Value, y: Value, z: Value) -> Value:
    function = ir.FunctionType(_FLOAT, [_FLOAT] * 3)
    return builder.call(cgutils.get_or_insert_function(builder.module, function, "llvm.fma.f32"), [x, y, z])


def _bits(builder: ir.IRBuilder, x: Value) -> Value:
    return builder.bitcast(x, _INT)


def _from_bits(builder: ir.IRBuilder, x: Value) -> Value:
    return builder.bitcast(x, _FLOAT)


def _flush_tiny(builder: ir.IRBuilder) -> Value:
    mode = cgutils.alloca_once_value(builder, ir.Constant(_INT, 0))
    if _HAS_MODE:
        _access_mode(builder, "st", mode)
        flushing = builder.or_(builder.load(mode), ir.Constant(_INT, _FLUSH))
        _access_mode(builder, "ld", cgutils.alloca_once_value(builder, flushing))
    return builder.load(mode)


def _restore(builder: ir.IRBuilder, mode: Value) -> Value:
    if _HAS_MODE:
        _access_mode(builder, "ld", cgutils.alloca_once_value(builder, mode))
    return mode


def _access_mode(builder: ir.IRBuilder, access: str, slot: Value) -> None:
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(ir.VoidType(), [_BYTES]), f"llvm.x86.sse.{access}mxcsr"
    )
    builder.call(function, [builder.bitcast(slot, _BYTES)])


fma = _operation(_fma, types.float32, types.float32, types.float32, types.float32)
"""Return x * y + z in float32 with one rounding. LLVM vectorises loops over it."""
bits = _operation(_bits, types.int32, types.float32)
"""Return the int32 that has the bits of a float32."""
from_bits = _operation(_from_bits, types.float32, types.int32)
"""Return the float32 that has the bits of an int32."""
flush_tiny = _operation(_flush_tiny, types.int32)
"""Let arithmetic take numbers below 1e-38 for zero: an x86 needs a hundred cycles for one. Returns the old mode."""
restore = _operation(_restore, types.int32, types.int32)
"""Restore the mode that `flush_tiny` returned."""
