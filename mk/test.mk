# SPDX-License-Identifier: GPL-2.0-or-later
# make test | unit | conformance
UNIT_SRCS := $(wildcard tests/*/test_*.c)
UNIT_BINS := $(UNIT_SRCS:%.c=$(BUILD)/%)
TEST_TOOLS := $(addprefix $(BUILD)/tests/real/,bpfcount caller exerciser traffic)

# The runner says which of them do not build, so one that fails stops no other.
unit-bins:
	@$(MAKE) --no-print-directory -k $(UNIT_BINS)

$(UNIT_BINS): $(BUILD)/%: %.c $(LIB_OBJS)
	@mkdir -p $(dir $@)
	$(CC) $(ALL_CFLAGS) -I. -o $@ $< $(LIB_OBJS) $(LIBS)

# What is traced is a plain program: a sanitizer would make calls of its own.
$(TEST_TOOLS): $(BUILD)/%: %.c
	@mkdir -p $(dir $@)
	$(CC) $(filter-out $(EXTRA_CFLAGS),$(ALL_CFLAGS)) -o $@ $<

test-tools: $(TEST_TOOLS)

test: $(BUILD)/stap
	tests/run-tests -b $(BUILD)

unit: $(BUILD)/stap
	tests/run-tests -b $(BUILD) unit

conformance: $(BUILD)/stap
	tests/run-tests -b $(BUILD) conformance

-include $(UNIT_BINS:=.d)

.PHONY: test unit conformance unit-bins test-tools
