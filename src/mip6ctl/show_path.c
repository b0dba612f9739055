/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "mip6ctl/show.h"

const char *const show_path_head[] = {
	"BID", "DEV", "CARE-OF ADDRESS", "STATE", "PRIO", "RTT", "JITTER", "LOSS", "TX/RX MB/S",
	"SINCE",
};

static const char *ms(struct json_object *o, const char *key, char buf[static FMT_LEN])
{
	if (fmt_has(o, key))
		snprintf(buf, FMT_LEN, "%.1fms", fmt_num(o, key) * 1e3);
	else
		snprintf(buf, FMT_LEN, "-");
	return buf;
}

static const char *percent(struct json_object *o, char buf[static FMT_LEN])
{
	if (fmt_has(o, "loss"))
		snprintf(buf, FMT_LEN, "%.1f%%", fmt_num(o, "loss") * 100);
	else
		snprintf(buf, FMT_LEN, "-");
	return buf;
}

static const char *rates(struct json_object *o, char buf[static FMT_LEN])
{
	if (fmt_has(o, "tx_rate"))
		snprintf(buf, FMT_LEN, "%.1f/%.1f", fmt_num(o, "tx_rate") / 1e6,
			 fmt_num(o, "rx_rate") / 1e6);
	else
		snprintf(buf, FMT_LEN, "-");
	return buf;
}

static const char *since(struct json_object *o, char buf[static FMT_LEN])
{
	if (!fmt_has(o, "since"))
		return "-";
	return fmt_age(fmt_num(o, "since"), buf);
}

/* One that works is in use or waits for its turn. */
static const char *state_of(struct json_object *o)
{
	const char *state = fmt_str(o, "state");

	if (fmt_true(o, "held"))
		return "held";
	if (strcmp(state, "up") == 0 || (strcmp(state, "unknown") == 0 && fmt_true(o, "up")))
		return fmt_true(o, "active") ? "active" : "standby";
	return state;
}

static enum fmt_color color_of(struct json_object *o)
{
	const char *state = state_of(o);

	if (strcmp(state, "active") == 0 || strcmp(state, "standby") == 0)
		return FMT_GOOD;
	return strcmp(state, "down") == 0 ? FMT_BAD : FMT_WAIT;
}

void show_path_row(struct fmt_table *t, struct json_object *o)
{
	char coa[FMT_LEN], rtt[FMT_LEN], jitter[FMT_LEN], loss[FMT_LEN], rate[FMT_LEN],
	     age[FMT_LEN];
	const char *cell[] = {
		fmt_str(o, "bid"), fmt_str(o, "device"), fmt_locator(o, "care_of", coa),
		state_of(o), fmt_str(o, "priority"), ms(o, "rtt", rtt), ms(o, "jitter", jitter),
		percent(o, loss), rates(o, rate), since(o, age),
	};

	fmt_table_row(t, cell, 3, color_of(o));
}

/* "tunnel answered rtt 41.2ms", or that it is all that is answered. */
static void tunnel(const struct fmt_opt *opt, struct json_object *o)
{
	const char *state = fmt_str(o, "tunnel_state"), *outer = fmt_str(o, "outer_state");
	char a[FMT_LEN];

	show_next_line(opt);
	if (strcmp(outer, "mute") == 0)
		printf("echo requests outside of the tunnel are not answered:"
		       " judged by those through it");
	else if (strcmp(state, "mute") == 0)
		printf("through the tunnel: never answered");
	else if (strcmp(state, "down") == 0)
		printf("through the tunnel: silent");
	else
		printf("through the tunnel: %s rtt %s", state, ms(o, "tunnel_rtt", a));
}

static void probes(const struct fmt_opt *opt, struct json_object *o)
{
	char a[FMT_LEN], b[FMT_LEN];

	if (!fmt_has(o, "probes"))
		return;
	show_next_line(opt);
	printf("rtt %s jitter %s", ms(o, "rtt", a), ms(o, "jitter", b));
	printf(" loss %s  probe %s every %s", percent(o, a), fmt_str(o, "probe"),
	       ms(o, "interval", b));
	if (fmt_has(o, "notices_within"))
		printf(" notices silence within %s", ms(o, "notices_within", a));
	show_next_line(opt);
	printf("probes %s answered %s lost %s", fmt_str(o, "probes"), fmt_str(o, "answered"),
	       fmt_str(o, "lost"));
	if (fmt_has(o, "heard"))
		printf(" heard %s ago", fmt_age(fmt_num(o, "heard"), a));
	tunnel(opt, o);
}

void show_path(const struct fmt_opt *opt, struct json_object *o)
{
	char a[FMT_LEN], b[FMT_LEN];

	fmt_paint(opt, FMT_HEAD, "bid %s", fmt_str(o, "bid"));
	printf("  dev %s  home address %s  ", fmt_str(o, "device"), fmt_str(o, "home_address"));
	fmt_paint(opt, color_of(o), "%s", state_of(o));
	if (fmt_has(o, "reason"))
		printf(" (%s)", fmt_str(o, "reason"));
	if (fmt_true(o, "preferred"))
		printf(" preferred");
	show_next_line(opt);
	printf("care-of %s home-agent %s tunnel %s priority %s since %s",
	       fmt_locator(o, "care_of", a), fmt_str(o, "home_agent"), fmt_str(o, "tunnel"),
	       fmt_str(o, "priority"), since(o, b));
	probes(opt, o);
	if (fmt_has(o, "tx_bytes")) {
		show_next_line(opt);
		printf("tx/rx %s MB/s, %s/%s octets", rates(o, a), fmt_str(o, "tx_bytes"),
		       fmt_str(o, "rx_bytes"));
	}
	putchar('\n');
}
