/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Growable arrays whose storage belongs to an arena.
 *   VEC(struct probe *) probes = {0};
 *   vec_push(arena, &probes, p);
 *   vec_for(i, probes) use(probes.v[i]);
 */
#pragma once
#include <string.h>

#include "base/arena.h"

#define VEC(T)                                                                                     \
    struct {                                                                                       \
        T *v;                                                                                      \
        size_t n, cap;                                                                             \
    }

#define vec_push(arena, vec, ...)                                                                  \
    do {                                                                                           \
        if ((vec)->n == (vec)->cap) {                                                              \
            size_t cap_ = (vec)->cap ? (vec)->cap * 2 : 8;                                         \
            void *v_ = arena_alloc((arena), cap_ * sizeof *(vec)->v);                              \
            if ((vec)->n)                                                                          \
                memcpy(v_, (vec)->v, (vec)->n * sizeof *(vec)->v);                                 \
            (vec)->v = v_;                                                                         \
            (vec)->cap = cap_;                                                                     \
        }                                                                                          \
        (vec)->v[(vec)->n++] = (__VA_ARGS__);                                                      \
    } while (0)

#define vec_last(vec) ((vec).v[(vec).n - 1])
#define vec_for(i, vec) for (size_t i = 0; i < (vec).n; i++)
