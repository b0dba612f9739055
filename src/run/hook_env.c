/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "run/hook.h"

#define VARS_MAX	32
#define TEXT_MAX	4096

struct env { char *var[VARS_MAX]; char text[TEXT_MAX]; size_t n, used; };

static void put(struct env *v, const char *fmt, ...) PRINTF(2, 3);

/* One that does not fit is left out: that takes a socket path of thousands of characters. */
static void put(struct env *v, const char *fmt, ...)
{
	size_t room = sizeof(v->text) - v->used;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(v->text + v->used, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room || v->n + 1 >= VARS_MAX)
		return;
	v->var[v->n++] = v->text + v->used;
	v->used += (size_t)n + 1;
}

static void put_field(struct env *v, const struct event_field *f, const struct event *e)
{
	const void *at = (const char *)e + f->at;
	const struct locator *l = at;
	char key[EVENT_STR];
	size_t i;

	for (i = 0; f->name[i] && i + 1 < sizeof(key); i++)
		key[i] = (char)toupper((unsigned char)f->name[i]);
	key[i] = '\0';
	switch (f->type) {
	case EVF_addr:			/* none is empty, as null in JSON */
		put(v, "MIP6_%s=%s", key, IN6_IS_ADDR_UNSPECIFIED((const struct in6_addr *)at) ?
		    "" : A6(at));
		break;
	case EVF_prefix:
		put(v, "MIP6_%s=%s", key, ((const struct prefix *)at)->family ? PFX(at) : "");
		break;
	case EVF_locator:
		put(v, "MIP6_%s=%s", key, l->family ? LOC(l) : "");
		break;
	case EVF_u32:
		put(v, "MIP6_%s=%u", key, *(const uint32_t *)at);
		break;
	case EVF_dbl:
		put(v, "MIP6_%s=%.6f", key, *(const double *)at);
		break;
	case EVF_bool:
		put(v, "MIP6_%s=%s", key, *(const bool *)at ? "true" : "false");
		break;
	case EVF_str:
		put(v, "MIP6_%s=%s", key, (const char *)at);
		break;
	}
}

char **hook_env(const struct event *e, double wall, const char *socket, uint64_t dropped)
{
	const struct event_desc *d = &event_desc[e->type];
	struct env *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	put(v, "PATH=/usr/sbin:/usr/bin:/sbin:/bin");
	put(v, "MIP6_EVENT=%s", d->name);
	put(v, "MIP6_TIME=%.6f", wall);
	put(v, "MIP6_SOCKET=%s", socket);
	put(v, "MIP6_DROPPED=%llu", (unsigned long long)dropped);
	for (unsigned i = 0; i < d->n; i++)
		put_field(v, &d->field[i], e);
	return v->var;
}
