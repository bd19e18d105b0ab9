# SPDX-License-Identifier: GPL-2.0-or-later
# Floating point of the library against that of the machine, on numbers of all sizes.
. "$(dirname "$0")/lib.sh"

run -DMAXACTION=200000 -e 'probe oneshot {
    x = 88172645463325252
    for (i = 0; i < 1500; i++) {
        x ^= x << 13; x ^= (x >> 7) & ((1 << 57) - 1); x ^= x << 17
        a = x
        x ^= x << 13; x ^= (x >> 7) & ((1 << 57) - 1); x ^= x << 17
        b = x
        mask = 0x7ff << 52
        if (i % 4 == 1) /* of about the same size */
            b = (b & ~mask) | (a & mask) ^ (i % 3 << 52)
        if (i % 4 == 2) { /* around 1 to 2^64 */
            a = (a & ~mask) | (1023 + i % 65) << 52
            b = (b & ~mask) | (1023 + i % 7) << 52
        }
        if (i % 16 == 3) /* tiny */
            a &= ~mask
        if (i % 100 == 7) a = mask
        if (i % 100 == 9) b = 0
        if (i % 100 == 11) b = 1 << 63
        printf("%016x %016x add %016x sub %016x mul %016x div %016x sqrt %016x", a, b, fp_add(a, b), fp_sub(a, b), fp_mul(a, b), fp_div(a, b), fp_sqrt(a))
        printf(" eq %d lt %d le %d long %d from %016x\n", fp_eq(a, b), fp_lt(a, b), fp_le(a, b), fp_to_long(a, 1, 0), long_to_fp(b))
    }
}'
cat >"$TMP/check.pl" <<'END'
my ($n, $bad) = (0, 0);
sub d { unpack "d>", pack "H16", $_[0] }
sub h { unpack "H16", pack "d>", $_[0] }
sub nan { $_[0] != $_[0] }
while (<STDIN>) {
    my ($ha, $hb, %r) = split;
    my ($a, $b) = (d($ha), d($hb));
    my %w = (add => $a + $b, sub => $a - $b, mul => $a * $b);
    $w{div} = $b != 0 ? $a / $b : nan($a) || nan($b) || $a == 0 ? "nan" + 0 : undef;
    $w{sqrt} = $a >= 0 ? sqrt $a : "nan" + 0;
    for my $op (sort keys %w) {
        next unless defined $w{$op};
        my $same = nan($w{$op}) ? nan(d($r{$op})) : h($w{$op}) eq $r{$op};
        $n++;
        $bad++ < 5 and print "$op $ha $hb: $r{$op}, not ", h($w{$op}), "\n" unless $same;
    }
    my %c = (eq => $a == $b, lt => $a < $b, le => $a <= $b);
    for my $op (keys %c) {
        $n++;
        $bad++ < 5 and print "$op $ha $hb: $r{$op}\n" unless $r{$op} == ($c{$op} ? 1 : 0);
    }
    my $long = nan($a) ? 0 : $a >= 9.2e18 ? 9223372036854775807 : $a <= -9.2e18 ? -9223372036854775807 - 1 : int $a;
    $n++;
    $bad++ < 5 and print "long $ha: $r{long}, not $long\n" unless $r{long} == $long || abs($a) > 9.2e18;
    my $i = unpack "q>", pack "H16", $hb;
    $n++;
    $bad++ < 5 and print "from $hb: $r{from}, not ", h($i + 0.0), "\n" unless h(0.0 + $i) eq $r{from};
}
print "$n compared, $bad differ\n";
END
perl "$TMP/check.pl" <"$TMP/out" >"$TMP/verdict"
if [ $rc = 0 ] && [ "$(tail -n 1 "$TMP/verdict")" = "14970 compared, 0 differ" ]; then
    pass machine
else
    fail machine "status $rc $(tail -n 1 "$TMP/verdict"): $(head -n 5 "$TMP/verdict" | tr '\n' '|') $(first_line "$TMP/err")"
fi
