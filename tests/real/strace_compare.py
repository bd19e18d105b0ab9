#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares what the exerciser expects, line by line, with what strace(1) printed of it.
  strace_compare.py ENTRIES STRACE   prints "N equal" and the lines that differ
Both are brought to one form: names of fields, brackets and spaces are left out, numbers
are decimal, NULL is 0, the names in a set are sorted."""
import re
import sys

NAMES = {"pread64": "pread", "pwrite64": "pwrite", "newfstatat": "fstatat",
         "getdents64": "getdents", "umount2": "umount", "mmap": "mmap2"}


def number(m):
    return str(int(m.group(0), 16))


def character(m):
    code = m.group(1)
    if code[0] in "uU":
        return chr(int(code[1:], 16)).encode().decode("latin-1")
    return chr(int(code, 8))


def normal(args):
    strings = []

    def keep(m):
        """The bytes of the string, however they were escaped."""
        strings.append(re.sub(r"\\(u[0-9A-F]{4}|U[0-9A-F]{8}|[0-7]{1,3})", character, m.group(0)))
        return "\x01%d\x02" % (len(strings) - 1)

    s = re.sub(r'"(\\.|[^"\\])*"', keep, args)
    s = re.sub(r"/\*.*?\*/", "", s)
    s = re.sub(r"\b[a-z_0-9]+=(\{|\[|\w|-|\x01|&)", r"\1", s)
    s = re.sub(r"\bhtons\((\d+)\)", r"\1", s)
    s = re.sub(r"\binet_(?:addr|pton)\((?:AF_INET6, )?([^)]*)\)", r"\1", s)
    s = re.sub(r"(-?\d+)\.(\d{9}|\d{6})\b", lambda m: "%s,%d" % (m.group(1), int(m.group(2))), s)
    s = s.replace("NULL", "0").replace("RLIM64_", "RLIM_")
    s = re.sub(r"\b0x[0-9a-f]+\b", number, s)
    s = re.sub(r"\bSIG(?=[A-Z])", "", s)
    s = re.sub(r"\[([A-Z]+(?:[ |][A-Z]+)*)\]", lambda m: m.group(1).replace(" ", "|"), s)
    s = re.sub(r"[\w\x01\x02]+(?:\|[\w\x01\x02]+)+", lambda m: "|".join(sorted(m.group(0).split("|"))), s)
    s = re.sub(r"\]\[|\},? ?\{", ",", s)
    s = re.sub(r"[][{}()&\s]", "", s)
    s = re.sub(r"\bAF_INET(6?),(\d+),(?:0,)?(\x01\d+\x02)(,0)?",
               lambda m: "AF_INET%s,%s,%s" % (m.group(1), strings[int(m.group(3)[1:-1])][1:-1], m.group(2)), s)
    # An address in a socket address is text here and a string there.
    return re.sub("\x01(\\d+)\x02", lambda m: strings[int(m.group(1))], s)


def split(line):
    name, rest = line.split("(", 1)
    return NAMES.get(name, name), rest[:rest.rindex(")")]


ours = [l.rstrip("\n") for l in open(sys.argv[1], errors="surrogateescape")]
theirs, on = [], False
for l in open(sys.argv[2], errors="surrogateescape"):
    if l.startswith("close(-77)"):
        on = True
    elif l.startswith("close(-78)"):
        break
    elif on and re.match(r"\w+\(", l):
        theirs.append(re.split(r"\) += ", l.rstrip("\n"))[0] + ")")
equal = 0
for a, b in zip(ours, theirs):
    (na, aa), (nb, ab) = split(a), split(b)
    if na == nb and normal(aa) == normal(ab):
        equal += 1
    else:
        print("differs: %s\n  strace: %s" % (a, b))
print("%d equal" % equal)
if len(ours) != len(theirs):
    print("%d lines, %d of strace" % (len(ours), len(theirs)))
