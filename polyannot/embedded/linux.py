"""Three calls of the Linux kernel that Python does not offer: parent-death signal, capabilities, ambient set.

They run between fork and exec, so they only call into the C library, which is loaded beforehand.
Elsewhere than on Linux the parent-death signal is skipped and no capability can be kept.
"""

import ctypes
import os
import sys

IS_LINUX = sys.platform.startswith("linux")

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
CAPABILITY_VERSION_3 = 0x20080522

LIBC = ctypes.CDLL(None, use_errno=True)


class CapabilityHeader(ctypes.Structure):
    """`struct __user_cap_header_struct`; pid 0 is the calling thread."""

    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class CapabilitySets(ctypes.Structure):
    """`struct __user_cap_data_struct`, one of two 32-bit halves."""

    _fields_ = [
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    ]


def call(name: str, *arguments: object) -> None:
    """Call a C function that answers -1 for an error; raises OSError with its number."""
    if getattr(LIBC, name)(*arguments) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def prctl(option: int, *values: int) -> None:
    """Call prctl(2) with up to four unsigned long arguments; raises OSError."""
    padded = [*values, 0, 0, 0, 0][:4]
    call("prctl", ctypes.c_int(option), *[ctypes.c_ulong(value) for value in padded])


def die_with_parent(signal_number: int, parent: int) -> None:
    """Have the kernel send the signal to this process when its parent dies; end at once if it already has."""
    if IS_LINUX:
        prctl(PR_SET_PDEATHSIG, signal_number)
        if os.getppid() != parent:
            os._exit(1)


def become(uid: int, gid: int, capability: int | None) -> None:
    """Turn the calling root process into the given user, keeping at most one capability across exec.

    Raises OSError where the kernel (a container, a user namespace) does not allow it.
    """
    if capability is not None:
        prctl(PR_SET_KEEPCAPS, 1)
    os.setgroups([gid])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if capability is not None:
        keep_ambient(capability)


def keep_ambient(capability: int) -> None:
    """Reduce all capability sets to one and make it ambient, so that an ordinary program inherits it."""
    bit = 1 << capability
    sets = (CapabilitySets * 2)(CapabilitySets(bit, bit, bit), CapabilitySets(0, 0, 0))
    header = CapabilityHeader(CAPABILITY_VERSION_3, 0)
    call("capset", ctypes.byref(header), sets)
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability)
