/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The BTF that a program with subprograms must carry: the kernel wants a FUNC
 * for each when there are callbacks or global functions
 * (Documentation/bpf/btf.rst). */
#include <linux/btf.h>
#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "bpf/code.h"

enum { T_LONG = 1, T_CTX = 2, T_CTX_PTR = 3, T_FIRST = 4 };

static uint32_t add_string(struct strbuf *strs, const char *s)
{
    uint32_t at = (uint32_t)strs->n;
    strbuf_add(strs, s, strlen(s) + 1);
    return at;
}

static void add_type(struct strbuf *types, uint32_t name, uint32_t kind, uint32_t vlen,
                     uint32_t size_or_type)
{
    struct btf_type t = {.name_off = name, .info = kind << 24 | vlen, .size = size_or_type};
    strbuf_add(types, &t, sizeof t);
}

void *btf_for_prog(struct arena *a, const struct code *c, uint32_t ctx_size, uint32_t *len,
                   struct bpf_func_info **infos)
{
    struct strbuf types = {0}, strs = {0};
    strbuf_add(&strs, "", 1);
    add_type(&types, add_string(&strs, "long"), BTF_KIND_INT, 0, 8);
    uint32_t bits = 64;
    strbuf_add(&types, &bits, 4);
    add_type(&types, add_string(&strs, "ctxmem"), BTF_KIND_STRUCT, 0, ctx_size);
    add_type(&types, 0, BTF_KIND_PTR, 0, T_CTX);
    uint32_t next = T_FIRST;
    struct bpf_func_info *fi = arena_new_array(a, struct bpf_func_info, c->subs.n);
    vec_for (i, c->subs) {
        const struct subprog *s = &c->subs.v[i];
        add_type(&types, 0, BTF_KIND_FUNC_PROTO, s->nargs, T_LONG);
        for (uint8_t k = 0; k < s->nargs; k++) {
            char name[8];
            snprintf(name, sizeof name, "a%u", k);
            struct btf_param p = {.name_off = add_string(&strs, name),
                                  .type = k == 0 && s->takes_ctx ? T_CTX_PTR : T_LONG};
            strbuf_add(&types, &p, sizeof p);
        }
        uint32_t proto = next++;
        add_type(&types, add_string(&strs, s->name), BTF_KIND_FUNC,
                 s->global ? BTF_FUNC_GLOBAL : BTF_FUNC_STATIC, proto);
        fi[i] = (struct bpf_func_info){.insn_off = s->start, .type_id = next++};
    }
    struct btf_header h = {.magic = BTF_MAGIC,
                           .version = BTF_VERSION,
                           .hdr_len = sizeof h,
                           .type_len = (uint32_t)types.n,
                           .str_off = (uint32_t)types.n,
                           .str_len = (uint32_t)strs.n};
    *len = (uint32_t)(sizeof h + types.n + strs.n);
    char *blob = arena_alloc(a, *len);
    memcpy(blob, &h, sizeof h);
    memcpy(blob + sizeof h, types.p, types.n);
    memcpy(blob + sizeof h + types.n, strs.p, strs.n);
    strbuf_free(&types);
    strbuf_free(&strs);
    *infos = fi;
    return blob;
}
