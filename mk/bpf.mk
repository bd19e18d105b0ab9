# SPDX-License-Identifier: GPL-2.0-or-later
# The runtime library: BPF C → objects → a C table in the tool.
BPF_SRCS := $(sort $(wildcard src/bpf/lib/*.bpf.c))
BPF_OBJS := $(BPF_SRCS:%.c=$(BUILD)/%.o)
RTLIB_O := $(BUILD)/gen/rtlib.o

$(BUILD)/src/bpf/lib/%.bpf.o: src/bpf/lib/%.bpf.c $(wildcard src/bpf/lib/*.h) src/ir/abi.h
	@mkdir -p $(dir $@)
	$(BPF_CLANG) -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Werror -Wno-unused-function -Isrc -Isrc/bpf/lib -c -o $@ $<

$(BUILD)/embed_bpf: tools/embed_bpf.c
	@mkdir -p $(dir $@)
	$(CC) -std=gnu17 $(WARN) -O1 -D_GNU_SOURCE -o $@ $< -lbpf -lelf

$(BUILD)/gen/rtlib.c: $(BUILD)/embed_bpf $(BPF_OBJS)
	@mkdir -p $(dir $@)
	$(BUILD)/embed_bpf $@ $(BPF_OBJS)

$(RTLIB_O): $(BUILD)/gen/rtlib.c src/bpf/rtlib.h
	$(CC) -std=gnu17 $(CFLAGS) $(EXTRA_CFLAGS) -iquote src -c -o $@ $<

$(BUILD)/stap $(BUILD)/staprun: $(RTLIB_O)
OBJS += $(RTLIB_O)
LIB_OBJS += $(RTLIB_O)
