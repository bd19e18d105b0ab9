# SPDX-License-Identifier: GPL-2.0-or-later
# Completion of stap's command line for bash: options, files, probe points.

# The points that a beginning may become, one a line: from the lists of kinds and names up to
# the next dot, and, behind a dot or inside of a string, what stap -l finds.
_stap_points() {
    local cur=$1
    {
        stap --dump-probe-types
        stap --dump-probe-aliases
    } 2>/dev/null | CUR=$cur awk '
        BEGIN { cur = ENVIRON["CUR"]; n = length(cur) }
        {
            sub(/ [+=].*/, "")
            gsub(/\(string\)/, "(\"")
            gsub(/\(number\)/, "(")
            if (substr($0, 1, n) != cur) next
            rest = substr($0, n + 1)
            if (match(rest, /[.(]/) && RSTART < length(rest)) rest = substr(rest, 1, RSTART)
            if (substr(rest, length(rest)) == "(" && index($0, cur rest "\"") == 1) rest = rest "\""
            if (rest != "" && !seen[rest]++) print cur rest
        }'
    case $cur in
    *'("'*'")'*'("'* | *'("'*'").'*) stap -l "$cur*" 2>/dev/null ;;
    *'("'*) stap -l "$cur*\")" 2>/dev/null ;;
    *.*) stap -l "$cur*" 2>/dev/null ;;
    esac
    return 0
}

_stap() {
    local cur=$2 prev=$3 IFS=$'\n'
    COMPREPLY=()
    # Words are broken at = and : too; where a point is wanted, it is the whole word.
    case $prev in
    -l | -L)
        local point=$cur
        point=${point#[\'\"]}
        COMPREPLY=($(_stap_points "$point" | sort -u))
        compopt -o nospace 2>/dev/null
        return
        ;;
    -p) COMPREPLY=($(compgen -W $'1\n2\n3\n4\n5' -- "$cur")); return ;;
    -x | -N) COMPREPLY=($(compgen -W "$(cd /proc && printf '%s\n' [0-9]*)" -- "$cur")); return ;;
    -c) COMPREPLY=($(compgen -c -- "$cur")); return ;;
    -I) COMPREPLY=($(compgen -d -- "$cur")); compopt -o filenames 2>/dev/null; return ;;
    -o) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames 2>/dev/null; return ;;
    -D) COMPREPLY=($(compgen -W $'MAXSTRINGLEN=\nMAXACTION=\nMAXMAPENTRIES=\nMAXNESTING=\nMAXERRORS=\nMAXSKIPPED=\nMAXTRYLOCK=\nSTP_NO_OVERLOAD' -- "$cur"))
        compopt -o nospace 2>/dev/null; return ;;
    -e | -E | -G | -S | -s | -T | -A | -m) return ;;
    --color) COMPREPLY=($(compgen -W $'auto\nalways\nnever' -- "${cur#=}")); return ;;
    esac
    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "$(printf '%s\n' -e -E -c -x -o -S -F -A -T -G -D -I -g -p -u -v -t -w -W -l -L -m -s -h -V \
            --help --version --vp --bpf --runtime=bpf --compatible= --skip-badvars --suppress-handler-errors \
            --suppress-time-limits --target-namespaces= --color=auto --color=always --color=never --dump-bpf \
            --dump-probe-types --dump-probe-aliases --dump-functions)" -- "$cur"))
        [[ ${COMPREPLY-} == *= ]] && compopt -o nospace 2>/dev/null
        return
    fi
    COMPREPLY=($(compgen -f -X '!*.stp' -- "$cur") $(compgen -d -- "$cur"))
    compopt -o filenames 2>/dev/null
}

_staprun() {
    local cur=$2 prev=$3 IFS=$'\n'
    COMPREPLY=()
    case $prev in
    -x | -N) COMPREPLY=($(compgen -W "$(cd /proc && printf '%s\n' [0-9]*)" -- "$cur")); return ;;
    -c) COMPREPLY=($(compgen -c -- "$cur")); return ;;
    -o) COMPREPLY=($(compgen -f -- "$cur")); compopt -o filenames 2>/dev/null; return ;;
    -C) COMPREPLY=($(compgen -W $'auto\nalways\nnever' -- "$cur")); return ;;
    -A | -b | -S | -T) return ;;
    esac
    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "$(printf '%s\n' -c -x -N -o -S -D -L -A -b -T -t -v -w -C -h -V)" -- "$cur"))
        return
    fi
    COMPREPLY=($(compgen -f -X '!*.stapo' -- "$cur") $(compgen -d -- "$cur"))
    compopt -o filenames 2>/dev/null
}

complete -F _stap stap
complete -F _staprun staprun
