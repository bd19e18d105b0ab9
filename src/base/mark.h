/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Static marks of stap itself, for process("stap").mark("…") and the aliases stap.*; none
 * where sys/sdt.h was not there when stap was built. */
#pragma once
#if __has_include(<sys/sdt.h>)
#include <sys/sdt.h>
#define MARK(name, arg) DTRACE_PROBE1(stap, name, arg)
#else
#define MARK(name, arg) ((void)(arg))
#endif
