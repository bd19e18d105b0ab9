# SPDX-License-Identifier: GPL-2.0-or-later
# Scripts that must be refused, by tests/real/refusals.txt: in the pass, and with the first error
# at the line and column, that the original names.
. "$(dirname "$0")/lib.sh"
perl -e '
    my ($stap, $list, $dir) = @ARGV;
    open(my $in, "<", $list) or die "$list: $!\n";
    local $/ = "\n====\n";
    my ($n, $wrong) = (0, 0);
    while (my $case = <$in>) {
        chomp $case;
        $case =~ s/\A(?:#.*\n)*?## (\d) (\d+:\d+|EOF)(.*)\n// or next;
        my ($pass, $at, $args) = ($1, $2, $3);
        $n++;
        open(my $f, ">", "$dir/x.stp") or die;
        print $f "$case\n";
        close $f;
        my $told = `$stap -p3 $dir/x.stp $args 2>&1 >/dev/null </dev/null`;
        my $rc = $? >> 8;
        my ($first) = $told =~ /^(?:parse|semantic) error: .*?((?: at \S*?:\d+:\d+)|EOF$)/ms;
        $first = "" unless defined $first;
        $first =~ s/^ at \S*?:(\d+:\d+)$/$1/;
        my ($where) = $told =~ /^Pass (\d): /m;
        next if $rc == 1 && defined $where && $where == $pass && $first eq $at;
        $wrong++;
        print STDERR "$case\n  status $rc, pass ", $where // "none", ", at $first instead of pass $pass at $at\n";
    }
    print "$n $wrong\n";
' "$STAP" tests/real/refusals.txt "$TMP" >"$TMP/out" 2>"$TMP/err"
read -r n wrong <"$TMP/out"
within scripts 300 2000 "${n-}"
[ "${wrong-}" = 0 ] && pass refused || fail refused "$(head -c 1500 "$TMP/err")"
