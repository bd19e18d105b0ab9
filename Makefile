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

# To load these libraries takes longer than all else that a short script makes stap do, so they
# are linked in where their archives are installed.  make SHARED=1: they stay outside.
ARCHIVES := -Wl,-Bstatic -ldw -lelf -lz -llzma -lbz2 -Wl,-Bdynamic
TRY_LINK = $(CC) -x c - -o /dev/null $(1) 2>/dev/null
ifeq ($(if $(SHARED),no,$(shell echo 'int dwfl_begin(); int main() { return dwfl_begin(); }' | $(call TRY_LINK,$(ARCHIVES)) && echo yes)),yes)
LIBS = $(ARCHIVES) -pthread
else
LIBS = -ldw -lelf -lz -pthread
endif

LAYERS = base lang debuginfo sema probes ir bpf run cli
SRCS := $(foreach l,$(LAYERS),$(wildcard src/$(l)/*.c))
MAINS := src/cli/main.c src/cli/staprun.c
LIB_SRCS := $(filter-out $(MAINS),$(SRCS))
OBJS := $(SRCS:%.c=$(BUILD)/%.o)
LIB_OBJS := $(LIB_SRCS:%.c=$(BUILD)/%.o)

all: $(BUILD)/stap $(BUILD)/staprun

# stap is at a fixed address, as Debian's compilers and interpreters are: there is nothing to
# relocate at each start, and an emulated processor need not translate the code anew.  staprun,
# which runs with more rights than its user, is at a random one.
$(BUILD)/stap: POSITION = -no-pie

# Each of the two has what it needs only: staprun has no compiler in it.  The static marks of the
# driver are notes, and what has notes is never left out by itself.
$(BUILD)/stap: PARTS = $(BUILD)/src/cli/main.o $(LIB_OBJS)
$(BUILD)/staprun: PARTS = $(BUILD)/src/cli/staprun.o $(filter-out $(BUILD)/src/cli/driver.o,$(LIB_OBJS))
$(BUILD)/stap $(BUILD)/staprun: $(OBJS)
	$(CC) $(CFLAGS) $(EXTRA_CFLAGS) $(POSITION) -Wl,--gc-sections -o $@ $(PARTS) $(LIBS)

$(BUILD)/src/%.o: src/%.c
	@mkdir -p $(dir $@)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

-include $(OBJS:.o=.d)
-include mk/*.mk

clean:
	rm -rf $(BUILD)

.PHONY: all clean
