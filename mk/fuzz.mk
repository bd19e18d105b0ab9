# SPDX-License-Identifier: GPL-2.0-or-later
# make fuzz: the parser under libFuzzer with ASan and UBSan.
FUZZ_CLANG ?= clang
FUZZ_SRCS := tests/fuzz/fuzz_parse.c $(wildcard src/base/*.c) $(wildcard src/lang/*.c)

$(BUILD)/fuzz_parse: $(FUZZ_SRCS) $(wildcard src/base/*.h) $(wildcard src/lang/*.h)
	@mkdir -p $(dir $@)
	$(FUZZ_CLANG) -std=gnu17 $(WARN) -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -iquote src -D_GNU_SOURCE -o $@ $(FUZZ_SRCS)

fuzz: $(BUILD)/fuzz_parse
.PHONY: fuzz
