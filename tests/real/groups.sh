# SPDX-License-Identifier: GPL-2.0-or-later
# Who may run what with a staprun that has capabilities.  The users exist only for these tests:
# numbers of which a private /etc/group knows the groups.
. "$(dirname "$0")/lib.sh"
PATH=$PATH:/usr/sbin:/sbin
for tool in setcap setpriv unshare; do
    command -v $tool >/dev/null || { skip groups "there is no $tool here"; exit 0; }
done
# Not everywhere can files have capabilities.
home=
for dir in "$TMP" /var/tmp "$BUILD"; do
    home=$(mktemp -d -p "$dir") || continue
    cp "$(dirname "$STAP")/staprun" "$STAP" "$home" && chmod 755 "$home" "$home"/* &&
        setcap "$(sed -n 's/^CAPS=//p' "$TOP/tools/grant")" "$home/staprun" 2>/dev/null && break
    rm -rf "$home"
    home=
done
[ -n "$home" ] || { skip groups "no file system here keeps capabilities of files"; exit 0; }
trap 'rm -rf "$TMP" "$home"' EXIT
# Where files of the administrator are looked for, in the private name space only.
admin=/lib/modules/$(uname -r)/systemtap
sed '/^stap/d' /etc/group >"$TMP/group"
printf '%s\n' stapusr:x:64101: stapsys:x:64102: stapdev:x:64103: >>"$TMP/group"
mkdir "$TMP/admin"
chmod 755 "$TMP/admin"
run -p4 -o "$home/plain.stapo" -e 'probe begin { println("ran by ", uid()) } probe timer.ms(300) { exit() }'
run -p4 -g -o "$home/guru.stapo" -e 'probe oneshot { set_user_long(1, 2) }'
cp "$home/plain.stapo" "$TMP/admin/hello.stapo"
chmod 644 "$home"/*.stapo "$TMP/admin"/*

# as GROUPS ARGUMENTS...: staprun as a user who is in them ("-": in none).
as() {
    local how=--clear-groups
    [ "$1" = - ] || how="--groups $1"
    shift
    unshare -m sh -c '
        mount --bind "$1/group" /etc/group
        mount -t tmpfs none /lib/modules && mkdir -p "$2" && mount --bind "$1/admin" "$2"
        how=$3
        shift 3
        cd / && exec setpriv --reuid 64100 --regid 64100 $how -- timeout 20 "$@"' \
        sh "$TMP" "$admin" "$how" "$home/${PROGRAM-staprun}" "$@" >"$TMP/out" 2>"$TMP/err" </dev/null
    rc=$?
}
told() {
    [ $rc = 1 ] && [ ! -s "$TMP/out" ] && [ "$(wc -l <"$TMP/err")" = 1 ] && grep -qF -- "$2" "$TMP/err" &&
        pass "$1" || fail "$1" "status $rc: $(head -n 2 "$TMP/err")"
}
USR=64101 SYS=64102 DEV=64103

as - "$home/plain.stapo"
told stranger 'running scripts is for root and for members of the group stapusr'
as $DEV "$home/plain.stapo"
told only-stapdev 'members of the group stapusr'
as $USR,$DEV "$home/plain.stapo"
expect developer 0 'ran by 64100'
as $USR,$SYS "$home/plain.stapo"
expect system 0 'ran by 64100'
as $USR,$SYS "$home/guru.stapo"
told system-guru 'guru.stapo writes to the memory of programs, which is for members of the group stapdev'
as $USR "$home/plain.stapo"
told user 'plain.stapo is for members of the group stapdev: members of stapusr alone run what the administrator has put into /lib/modules/'
as $USR hello
expect user-installed 0 'ran by 64100'
as $USR "$admin/hello.stapo"
expect user-installed-path 0 'ran by 64100'
chmod 666 "$TMP/admin/hello.stapo"
as $USR hello
told user-file-open 'is for members of the group stapdev'
chmod 644 "$TMP/admin/hello.stapo"
chmod 777 "$TMP/admin"
as $USR hello
told user-folder-open 'is for members of the group stapdev'
chmod 755 "$TMP/admin"
ln -s "$home/plain.stapo" "$TMP/admin/link.stapo"
as $USR link
told user-link 'is for members of the group stapdev'
# Files and commands are the user's: staprun lends its capabilities to none of them.
printf secret >"$home/secret"
chmod 600 "$home/secret"
as $USR,$DEV -o "$home/secret" "$home/plain.stapo"
told no-file-of-others "cannot write to '$home/secret' (-o): Permission denied"
[ "$(cat "$home/secret")" = secret ] && pass file-kept || fail file-kept
as $USR,$DEV -c 'grep CapEff /proc/self/status' "$home/plain.stapo"
grep -q 'CapEff:.0000000000000000' "$TMP/out" && pass command-without || fail command-without "$(cat "$TMP/out" "$TMP/err")"

# stap itself has no capabilities: it has staprun run what it made.
# The tree may be where other users cannot look, in /root say.
cp -r tapset "$home/tapset" && chmod -R a+rX "$home/tapset"
export SYSTEMTAP_TAPSET=$home/tapset
SCRIPT='probe begin { println("ran by ", uid(), " ", @1) } probe timer.ms(300) { exit() }'
PROGRAM=stap as $USR,$DEV -e "$SCRIPT" argument
expect stap-developer 0 'ran by 64100 argument'
PROGRAM=stap as $USR,$DEV -T 1 -o "$home/out-is-not-mine" -e "$SCRIPT" argument
told stap-output "cannot write to '$home/out-is-not-mine' (-o): Permission denied"
PROGRAM=stap as $USR,$DEV -c 'echo from the command' -e 'probe syscall.write { if (pid() == target()) println("write") }'
[ $rc = 0 ] && grep -qx write "$TMP/out" && grep -qx 'from the command' "$TMP/out" && pass stap-command || fail stap-command "$(cat "$TMP/out" "$TMP/err")"
PROGRAM=stap as $USR,$SYS -g -e 'probe oneshot { set_user_long(1, 2) }'
told stap-system-guru 'writes to the memory of programs, which is for members of the group stapdev'
PROGRAM=stap as - -e "$SCRIPT" argument
told stap-stranger 'running scripts is for root and for members of the group stapusr'
PROGRAM=stap as $USR -e "$SCRIPT" argument
told stap-user '<input> is for members of the group stapdev'
# A recorder of one's own.
mkdir "$home/run"
chown 64100 "$home/run"
export XDG_RUNTIME_DIR=$home/run
PROGRAM=stap as $USR,$DEV -F -e 'probe timer.ms(20) { println("tick ", n++) } global n probe end { println("over") }'
name=$(sed -n 's/.*"stap -A \(stap_[0-9]*\)".*/\1/p' "$TMP/out")
[ $rc = 0 ] && wait_for 5 test -S "$home/run/stap/$name" && pass recorder || fail recorder "$(cat "$TMP/out" "$TMP/err")"
sleep 0.3
kill -INT "${name#stap_}"
wait_for 5 test ! -e "$home/run/stap/$name" && pass recorder-end || fail recorder-end "$(ls "$home/run/stap")"
