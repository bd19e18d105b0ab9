# SPDX-License-Identifier: GPL-2.0-or-later
# Variables of the aliases that stand on functions of the kernel, with their types, as SystemTap
# lists them for the same kernel.
. "$(dirname "$0")/../real/lib.sh"
modprobe -a nfs nfsv2 nfsv3 nfsv4 nfsd sunrpc scsi_mod sd_mod sr_mod 2>"$TMP/modprobe" || cat "$TMP/modprobe"
for family in $(sed 's/[. ].*//' tests/guest/alias_variables.txt | sort -u); do
    LIMIT=100 run -L "$family.**"
    cat "$TMP/out" >>"$TMP/have"
done
python3 - "$TMP/have" tests/guest/alias_variables.txt >"$TMP/wrong" <<'PY'
import re, sys
have = {}
for line in open(sys.argv[1]):
    words = line.split()
    have[words[0]] = set(re.findall(r'(?<= )(\w+:(?:long|string))\b', line))
for line in open(sys.argv[2]):
    alias, *variables = line.split()
    here = have.get(alias, set())
    for v in variables:
        if v not in here:
            print(alias, 'has no', v)
PY
[ -s "$TMP/have" ] && [ ! -s "$TMP/wrong" ] && pass variables || fail variables "$(head -n 3 "$TMP/wrong" | tr '\n' ';') of $(wc -l <"$TMP/wrong")"
