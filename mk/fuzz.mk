# SPDX-License-Identifier: GPL-2.0-or-later
# make fuzz: the parser, the readers of debug information and of images under libFuzzer with ASan
# and UBSan.  It starts from tests/fuzz/corpus and every script of the project; what is found new
# stays in BUILD/fuzz.  By itself it makes a fixed number of runs from a fixed seed and without
# comparisons' operands, which depend on addresses: checks of one change shall not differ by luck.
# To look for faults at random, give it time:
#   make fuzz FUZZ_SECONDS=720
FUZZ_CLANG ?= clang
ifdef FUZZ_SECONDS
fuzz_effort = -max_total_time=$$(($(FUZZ_SECONDS) / $(1)))
else
fuzz_effort = -seed=1 -use_cmp=0 -runs=$(2)
endif
FUZZ_FLAGS := -timeout=60 -rss_limit_mb=2048 -detect_leaks=0 -print_final_stats=1
FUZZ_SRCS := tests/fuzz/fuzz_parse.c $(wildcard src/base/*.c) $(wildcard src/lang/*.c)

$(BUILD)/fuzz_parse: $(FUZZ_SRCS) $(wildcard src/base/*.h) $(wildcard src/lang/*.h)
	@mkdir -p $(dir $@)
	$(FUZZ_CLANG) -std=gnu17 $(WARN) -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -iquote src -D_GNU_SOURCE -o $@ $(FUZZ_SRCS)

fuzz: $(BUILD)/fuzz_parse
	@mkdir -p $(BUILD)/fuzz
	$(BUILD)/fuzz_parse $(call fuzz_effort,1,6000) $(FUZZ_FLAGS) -max_len=8192 \
		-dict=tests/fuzz/stap.dict -artifact_prefix=$(BUILD)/fuzz- \
		$(BUILD)/fuzz tests/fuzz/corpus examples $(wildcard tests/conformance/*/) tapset
	$(MAKE) --no-print-directory fuzz-debuginfo fuzz-images
.PHONY: fuzz fuzz-images fuzz-debuginfo

# make fuzz-debuginfo: what is read of programs without libdw, a third of the time.
DEBUGINFO_FUZZ_SRCS := tests/fuzz/fuzz_debuginfo.c $(wildcard src/base/*.c) $(wildcard src/debuginfo/*.c) \
	src/lang/ast.c src/probes/process_mark.c src/probes/arch_x86_64.c

$(BUILD)/fuzz_debuginfo: $(DEBUGINFO_FUZZ_SRCS) $(wildcard src/*/*.h) $(BUILD)/stap
	@mkdir -p $(dir $@)
	$(FUZZ_CLANG) -std=gnu17 $(WARN) -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -iquote src -I$(BUILD)/gen -D_GNU_SOURCE -o $@ $(DEBUGINFO_FUZZ_SRCS) -ldw -lelf -lz

fuzz-debuginfo: $(BUILD)/fuzz_debuginfo
	@mkdir -p $(BUILD)/fuzz_debuginfo.corpus
	$(BUILD)/fuzz_debuginfo $(call fuzz_effort,3,50000) $(FUZZ_FLAGS) -max_len=4096 \
		-artifact_prefix=$(BUILD)/fuzz-debuginfo- \
		$(BUILD)/fuzz_debuginfo.corpus tests/fuzz/corpus-debuginfo

# make fuzz-images: the reader of what stap -p4 writes, a sixth of the time.
IMAGE_FUZZ_SRCS := tests/fuzz/fuzz_stapo.c src/bpf/stapo.c src/bpf/image_check.c $(wildcard src/base/*.c)

$(BUILD)/fuzz_stapo: $(IMAGE_FUZZ_SRCS) $(wildcard src/*/*.h)
	@mkdir -p $(dir $@)
	$(FUZZ_CLANG) -std=gnu17 $(WARN) -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -iquote src -D_GNU_SOURCE -o $@ $(IMAGE_FUZZ_SRCS) -lz

fuzz-images: $(BUILD)/fuzz_stapo $(BUILD)/stap
	@mkdir -p $(BUILD)/fuzz_stapo.corpus
	for s in printf1 foreach1 hist_linear; do \
		$(BUILD)/stap -w -p4 -o $(BUILD)/fuzz_stapo.corpus/$$s tests/fuzz/corpus/$$s.stp >/dev/null || exit 1; done
	$(BUILD)/fuzz_stapo $(call fuzz_effort,6,30000) $(FUZZ_FLAGS) -max_len=30000 \
		-artifact_prefix=$(BUILD)/fuzz-stapo- \
		$(BUILD)/fuzz_stapo.corpus
