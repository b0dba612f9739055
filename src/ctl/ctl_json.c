/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/ctl_priv.h"

#include <math.h>

struct json_object *ctl_addr(const struct in6_addr *a)
{
	return IN6_IS_ADDR_UNSPECIFIED(a) ? NULL : json_object_new_string(A6(a));
}

struct json_object *ctl_prefix(const struct prefix *p)
{
	return p->family ? json_object_new_string(PFX(p)) : NULL;
}

const char *ctl_family(uint8_t family)
{
	return family == AF_INET ? "ipv4" : "ipv6";
}

struct json_object *ctl_locator(const struct locator *l)
{
	struct locator bare = *l;
	struct json_object *o;

	if (!l->family)
		return NULL;
	bare.udp_port = 0;
	o = json_object_new_object();
	ctl_set(o, "family", json_object_new_string(ctl_family(l->family)));
	ctl_set(o, "addr", json_object_new_string(LOC(&bare)));
	ctl_set(o, "udp_port", ctl_int(l->udp_port));
	return o;
}

struct json_object *ctl_seconds(double v)
{
	char text[48];

	if (!isfinite(v))
		return NULL;
	/* a double of its own accord prints 17 digits */
	snprintf(text, sizeof(text), "%.6f", v);
	return json_object_new_double_s(v, text);
}

struct json_object *ctl_text(const char *s)
{
	return *s ? json_object_new_string(s) : NULL;
}

struct json_object *ctl_bu_flags(uint16_t flags)
{
	static const struct { uint16_t bit; const char *name; } row[] = {
		{ BU_A, "A" }, { BU_H, "H" }, { BU_L, "L" }, { BU_K, "K" }, { BU_R, "R" },
		{ BU_P, "P" }, { BU_F, "F" }, { BU_T, "T" }, { BU_O, "O" },
	};
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		if (flags & row[i].bit)
			json_object_array_add(a, json_object_new_string(row[i].name));
	}
	return a;
}
