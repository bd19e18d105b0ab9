# SPDX-License-Identifier: GPL-2.0-or-later
# make install | uninstall PREFIX=/usr/local [DESTDIR=…], make man, make deb

# Which library file defines which name: without it every start scans them all.
tapset/.index: $(shell find tapset \( -name "*.stp*" -o -name "*.table" \)) $(BUILD)/stap
	@$(BUILD)/stap --write-tapset-index tapset

all: tapset/.index

install: $(BUILD)/stap $(BUILD)/staprun $(BUILD)/man/stap.1
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/stap
	install -m 755 $(BUILD)/stap $(BUILD)/staprun $(DESTDIR)$(PREFIX)/bin
	for d in tapset examples; do \
	    find $$d \( -name "*.stp*" -o -name "*.table" \) | while read -r f; do \
	        install -D -m 644 $$f $(DESTDIR)$(PREFIX)/share/stap/$$f || exit 1; \
	    done || exit 1; \
	done
	install -d $(DESTDIR)$(PREFIX)/share/stap/tapset
	for s in 1 3 7 8; do \
	    install -d $(DESTDIR)$(PREFIX)/share/man/man$$s && \
	    install -m 644 $(BUILD)/man/*.$$s* $(DESTDIR)$(PREFIX)/share/man/man$$s || exit 1; \
	done
	install -D -m 644 completion/stap.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/stap
	ln -sf stap $(DESTDIR)$(PREFIX)/share/bash-completion/completions/staprun
	install -D -m 644 completion/_stap $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_stap
	$(BUILD)/stap --write-tapset-index $(DESTDIR)$(PREFIX)/share/stap/tapset
	case "$(DESTDIR)$(PREFIX)" in /usr|/usr/local) tools/grant $(PREFIX)/bin/staprun ;; esac

# What install has put there.  Folders that others use stay.
uninstall: $(BUILD)/man/stap.1
	rm -f $(DESTDIR)$(PREFIX)/bin/stap $(DESTDIR)$(PREFIX)/bin/staprun
	rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/stap
	rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/staprun
	rm -f $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_stap
	rm -rf $(DESTDIR)$(PREFIX)/share/stap
	for s in 1 3 7 8; do \
	    (cd $(BUILD)/man && ls | grep "\.$$s[a-z]*$$") | \
	        (cd $(DESTDIR)$(PREFIX)/share/man/man$$s 2>/dev/null && xargs rm -f); \
	done

# Manual pages: those of doc/man, and those made from the library and doc/errors.md.
man: $(BUILD)/man/stap.1
$(BUILD)/man/stap.1: tools/make-manuals doc/errors.md src/cli/version.h $(wildcard doc/man/* tapset/*.stp examples/*.stp)
	rm -rf $(BUILD)/man
	@mkdir -p $(BUILD)
	tools/make-manuals $(BUILD)/man

# A Debian package for this machine's architecture: build/stap-ebpf_VERSION_ARCH.deb
deb: $(BUILD)/stap $(BUILD)/staprun
	tools/make-deb $(BUILD)

.PHONY: install uninstall man deb
