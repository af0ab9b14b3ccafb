# SPDX-License-Identifier: Apache-2.0
# Writes machine code into memory, makes it executable and calls it.
import ctypes
import mmap

CODE = (b"\xb8\x01\x00\x00\x00"              # mov eax, SYS_write
        b"\xbf\x01\x00\x00\x00"              # mov edi, 1
        b"\x48\x8d\x35\x08\x00\x00\x00"      # lea rsi, [rip + 8]
        b"\xba\x09\x00\x00\x00"              # mov edx, 9
        b"\x0f\x05\xc3" + b"INTR" + b"UDED\n")  # syscall; ret; the text
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int,
                      ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
place = libc.mmap(None, 4096, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
ctypes.memmove(place, CODE, len(CODE))
if libc.mprotect(place, 4096, mmap.PROT_READ | mmap.PROT_EXEC):
    print("mprotect:", ctypes.get_errno())
else:
    ctypes.CFUNCTYPE(ctypes.c_long)(place)()
