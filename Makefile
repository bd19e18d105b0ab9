# SPDX-License-Identifier: GPL-2.0-or-later
# make            build/stap and build/staprun
# make test       unit and conformance tests (needs root)
# make install PREFIX=/usr/local
BUILD ?= build
PREFIX ?= /usr/local
CC ?= gcc
BPF_CLANG ?= clang
CFLAGS ?= -O2 -g
WARN = -Wall -Wextra -Werror
ALL_CFLAGS = -std=gnu17 -ffunction-sections -fdata-sections $(WARN) $(CFLAGS) -iquote src -I$(BUILD)/gen -D_GNU_SOURCE -MMD -MP $(EXTRA_CFLAGS)
LIBS = -lbpf -ldw -lelf -pthread

LAYERS = base lang debuginfo sema probes ir bpf run cli
SRCS := $(foreach l,$(LAYERS),$(wildcard src/$(l)/*.c))
MAINS := src/cli/main.c src/cli/staprun.c
LIB_SRCS := $(filter-out $(MAINS),$(SRCS))
OBJS := $(SRCS:%.c=$(BUILD)/%.o)
LIB_OBJS := $(LIB_SRCS:%.c=$(BUILD)/%.o)

all: $(BUILD)/stap $(BUILD)/staprun

# Each of the two has what it needs only: staprun has no compiler in it.
$(BUILD)/stap $(BUILD)/staprun: $(BUILD)/%: $(OBJS)
	$(CC) $(CFLAGS) $(EXTRA_CFLAGS) -Wl,--gc-sections -o $@ $(BUILD)/src/cli/$(if $(filter stap,$*),main,$*).o $(LIB_OBJS) $(LIBS)

$(BUILD)/src/%.o: src/%.c
	@mkdir -p $(dir $@)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

-include $(OBJS:.o=.d)
-include mk/*.mk

clean:
	rm -rf $(BUILD)

.PHONY: all clean
