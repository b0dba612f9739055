/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl/conf_dump.h - a configuration as JSON: what is in force, key by key.
 *
 * Made from the same tables that read it. Secrets and where they are kept are not told.
 */
#ifndef MIP6_CTL_CONF_DUMP_H
#define MIP6_CTL_CONF_DUMP_H

#include <json-c/json.h>

#include "ctl/conf.h"

#define CONF_HIDDEN	"(hidden)"

/* One key of the top level, or one group of a list of it. The value is the receiver's. */
struct conf_item {
	const char *key;
	long index;			/* of the list's group; -1: the key is no list of groups */
	bool is_default;		/* the file does not have it */
	struct json_object *value;
};
/* Where a walk stands; zeroed: at the beginning. Survives that the configuration changes. */
struct conf_at { size_t key, index; };

/* The next one of those that the roles of c make use of; false: no more. all: also what the file
 * does not say, in groups too: defaults, and what is computed from other keys. */
bool conf_dump_next(const struct conf *c, bool all, struct conf_at *at, struct conf_item *out);
/* The whole as one object. */
struct json_object *conf_dump(const struct conf *c, bool all);
/* The value of one key of the group obj, all of it; NULL: it has none. */
struct conf_key;
struct json_object *conf_dump_key(const struct conf_key *k, const void *obj);

#endif
