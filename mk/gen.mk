# SPDX-License-Identifier: GPL-2.0-or-later
# Numbers of system calls, from the C library's kernel headers.
$(BUILD)/gen/syscalls.inc: HEADER = asm/unistd.h
$(BUILD)/gen/syscalls32.inc: HEADER = asm/unistd_32.h
$(BUILD)/gen/syscalls.inc $(BUILD)/gen/syscalls32.inc:
	@mkdir -p $(dir $@)
	echo '#include <$(HEADER)>' | $(CC) -E -dM - | \
	  sed -n 's/^#define __NR_\([a-z0-9_]*\) \([0-9]*\)$$/{"\1", \2},/p' | sort > $@

$(BUILD)/src/probes/arch_x86_64.o: $(BUILD)/gen/syscalls.inc $(BUILD)/gen/syscalls32.inc
