# SPDX-License-Identifier: GPL-2.0-or-later
# make install PREFIX=/usr/local [DESTDIR=…]

# The kernel's configuration is read from /proc/config.gz.
LIBS += -lz

# Which library file defines which name: without it every start scans them all.
tapset/.index: $(shell find tapset \( -name "*.stp*" -o -name "*.table" \)) $(BUILD)/stap
	@$(BUILD)/stap --write-tapset-index tapset

all: tapset/.index

install: $(BUILD)/stap $(BUILD)/staprun
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/stap
	install -m 755 $(BUILD)/stap $(BUILD)/staprun $(DESTDIR)$(PREFIX)/bin
	for d in tapset examples; do \
	    find $$d \( -name "*.stp*" -o -name "*.table" \) | while read -r f; do \
	        install -D -m 644 $$f $(DESTDIR)$(PREFIX)/share/stap/$$f || exit 1; \
	    done || exit 1; \
	done
	install -d $(DESTDIR)$(PREFIX)/share/stap/tapset
	for m in doc/man/*.[1-9]; do \
	    [ -e "$$m" ] || continue; \
	    install -D -m 644 $$m $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$${m##*/} || exit 1; \
	done
	$(BUILD)/stap --write-tapset-index $(DESTDIR)$(PREFIX)/share/stap/tapset

.PHONY: install
