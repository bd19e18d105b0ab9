#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The package of make deb in a clean Debian: installed with what it depends on, run, removed.
#   tests/stress/deb-chroot.sh [SUITE]       (bookworm; needs root, debootstrap and a mirror)
# By hand: it takes most of its time for debootstrap.
set -eu
cd "$(dirname "$(readlink -f "$0")")/../.."
suite=${1:-bookworm}
root=$(mktemp -d /tmp/stap-chroot.XXXXXX)
cleanup() {
    for m in sys/kernel/tracing sys proc; do
        ! mountpoint -q "$root/$m" || umount "$root/$m"
    done
    rm -rf "$root"
}
trap cleanup EXIT
fails=0
check() {
    local name=$1
    shift
    if "$@" >"$root/out" 2>&1; then echo "ok: $name"; else
        echo "FAIL: $name"
        tail -5 "$root/out"
        fails=$((fails + 1))
    fi
}
make -s deb >/dev/null
deb=$(ls build/stap-ebpf_*.deb)
started=$SECONDS
# As the machine itself is set up.
mirror=$(sed -n 's/^deb \(\[[^]]*\] \)\?\([^ ]*\) .*/\2/p; s/^URIs: *//p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -n 1)
debootstrap --variant=minbase "$suite" "$root" $mirror >"$root.log" 2>&1 || { tail -3 "$root.log"; rm -f "$root.log"; exit 1; }
rm -f "$root.log"
echo "debootstrap: $((SECONDS - started)) s"
cp /etc/apt/apt.conf.d/* "$root/etc/apt/apt.conf.d/" 2>/dev/null || true
cp "$deb" "$root/root/"
mount -t proc proc "$root/proc"
mount -t sysfs sys "$root/sys"
mount -t tracefs tracefs "$root/sys/kernel/tracing"
in_chroot() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C "$@"; }

check install in_chroot apt-get install -y -q --no-install-recommends "/root/$(basename "$deb")"
check hello in_chroot sh -c '[ "$(stap -e "probe oneshot { println(\"hello\") }")" = hello ]'
check command in_chroot sh -c 'stap -c "cat /etc/hostname" -e "probe syscall.openat { if (pid() == target()) println(argstr) }" | grep -q hostname'
check tracepoint in_chroot sh -c 'stap -T 5 -e "probe kernel.trace(\"sched_switch\") { println(\$next->pid) exit() }" | grep -q "^[0-9]"'
check library-is-indexed in_chroot sh -c '[ -s /usr/share/stap/tapset/.index ] && [ $(stap -l "syscall.*" | wc -l) -gt 400 ]'
check image in_chroot sh -c 'cd /tmp && stap -p4 -m hi -e "probe oneshot { println(\"hi\") }" >/dev/null && [ "$(staprun hi.stapo)" = hi ]'
check groups in_chroot getent group stapdev stapsys stapusr
check capabilities in_chroot sh -c 'getcap /usr/bin/staprun | grep -q cap_bpf'
check files-as-packed in_chroot sh -c '[ -z "$(dpkg --verify stap-ebpf)" ]'
check remove in_chroot dpkg -r stap-ebpf
check nothing-left in_chroot sh -c '[ ! -e /usr/share/stap ] && [ ! -e /usr/bin/stap ]'
echo "$((SECONDS - started)) s, $fails failed"
[ "$fails" = 0 ]
