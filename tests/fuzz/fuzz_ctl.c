/* SPDX-License-Identifier: BSD-2-Clause */
/* Whatever is called, each reply is one JSON object with parameters, and a listing ends. */
#include "fuzz.h"

#include <string.h>
#include <utlist.h>

#include "ctl/ctl_priv.h"
#include "fake_node.h"

#define STEPS	1000

static const char *const text[2] = {
	"roles = [ \"ha\" ]; home_links = ( { device = \"eth0\"; address = \"2001:db8:280::1\"; "
	"prefixes = [ \"2001:db8:280::/64\" ]; } ); mobile_nodes = ( { home_address = "
	"\"2001:db8:280::1:1\"; prefixes = [ \"10.0.0.0/24\" ]; security = { method = \"none\"; "
	"}; } );",
	"roles = [ \"mr\" ]; uplinks = ( { device = \"wwan0\"; } ); homes = ( { home_address = "
	"\"2001:db8:280::beef/64\"; home_agent = \"2001:db8:280::1\"; prefixes = ( { prefix = "
	"\"10.0.0.0/24\"; } ); security = { method = \"none\"; }; } );",
};

static struct ctl ctl;
static struct conf *conf[2];

static void start(void)
{
	struct conf_errs errs = { 0 };

	log_init(0);
	ctl.loop = ev_loop_new(0);
	for (size_t i = 0; i < ARRAY_SIZE(conf); i++) {
		FUZZ_CHECK(conf_load_text(text[i], "fuzz", 0, &conf[i], &errs) == 0);
		conf_errs_free(&errs);
	}
}

static void check_replies(const struct ctl_buf *b)
{
	for (size_t at = b->at; at < b->n; at += strlen(b->p + at) + 1) {
		struct json_object *o = json_tokener_parse(b->p + at);

		FUZZ_CHECK(json_object_is_type(o, json_type_object));
		FUZZ_CHECK(json_object_is_type(json_object_object_get(o, "parameters"),
					       json_type_object));
		json_object_put(o);
	}
	FUZZ_CHECK(b->n == b->at || b->p[b->n - 1] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct event e = { .type = EV_dad };
	struct ctl_client c = { .ctl = &ctl, .fd = -1, .admin = true };
	unsigned steps = 0;

	if (!ctl.loop)
		start();
	ctl.conf = conf[size & 1];
	fake_node_start(ctl.conf);
	ctl.node = &fake_node.node;
	if (fake_node.bc)
		fake_node_bind(1);
	ev_io_init(&c.wr, NULL, -1, EV_WRITE);
	DL_APPEND(ctl.clients, &c);
	ctl_call(&c, (const char *)data, size);
	ctl_on_event(&ctl, &e);
	while (c.list.step && !c.dead) {
		FUZZ_CHECK(++steps < STEPS);
		if (!c.list.step(&c))
			ctl_listing_end(&c);
	}
	FUZZ_CHECK(c.dead || c.oneway || c.out.n);
	check_replies(&c.out);
	event_drain();
	ev_clear_pending(ctl.loop, &c.wr);
	DL_DELETE(ctl.clients, &c);
	ctl_listing_end(&c);
	ctl_buf_free(&c.out);
	ctl_buf_free(&c.held);
	fake_node_stop();
	return 0;
}
