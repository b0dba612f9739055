/* SPDX-License-Identifier: BSD-2-Clause */
#include "kern/bpf.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "run/log.h"

#define STOCK_WAIT	5000000		/* nanoseconds */
#define STOCK_TRIES	5

__attribute__((format(printf, 2, 0)))
static int libbpf_say(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char *text = NULL, *next;

	(void)level;
	if (!log_wants("kern", LOG_LV_DEBUG) || vasprintf(&text, fmt, ap) < 0)
		return 0;
	next = text;			/* the verifier's words are many lines */
	for (char *line = strsep(&next, "\n"); line; line = strsep(&next, "\n"))
		if (*line)
			log_debug("kern", "%s", line);
	free(text);
	return 0;
}

int kern_bpf_load(const unsigned char *object, size_t len, struct bpf_object **out)
{
	int rc;

	libbpf_set_print(libbpf_say);
	*out = bpf_object__open_mem(object, len, NULL);
	if (!*out)
		return -errno;
	rc = bpf_object__load(*out);
	if (rc < 0) {
		bpf_object__close(*out);
		*out = NULL;
	}
	return rc;
}

void kern_bpf_unload(struct bpf_object *obj)
{
	bpf_object__close(obj);
}

int kern_bpf_prog(struct bpf_object *obj, const char *name)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(obj, name);

	return prog ? bpf_program__fd(prog) : -ENOENT;
}

int kern_bpf_map(struct bpf_object *obj, const char *name)
{
	return bpf_object__find_map_fd_by_name(obj, name);
}

int kern_bpf_cpus(void)
{
	return libbpf_num_possible_cpus();
}

/*
 * The elements of a map without preallocation come from a small stock, which Linux 6.1 and later fill
 * up behind our back: at once, or where there is no interrupt for it with the next tick of its clock.
 * Several in a row may find it empty.
 */
int kern_bpf_put(int map, const void *key, const void *value)
{
	const struct timespec tick = { .tv_nsec = STOCK_WAIT };

	for (int i = 0; bpf_map_update_elem(map, key, value, BPF_ANY) < 0; i++) {
		if (errno != ENOMEM || i == STOCK_TRIES)
			return -errno;
		nanosleep(&tick, NULL);
	}
	return 0;
}

int kern_bpf_get(int map, const void *key, void *value)
{
	return bpf_map_lookup_elem(map, key, value) < 0 ? -errno : 0;
}

int kern_bpf_del(int map, const void *key)
{
	return bpf_map_delete_elem(map, key) < 0 && errno != ENOENT ? -errno : 0;
}
