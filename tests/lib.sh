# SPDX-License-Identifier: GPL-2.0-or-later
# What the test scripts share.  Needs: RESULTS (a file that verdicts are appended
# to), STAP, BUILD; LABEL and GROUP stand before the names.

pass() { printf 'pass %s\n' "${LABEL-}$1" >>"$RESULTS"; }
fail() {
    printf 'fail %s: %s\n' "${LABEL-}$1" "$2" >>"$RESULTS"
    printf 'FAIL: %s: %s\n' "${LABEL-}$1" "$2"
}
skip() {
    printf 'skip %s: %s\n' "${LABEL-}$1" "$2" >>"$RESULTS"
    printf 'SKIP: %s: %s\n' "${LABEL-}$1" "$2"
}

mount_tracefs() {
    [ -d /sys/kernel/tracing/events ] || mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
}
