/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/version.h"
#include "debuginfo/dwarf.h"
#include "run/recorder.h"

static int act(struct session *s, const struct options *o)
{
    switch (o->action) {
    case ACT_HELP:
        options_help(s->tapset_dir);
        return 0;
    case ACT_VERSION:
        options_version();
        return 0;
    case ACT_LIST:
    case ACT_LIST_VARS:
        return list_points(s, o->list, o->action == ACT_LIST_VARS);
    case ACT_DUMP_TYPES:
        return dump_types(s);
    case ACT_DUMP_ALIASES:
        return dump_aliases(s);
    case ACT_DUMP_FUNCTIONS:
        return dump_functions(s);
    case ACT_WRITE_INDEX:
        return tapset_write_index(s, o->list) ? 0 : 1;
    case ACT_ATTACH:
        return recorder_attach(o->list);
    case ACT_NOTHING:
        return 0;
    case ACT_RUN:
        break;
    }
    return drive(s, o);
}

int main(int argc, char **argv)
{
    struct session s = {.arena = arena_new()};
    struct options o = {0};
    diag_init(&s.diag, stderr);
    s.parse.arena = s.arena;
    s.parse.diag = &s.diag;
    s.parse.runtime = "bpf";
    s.parse.systemtap_v = SYSTEMTAP_VERSION;
    s.parse.privilege = "stapdev";
    hash_init(&s.parse.macros, s.arena);
    facts_kernel(&s);
    s.tapset_dir = facts_tapset_dir(s.arena);

    int rc = 1;
    if (options_parse(&s, &o, argc, argv)) {
        s.script_name = o.file ? o.file : "<input>";
        s.diag.verbose = s.verbose;
        if (session_limits(&s))
            rc = act(&s, &o);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        diag_error(&s.diag, "cannot write to standard output: %s", strerror(errno));
        rc = 1;
    }
    diag_fini(&s.diag);
    dw_close_all();
    arena_free(s.arena);
    return rc;
}
