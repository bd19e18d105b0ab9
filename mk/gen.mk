# SPDX-License-Identifier: GPL-2.0-or-later
# Numbers of system calls, from the C library's kernel headers.
$(BUILD)/gen/syscalls.inc:
	@mkdir -p $(dir $@)
	echo '#include <asm/unistd.h>' | $(CC) -E -dM - | \
	  sed -n 's/^#define __NR_\([a-z0-9_]*\) \([0-9]*\)$$/{"\1", \2},/p' | sort > $@

$(BUILD)/src/probes/arch_x86_64.o: $(BUILD)/gen/syscalls.inc
