# SPDX-License-Identifier: GPL-2.0-or-later
# make            build/stap
# make test       unit and conformance tests (needs root)
# make install PREFIX=/usr/local
BUILD ?= build
PREFIX ?= /usr/local
CC ?= gcc
BPF_CLANG ?= clang
CFLAGS ?= -O2 -g
WARN = -Wall -Wextra -Werror
ALL_CFLAGS = -std=gnu17 $(WARN) $(CFLAGS) -iquote src -I$(BUILD)/gen -D_GNU_SOURCE -MMD -MP $(EXTRA_CFLAGS)
LIBS = -lbpf -ldw -lelf -pthread

LAYERS = base lang debuginfo sema probes ir bpf run cli
SRCS := $(foreach l,$(LAYERS),$(wildcard src/$(l)/*.c))
LIB_SRCS := $(filter-out src/cli/main.c,$(SRCS))
OBJS := $(SRCS:%.c=$(BUILD)/%.o)
LIB_OBJS := $(LIB_SRCS:%.c=$(BUILD)/%.o)

all: $(BUILD)/stap

$(BUILD)/stap: $(OBJS)
	$(CC) $(CFLAGS) $(EXTRA_CFLAGS) -o $@ $(OBJS) $(LIBS)

$(BUILD)/src/%.o: src/%.c
	@mkdir -p $(dir $@)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

-include $(OBJS:.o=.d)
-include mk/*.mk

clean:
	rm -rf $(BUILD)

.PHONY: all clean
