"""LLVM text becomes machine code for the processor at hand, once: the next time it comes from a cache."""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import llvmlite
import llvmlite.binding as llvm

from mlpcli.execute.native.object_cache import ObjectCache, user_cache
from mlpcli.execute.native.products.tiling import Machine
from mlpcli.execute.native.threads.abandonable import call_abandonable, is_any_abandoned

# Level 3 and unrolling make the code at most 4 % faster and compiling up to 60 % longer. Measured.
LEVEL = 2
PASSES = {"loop_vectorization": True, "slp_vectorization": True, "loop_unrolling": False}
COMPILER = (llvmlite.__version__, llvm.llvm_version_info, LEVEL, PASSES)
"""Everything that object code depends on besides text and processor."""


@cache
def _features() -> Any:
    return llvm.get_host_cpu_features()


@cache
def machine() -> Machine:
    """Return what the processor at hand offers to those who choose tiles."""
    features = _features()
    if features.get("avx512f"):
        return Machine(64, 32)
    if features.get("avx2"):
        return Machine(32, 16)
    return Machine(16, 32 if "aarch64" in llvm.get_default_triple() else 16)


def pause() -> str:
    """Return `void pause()`, which tells the processor that a thread looks at the same
    place again and again.
    """
    triple = llvm.get_default_triple()
    names = {"x86_64": "llvm.x86.sse2.pause", "aarch64": "llvm.aarch64.hint", "arm64": "llvm.aarch64.hint"}
    name = names.get(triple.split("-")[0], "")
    types, values = ("i32", "i32 1") if "aarch64" in name else ("", "")
    declared = f"declare void @{name}({types})\n" if name else ""
    call = f"call void @{name}({values})" if name else ""
    return f"{declared}define internal void @pause() alwaysinline nounwind {{\n  {call}\n  ret void\n}}"


@cache
def _processor() -> dict[str, str]:
    return {"cpu": llvm.get_host_cpu_name(), "features": _features().flatten()}


@cache
def _family() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple()


def _target() -> Any:
    # A new one each time: the engine that is made with it becomes its owner.
    return _family().create_target_machine(**_processor(), opt=LEVEL, jit=True)


def processor() -> dict[str, str]:
    """Return what machine code is made with and for, in short."""
    features = hashlib.sha256(_processor()["features"].encode()).hexdigest()[:12]
    return {"llvmlite": llvmlite.__version__, "processor": f"{_processor()['cpu']} {features}"}


def compiled(text: str, target: Any) -> bytes:
    """Return a module's object code. Raises RuntimeError where the text is no valid module."""
    module = llvm.parse_assembly(text)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=LEVEL)
    for name, value in PASSES.items():
        setattr(options, name, value)
    builder = llvm.create_pass_builder(target, options)
    builder.getModulePassManager().run(module, builder)
    code: bytes = target.emit_object(module)
    return code


def cache_key(text: str, triple: str, cpu: str, features: str) -> str:
    """Return the name under which a module's object code is kept: another one wherever
    the code may differ.
    """
    made_for = repr((COMPILER, triple, cpu, features))
    return hashlib.sha256(f"{made_for}\0{text}".encode()).hexdigest()


def _object_codes(texts: Sequence[str], cache: ObjectCache) -> list[bytes]:
    """Return the object code of each module. Signals are handled while LLVM works: see call_abandonable()."""
    target = _target()
    keys = [cache_key(text, target.triple, **_processor()) for text in texts]
    codes = {key: code for key in keys if (code := cache.read(key)) is not None}
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in codes}

    def compile_missing(abandoned: Callable[[], bool]) -> None:
        for key, text in missing.items():
            if abandoned():
                return
            codes[key] = compiled(text, target)
            cache.write(key, codes[key])

    if missing:
        call_abandonable(compile_missing)
    return [codes[key] for key in keys]


class CompiledModule:
    """Modules that are compiled; they may call each other's functions, which live as long as it does.

    texts: of the modules. cache: where object code is looked up and kept; without one, the user's. Raises
    RuntimeError where a text is no valid module.
    """

    def __init__(self, texts: Sequence[str], cache: ObjectCache | None = None) -> None:
        codes = _object_codes(texts, user_cache() if cache is None else cache)
        # The engine wants a module, be it empty. It is never finalised, which would compile that: to ask
        # for a function's address links what was added.
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target())
        for code in codes:
            self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))

    def __del__(self) -> None:
        # To dispose of an engine, llvmlite would wait for a compilation that was left alone.
        if hasattr(self, "_engine") and is_any_abandoned():
            self._engine.detach()

    def function(self, name: str, *arguments: Any) -> Any:
        """Return a function of those ctypes, by default of one pointer; calling it releases the GIL."""
        types = arguments or (ctypes.c_void_p,)
        return ctypes.CFUNCTYPE(None, *types)(self.address(name))

    def address(self, name: str) -> int:
        """Return the address of a function."""
        begin: int = self._engine.get_function_address(name)
        return begin
