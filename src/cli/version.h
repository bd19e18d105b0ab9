/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#define STAP_VERSION "0.1.0"
/* The SystemTap release whose language and tool this is; wrappers look for it. */
#define SYSTEMTAP_VERSION "5.6"
